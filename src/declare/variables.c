/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/variables.h"

#include <string.h>

#include "declare/duration.h"
#include "declare/names.h"
#include "declare/schema.h"

typedef enum {
    TYPE_STRING,
    TYPE_INTEGER,
    TYPE_NUMBER,
    TYPE_BOOLEAN,
    TYPE_DURATION,
    TYPE_ENUM,
    TYPE_LIST,
    TYPE_MAP,
} Type;

static const char *const TYPES[] = {"string", "integer", "number", "boolean", "duration",
                                    "enum",   "list",    "map",    NULL};
static const char *const ITEM_TYPES[] = {"string", "integer", "number", "boolean", "duration", NULL};
static const char *const FORMATS[] = {"uri", NULL};

static const Field VARIABLE_FIELDS[] = {
    {"type", FIELD_CHOICE, FIELD_REQUIRED, TYPES},
    {"of", FIELD_CHOICE, 0, ITEM_TYPES},
    {"format", FIELD_CHOICE, 0, FORMATS},
    {"pattern", FIELD_TEXT, 0},
    {"minimum", FIELD_ANY, 0},
    {"maximum", FIELD_ANY, 0},
    {"values", FIELD_TEXTS, 0},
    {"default", FIELD_ANY, 0},
    {"sensitive", FIELD_BOOLEAN, 0},
    {"description", FIELD_TEXT, 0},
    {NULL},
};
static const Schema VARIABLE = {"a variable", VARIABLE_FIELDS};

/* Which types a further key is for. */
static const struct {
    const char *key;
    guint types;
    const char *words;
} APPLIES[] = {
    {"of", 1u << TYPE_LIST | 1u << TYPE_MAP, "list and map"},
    {"format", 1u << TYPE_STRING, "string"},
    {"pattern", 1u << TYPE_STRING, "string"},
    {"minimum", 1u << TYPE_INTEGER | 1u << TYPE_NUMBER | 1u << TYPE_DURATION, "integer, number and duration"},
    {"maximum", 1u << TYPE_INTEGER | 1u << TYPE_NUMBER | 1u << TYPE_DURATION, "integer, number and duration"},
    {"values", 1u << TYPE_ENUM, "enum"},
};

typedef struct {
    const char *name;
    Position position;
    bool valid;
    Type type;
    Type of;
    bool sensitive;
    bool is_uri;
    GRegex *pattern;
    const char *pattern_text;
    const Datum *minimum, *maximum;          /* coerced */
    const char *minimum_text, *maximum_text; /* as written */
    char **values;
    const Datum *fallback; /* as written */
} Variable;

static void variable_free(Variable *variable) {
    g_clear_pointer(&variable->pattern, g_regex_unref);
    g_strfreev(variable->values);
    g_free(variable);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Variable, variable_free)

/* --- Checking a value ----------------------------------------------------------------------------------- */

static void refuse(Loader *loader, const Variable *variable, const Datum *value, const char *expected,
                   const char *hint) {
    g_autofree char *place =
        g_strdup_printf("it is declared at %s:%d", variable->position.file, variable->position.line);
    g_autofree char *shown = datum_show(value);
    if (variable->sensitive)
        diagnostics_hide_line(loader->diagnostics, value->origin);
    loader_mistake(loader, value->origin, hint != NULL ? hint : place, "variable '%s' must be %s, not %s",
                   variable->name, expected, variable->sensitive ? "this (sensitive) value" : shown);
}

/* A copy that knows of its variable. */
static Datum *copy_value(Loader *loader, const Variable *variable, const Datum *value) {
    Datum *copy = loader_datum(loader, value->kind, value->position);
    copy->origin = value->origin;
    copy->text = g_strdup(value->text);
    copy->quoted = value->quoted;
    copy->sensitive = value->sensitive || variable->sensitive;
    copy->secret = value->secret;
    copy->unread = value->unread;
    return copy;
}

static bool is_scalar(const Datum *value) {
    return value->kind == DATUM_SCALAR && !datum_is_null(value);
}

