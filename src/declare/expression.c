/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/expression.h"

#include <string.h>

#include "declare/secrets.h"

/* One ${…} of a text. */
typedef struct {
    const char *word; /* interned: what stands before the dot */
    char *name;       /* what stands behind it */
    char *written;    /* all of it, for messages */
    Position position;
} Expression;

static void expression_clear(Expression *expression) {
    g_free(expression->name);
    g_free(expression->written);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Expression, expression_clear)

/* --- What the words before the dot mean ----------------------------------------------------------------- */

typedef const Datum *(*Lookup)(Loader *loader, const Scope *scope, const Expression *expression);

static const Datum *look_up_variable(Loader *loader, const Scope *scope, const Expression *expression) {
    const Datum *value = g_hash_table_lookup(scope->variables, expression->name);
    if (value != NULL)
        return value;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(scope->variables, NULL);
    g_autofree char *hint = diagnostics_did_you_mean(expression->name, names);
    loader_mistake(loader, expression->position,
                   hint != NULL ? hint : "declare it under 'variables:' of the module",
                   "there is no variable '%s'", expression->name);
    return NULL;
}

static const Datum *look_up_name(Loader *loader, const char *value, const Expression *expression) {
    if (g_str_equal(expression->name, "name"))
        return loader_text(loader, value, expression->position);
    g_autofree char *hint = g_strdup_printf("write ${%s.name}", expression->word);
    loader_mistake(loader, expression->position, hint, "'%s' has a name only", expression->word);
    return NULL;
}

static const Datum *look_up_instance(Loader *loader, const Scope *scope, const Expression *expression) {
    return look_up_name(loader, scope->instance, expression);
}

static const Datum *look_up_environment(Loader *loader, const Scope *scope, const Expression *expression) {
    return look_up_name(loader, scope->environment, expression);
}

static const Datum *look_up_env(Loader *loader, const Scope *scope, const Expression *expression) {
    return secrets_env(loader, expression->name, expression->written, expression->position);
}

static const Datum *look_up_secret(Loader *loader, const Scope *scope, const Expression *expression) {
    return secrets_named(loader, expression->name, expression->written, expression->position);
}

typedef struct {
    const char *word;
    Lookup look_up;
    const char *elsewhere; /* the hint where it isn't known */
} Word;

static const Word WORDS[] = {
    {"var", look_up_variable, "variables are known in modules only, and not in their own defaults"},
    {"instance", look_up_instance, "the instance is known in modules only"},
    {"environment", look_up_environment, "the environment is known in modules, environments and topic files"},
    {"env", look_up_env, "env is known in environments and sluice.yaml; a module gets it through a variable"},
    {"secret", look_up_secret,
     "secrets are known in environments and sluice.yaml; a module gets them through a variable"},
};

static const Word *find_word(const char *word) {
    for (gsize i = 0; i < G_N_ELEMENTS(WORDS); i++)
        if (g_str_equal(WORDS[i].word, word))
            return &WORDS[i];
    return NULL;
}

static bool word_is_known(const Scope *scope, const Word *word) {
    if (word->look_up == look_up_variable)
        return scope->variables != NULL;
    if (word->look_up == look_up_instance)
        return scope->instance != NULL;
    if (word->look_up == look_up_environment)
        return scope->environment != NULL;
    return scope->secrets;
}

/* --- One expression ------------------------------------------------------------------------------------- */

static bool is_name(const char *text) {
    const char *c = text;
    if (!g_ascii_isalpha(*c) && *c != '_')
        return false;
    while (g_ascii_isalnum(*c) || *c == '_' || *c == '-')
        c++;
    return *c == '\0';
}

static void refuse_word(Loader *loader, const Expression *expression, const char *word) {
    static const char *const KNOWN[] = {"var", "instance", "environment", "env", "secret", NULL};
    g_autofree char *hint = diagnostics_did_you_mean(word, KNOWN);
    loader_mistake(
        loader, expression->position,
        hint != NULL
            ? hint
            : "Sluice knows ${var.…}, ${instance.name}, ${environment.name}, ${env.…} and ${secret.…}",
        "'%s' is unknown", expression->written);
}