static bool check_string(Loader *loader, const Variable *variable, Datum *value) {
    value->quoted = true;
    if (variable->is_uri && !g_uri_is_valid(value->text, G_URI_FLAGS_PARSE_RELAXED, NULL)) {
        refuse(loader, variable, value, "a URI", "a scheme, a colon and the rest: https://HOST/PATH");
        return false;
    }
    if (variable->pattern == NULL || g_regex_match(variable->pattern, value->text, 0, NULL))
        return true;
    g_autofree char *expected = g_strdup_printf("of the pattern %s", variable->pattern_text);
    refuse(loader, variable, value, expected, NULL);
    return false;
}

static bool check_integer(Loader *loader, const Variable *variable, Datum *value) {
    gint64 integer;
    if (datum_integer(value, &integer))
        return true;
    refuse(loader, variable, value, "a whole number", datum_unquoted_hint(value));
    return false;
}

static bool check_number(Loader *loader, const Variable *variable, Datum *value) {
    double number;
    if (datum_number(value, &number))
        return true;
    refuse(loader, variable, value, "a number", datum_unquoted_hint(value));
    return false;
}

static bool check_boolean(Loader *loader, const Variable *variable, Datum *value) {
    bool boolean;
    if (datum_boolean(value, &boolean))
        return true;
    refuse(loader, variable, value, "true or false", datum_unquoted_hint(value));
    return false;
}

/* Milliseconds on the wire. */
static bool check_duration(Loader *loader, const Variable *variable, Datum *value) {
    gint64 milliseconds = 0;
    if (!duration_parse(value->text, &milliseconds)) {
        refuse(loader, variable, value, "a duration", DURATION_HINT);
        return false;
    }
    g_free(value->text);
    value->text = g_strdup_printf("%" G_GINT64_FORMAT, milliseconds);
    value->quoted = false;
    return true;
}

static bool check_enum(Loader *loader, const Variable *variable, Datum *value) {
    value->quoted = true;
    if (g_strv_contains((const char *const *)variable->values, value->text))
        return true;
    g_autofree char *all = schema_join((const char *const *)variable->values, "or");
    g_autofree char *near = diagnostics_did_you_mean(value->text, (const char *const *)variable->values);
    refuse(loader, variable, value, all, near);
    return false;
}

static bool (*const CHECKS[])(Loader *, const Variable *, Datum *) = {
    [TYPE_STRING] = check_string,   [TYPE_INTEGER] = check_integer,   [TYPE_NUMBER] = check_number,
    [TYPE_BOOLEAN] = check_boolean, [TYPE_DURATION] = check_duration, [TYPE_ENUM] = check_enum,
};

static double number_of(const Datum *value) {
    double number = 0;
    datum_number(value, &number);
    return number;
}

/* `value` was coerced, `written` is as its author wrote it. */
static bool check_bounds(Loader *loader, const Variable *variable, const Datum *value, const Datum *written) {
    const Datum *minimum = variable->minimum, *maximum = variable->maximum;
    g_autofree char *expected = NULL;
    if (minimum != NULL && number_of(value) < number_of(minimum))
        expected = g_strdup_printf("at least %s", variable->minimum_text);
    else if (maximum != NULL && number_of(value) > number_of(maximum))
        expected = g_strdup_printf("at most %s", variable->maximum_text);
    else
        return true;
    refuse(loader, variable, written, expected, NULL);
    return false;
}

static const Datum *broken(Loader *loader, Position at) {
    return loader_datum(loader, DATUM_BROKEN, at);
}

static const char *const EXPECTED[] = {
    [TYPE_STRING] = "a text",         [TYPE_INTEGER] = "a whole number", [TYPE_NUMBER] = "a number",
    [TYPE_BOOLEAN] = "true or false", [TYPE_DURATION] = "a duration",    [TYPE_ENUM] = "one of its values",
    [TYPE_LIST] = "a list",           [TYPE_MAP] = "a mapping",
};