/* Splits what stands between "${" and "}". */
static bool parse_inside(Loader *loader, const char *inside, Expression *expression, const Word **word) {
    const char *dot = strchr(inside, '.');
    g_autofree char *before = dot != NULL ? g_strndup(inside, (gsize)(dot - inside)) : NULL;
    if (before == NULL || !is_name(before) || !is_name(dot + 1)) {
        loader_mistake(
            loader, expression->position,
            "an expression is a word, a dot and a name: ${var.topic}; Kafka Connect's have a colon: "
            "${file:PATH:KEY}; a literal ${ is written $${",
            "'%s' is no expression", expression->written);
        return false;
    }
    expression->name = g_strdup(dot + 1);
    *word = find_word(before);
    if (*word == NULL) {
        refuse_word(loader, expression, before);
        return false;
    }
    expression->word = (*word)->word;
    return true;
}

static const Datum *evaluate_one(Loader *loader, const Scope *scope, const char *inside, Position position) {
    g_auto(Expression) expression = {.written = g_strdup_printf("${%s}", inside), .position = position};
    const Word *word = NULL;
    if (!parse_inside(loader, inside, &expression, &word))
        return NULL;
    if (!word_is_known(scope, word)) {
        loader_mistake(loader, position, word->elsewhere, "'%s' can't be used here", expression.written);
        return NULL;
    }
    return word->look_up(loader, scope, &expression);
}

/* Whether "PROVIDER:…" is meant for Kafka Connect; one of our words with a colon is a slip. */
static bool is_provider(Loader *loader, const char *inside, Position position, bool *broken) {
    const char *colon = strchr(inside, ':');
    if (colon == NULL || colon == inside)
        return false;
    g_autofree char *provider = g_strndup(inside, (gsize)(colon - inside));
    const char *dot = strchr(provider, '.');
    g_autofree char *word = dot != NULL ? g_strndup(provider, (gsize)(dot - provider)) : NULL;
    if (word != NULL && find_word(word) != NULL) {
        loader_mistake(loader, position, "a default belongs to the variable: 'default:' in the module",
                       "'${%s}' is no expression", inside);
        *broken = true;
    } else if (strstr(inside, "${") != NULL) {
        loader_mistake(loader, position,
                       "escape the outer one: $${file:/etc/${environment.name}.properties:key}",
                       "an expression inside of Kafka Connect's ${%s:…}", provider);
        *broken = true;
    }
    return true;
}

/* --- A text --------------------------------------------------------------------------------------------- */

/* The parts of a scalar, joined as they are found. */
typedef struct {
    GString *text;
    const Datum *only; /* the value of the first expression */
    guint parts;       /* literal ones and expressions */
    guint expressions;
    bool sensitive, secret, unread, broken;
} Joined;

static void join_literal(Joined *joined, const char *text, gsize length) {
    if (length == 0)
        return;
    g_string_append_len(joined->text, text, (gssize)length);
    joined->parts++;
}

static void join_value(Loader *loader, Joined *joined, const Datum *value) {
    joined->parts++;
    joined->expressions++;
    if (value == NULL || value->kind == DATUM_BROKEN) {
        joined->broken = true;
        return;
    }
    joined->only = value;
    joined->sensitive |= value->sensitive;
    joined->secret |= value->secret;
    joined->unread |= value->unread;
    if (value->kind == DATUM_SCALAR)
        g_string_append(joined->text, datum_is_null(value) ? "" : value->text);
}

/* Joins the "${…}" at `start`; returns what follows it. */
static const char *join_expression(Loader *loader, const Scope *scope, const Node *node, const char *start,
                                   Joined *joined) {
    Position position = node_expression_position(node, (gsize)(start - node->text));
    const char *end = strchr(start, '}');
    if (end == NULL) {
        loader_mistake(loader, position, "a literal ${ is written $${", "'${' without its '}'");
        joined->broken = true;
        return start + strlen(start);
    }
    g_autofree char *inside = g_strndup(start + 2, (gsize)(end - start - 2));
    if (is_provider(loader, inside, position, &joined->broken))
        join_literal(joined, start, (gsize)(end + 1 - start));
    else
        join_value(loader, joined, evaluate_one(loader, scope, inside, position));
    return end + 1;
}