static const Datum *coerce_scalar(Loader *loader, const Variable *variable, Type type, const Datum *value) {
    if (!is_scalar(value)) {
        refuse(loader, variable, value, EXPECTED[type], NULL);
        return broken(loader, value->position);
    }
    Datum *copy = copy_value(loader, variable, value);
    if (datum_is_deferred(copy))
        return copy;
    if (copy->secret)
        copy->quoted = false; /* it has no quotes to leave out */
    if (!CHECKS[type](loader, variable, copy) || !check_bounds(loader, variable, copy, value))
        return broken(loader, value->position);
    return copy;
}

static const Datum *coerce(Loader *loader, const Variable *variable, const Datum *value);

static const Datum *coerce_items(Loader *loader, const Variable *variable, const Datum *value) {
    if (value->kind == DATUM_SCALAR && value->unread)
        return copy_value(loader, variable, value);
    DatumKind kind = variable->type == TYPE_LIST ? DATUM_LIST : DATUM_MAP;
    if (value->kind != kind) {
        refuse(loader, variable, value, EXPECTED[variable->type], NULL);
        return broken(loader, value->position);
    }
    Datum *copy = copy_value(loader, variable, value);
    for (guint i = 0; i < value->items->len; i++) {
        const Datum *item = value->items->pdata[i];
        if (item->kind != DATUM_BROKEN)
            item = coerce_scalar(loader, variable, variable->of, item);
        if (item->kind == DATUM_BROKEN)
            return item;
        g_ptr_array_add(copy->items, (gpointer)item);
        if (kind == DATUM_MAP)
            g_ptr_array_add(copy->keys, value->keys->pdata[i]);
    }
    return copy;
}

static const Datum *coerce(Loader *loader, const Variable *variable, const Datum *value) {
    if (value->kind == DATUM_BROKEN)
        return value;
    if (variable->type == TYPE_LIST || variable->type == TYPE_MAP)
        return coerce_items(loader, variable, value);
    return coerce_scalar(loader, variable, variable->type, value);
}

/* --- Reading a declaration ------------------------------------------------------------------------------ */

static bool check_applies(Loader *loader, const Datum *spec, Type type) {
    bool valid = true;
    for (gsize i = 0; i < G_N_ELEMENTS(APPLIES); i++) {
        const Datum *key = datum_get_key(spec, APPLIES[i].key);
        if (key == NULL || (APPLIES[i].types & 1u << type))
            continue;
        g_autofree char *hint = g_strdup_printf("it is for variables of type %s", APPLIES[i].words);
        loader_mistake(loader, key->position, hint, "a variable of type %s has no '%s'", TYPES[type],
                       key->text);
        valid = false;
    }
    if (type == TYPE_ENUM && datum_get(spec, "values") == NULL) {
        loader_mistake(loader, datum_get(spec, "type")->position, "values: [ONE, TWO]",
                       "a variable of type enum needs 'values:'");
        valid = false;
    }
    return valid;
}

/* GLib's message repeats the pattern, in quotes of the locale's. */
static const char *last_words(const char *message) {
    const char *colon = g_strrstr(message, ": ");
    return colon != NULL ? colon + 2 : message;
}

static bool read_pattern(Loader *loader, const Datum *spec, Variable *variable) {
    const Datum *pattern = schema_scalar(spec, "pattern");
    if (pattern == NULL)
        return true;
    g_autoptr(GError) error = NULL;
    variable->pattern_text = pattern->text;
    variable->pattern = g_regex_new(pattern->text, G_REGEX_OPTIMIZE, 0, &error);
    if (variable->pattern == NULL)
        loader_mistake(loader, pattern->position, NULL, "'pattern' is no regular expression: %s",
                       last_words(error->message));
    return variable->pattern != NULL;
}

/* A bound is a value of the variable's own type. */
static bool read_bound(Loader *loader, const Datum *spec, const char *key, const Variable *variable,
                       const Datum **bound, const char **written) {
    const Datum *value = datum_get(spec, key);
    if (value == NULL)
        return true;
    Variable plain = {.name = variable->name, .position = variable->position, .type = variable->type};
    const Datum *coerced = coerce(loader, &plain, value);
    if (coerced->kind == DATUM_BROKEN)
        return false;
    *bound = coerced;
    *written = value->text;
    return true;
}