static void join_parts(Loader *loader, const Scope *scope, const Node *node, Joined *joined) {
    const char *rest = node->text;
    while (*rest != '\0') {
        const char *dollar = strstr(rest, "${");
        if (dollar == NULL) {
            join_literal(joined, rest, strlen(rest));
            return;
        }
        bool escaped = dollar > rest && dollar[-1] == '$';
        join_literal(joined, rest, (gsize)(dollar - rest) - escaped);
        if (escaped) {
            join_literal(joined, "${", 2);
            rest = dollar + 2;
        } else {
            rest = join_expression(loader, scope, node, dollar, joined);
        }
    }
}

static const Datum *broken(Loader *loader, Position position) {
    return loader_datum(loader, DATUM_BROKEN, position);
}

/* A scalar that is one expression keeps its type, and remembers where its value was written. */
static const Datum *use_value(Loader *loader, const Datum *value, Position position) {
    Datum *used = loader_datum(loader, value->kind, position);
    used->text = g_strdup(value->text);
    used->quoted = value->quoted;
    used->sensitive = value->sensitive;
    used->secret = value->secret;
    used->unread = value->unread;
    used->origin = value->origin;
    for (guint i = 0; value->items != NULL && i < value->items->len; i++)
        g_ptr_array_add(used->items, value->items->pdata[i]);
    for (guint i = 0; value->keys != NULL && i < value->keys->len; i++)
        g_ptr_array_add(used->keys, value->keys->pdata[i]);
    return used;
}

static const Datum *evaluate_scalar(Loader *loader, const Scope *scope, const Node *node) {
    Joined joined = {.text = g_string_new(NULL)};
    join_parts(loader, scope, node, &joined);
    g_autofree char *text = g_string_free(joined.text, false);
    if (joined.broken)
        return broken(loader, node->position);
    if (joined.expressions == 1 && joined.parts == 1)
        return use_value(loader, joined.only, node->position);
    if (joined.only != NULL && joined.only->kind != DATUM_SCALAR) {
        loader_mistake(loader, node->position, NULL, "%s can't be a part of a text",
                       datum_kind_name(joined.only));
        return broken(loader, node->position);
    }
    Datum *datum = loader_datum(loader, DATUM_SCALAR, node->position);
    datum->text = g_steal_pointer(&text);
    datum->quoted = node->quoted || joined.expressions > 0;
    datum->sensitive = joined.sensitive;
    datum->secret = joined.secret;
    datum->unread = joined.unread;
    return datum;
}

/* --- Everything else ------------------------------------------------------------------------------------ */

static const Datum *evaluate_key(Loader *loader, const Node *key) {
    if (strstr(key->text, "${") != NULL)
        loader_mistake(loader, key->position, NULL, "a key can't hold an expression");
    return loader_text(loader, key->text, key->position);
}

const Datum *evaluate(Loader *loader, const Scope *scope, const Node *node) {
    static const DatumKind KINDS[] = {[NODE_SEQUENCE] = DATUM_LIST, [NODE_MAPPING] = DATUM_MAP};
    if (node == NULL)
        return NULL;
    if (node->kind == NODE_UNKNOWN)
        return broken(loader, node->position);
    if (node->kind == NODE_SCALAR)
        return evaluate_scalar(loader, scope, node);
    Datum *datum = loader_datum(loader, KINDS[node->kind], node->position);
    for (guint i = 0; i < node->items->len; i++) {
        if (node->kind == NODE_MAPPING)
            g_ptr_array_add(datum->keys, (gpointer)evaluate_key(loader, node->keys->pdata[i]));
        g_ptr_array_add(datum->items, (gpointer)evaluate(loader, scope, node->items->pdata[i]));
    }
    return datum;
}