static Variable *read_variable(Loader *loader, const Datum *key, const Datum *spec) {
    Variable *variable = g_new0(Variable, 1);
    variable->name = key->text;
    variable->position = key->position;
    bool named = name_check(loader, "variable", key->text, key->position);
    if (!schema_check(loader, &VARIABLE, spec, key->position) || !named)
        return variable;
    int type = schema_choice(spec, "type", TYPES, -1);
    if (type < 0)
        return variable;
    variable->type = (Type)type;
    variable->of = (Type)schema_choice(spec, "of", ITEM_TYPES, TYPE_STRING);
    variable->sensitive = schema_boolean(spec, "sensitive", false);
    variable->is_uri = schema_has(spec, "format");
    variable->values = schema_texts(spec, "values");
    variable->fallback = datum_get(spec, "default");
    variable->valid =
        check_applies(loader, spec, variable->type) && read_pattern(loader, spec, variable) &&
        read_bound(loader, spec, "minimum", variable, &variable->minimum, &variable->minimum_text) &&
        read_bound(loader, spec, "maximum", variable, &variable->maximum, &variable->maximum_text);
    return variable;
}

/* --- Binding -------------------------------------------------------------------------------------------- */

static const Datum *given_value(const Given *given, const char *name) {
    const Datum *const sources[] = {given->overrides, given->row, given->common};
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        const Datum *value = datum_get(sources[i], name);
        if (value != NULL)
            return value;
    }
    return NULL;
}

static bool some_row_has(const Datum *rows, const char *name) {
    for (guint i = 0; rows != NULL && rows->kind == DATUM_MAP && i < rows->items->len; i++)
        if (datum_get(rows->items->pdata[i], name) != NULL)
            return true;
    return false;
}

/* What every row misses is missed once, by the instance. */
static void miss(Loader *loader, const char *module, const Variable *variable, const Given *given) {
    bool by_row = given->row != NULL && some_row_has(given->rows, variable->name);
    g_autofree char *hint =
        by_row ? g_strdup("other rows give it one")
               : g_strdup_printf("variables: { %s: … }; it is declared at %s:%d", variable->name,
                                 variable->position.file, variable->position.line);
    loader_mistake(loader, by_row ? given->row_at : given->at, hint, "variable '%s' of %s has no value",
                   variable->name, module);
}

static const Datum *bind_one(Loader *loader, const char *module, const Variable *variable,
                             const Given *given) {
    const Datum *value = given_value(given, variable->name);
    if (!variable->valid)
        return broken(loader, variable->position);
    const Datum *fallback = variable->fallback != NULL ? coerce(loader, variable, variable->fallback) : NULL;
    if (value == NULL && fallback == NULL) {
        miss(loader, module, variable, given);
        return broken(loader, given->at);
    }
    if (value != NULL && variable->sensitive)
        diagnostics_hide_line(loader->diagnostics, value->position);
    return value != NULL ? coerce(loader, variable, value) : fallback;
}

static void refuse_unknown(Loader *loader, const char *module, const Datum *given, GHashTable *values) {
    if (given == NULL || given->kind != DATUM_MAP)
        return;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(values, NULL);
    for (guint i = 0; i < given->keys->len; i++) {
        const Datum *key = given->keys->pdata[i];
        if (g_hash_table_contains(values, key->text))
            continue;
        g_autofree char *hint = diagnostics_did_you_mean(key->text, names);
        loader_mistake(loader, key->position, hint, "%s has no variable '%s'", module, key->text);
    }
}

GHashTable *variables_bind(Loader *loader, const char *module, const Datum *declarations,
                           const Given *given) {
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (schema_check_map(loader, declarations, "variables"))
        for (guint i = 0; i < declarations->items->len; i++) {
            g_autoptr(Variable) variable =
                read_variable(loader, declarations->keys->pdata[i], declarations->items->pdata[i]);
            const Datum *value = bind_one(loader, module, variable, given);
            g_hash_table_insert(values, g_strdup(variable->name), (gpointer)value);
        }
    refuse_unknown(loader, module, given->common, values);
    refuse_unknown(loader, module, given->row, values);
    refuse_unknown(loader, module, given->overrides, values);
    return values;
}
