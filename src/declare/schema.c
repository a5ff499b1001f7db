/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/schema.h"

#include "declare/duration.h"

char *schema_join(const char *const *words, const char *last) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; words[i] != NULL; i++) {
        if (i > 0 && words[i + 1] == NULL)
            g_string_append_printf(text, " %s ", last);
        else if (i > 0)
            g_string_append(text, ", ");
        g_string_append(text, words[i]);
    }
    return g_string_free(text, false);
}

/* --- Keys ----------------------------------------------------------------------------------------------- */

static const Field *find_field(const Schema *schema, const char *key) {
    for (const Field *field = schema->fields; field->key != NULL; field++)
        if (g_str_equal(field->key, key))
            return field;
    return NULL;
}

static const char **field_names(const Schema *schema) {
    GPtrArray *names = g_ptr_array_new();
    for (const Field *field = schema->fields; field->key != NULL; field++)
        if (field->refusal == NULL)
            g_ptr_array_add(names, (gpointer)field->key);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, false);
}

static void refuse_unknown(Loader *loader, const Schema *schema, const Datum *key) {
    g_autofree const char **names = field_names(schema);
    g_autofree char *near = diagnostics_did_you_mean(key->text, names);
    g_autofree char *all = schema_join(names, "and");
    g_autofree char *hint = near != NULL ? g_steal_pointer(&near) : g_strdup_printf("known here: %s", all);
    loader_mistake(loader, key->position, hint, "%s has no key '%s'", schema->what, key->text);
}

/* --- Kinds of values ------------------------------------------------------------------------------------ */

/* Where its value was written, if that is elsewhere. */
static char *origin_hint(const Datum *value) {
    bool elsewhere = value->origin.file != value->position.file || value->origin.line != value->position.line;
    return elsewhere && value->origin.line > 0
               ? g_strdup_printf("its value is written at %s:%d", value->origin.file, value->origin.line)
               : NULL;
}

static void mistype(Loader *loader, const Field *field, const Datum *value, const char *expected,
                    const char *hint) {
    g_autofree char *shown = datum_show(value);
    g_autofree char *origin = origin_hint(value);
    loader_mistake(loader, value->position, hint != NULL ? hint : origin, "'%s' must be %s, not %s",
                   field->key, expected, shown);
}

static bool is_text(const Datum *value) {
    return value->kind == DATUM_SCALAR && !datum_is_null(value) && value->text[0] != '\0';
}

static bool check_text(Loader *loader, const Field *field, const Datum *value) {
    if (is_text(value))
        return true;
    if (value->kind == DATUM_SCALAR)
        loader_mistake(loader, value->position, NULL, "'%s' has no value", field->key);
    else
        mistype(loader, field, value, "a text", NULL);
    return false;
}

static bool check_integer(Loader *loader, const Field *field, const Datum *value) {
    gint64 integer;
    if (value->unread || datum_integer(value, &integer))
        return true;
    mistype(loader, field, value, "a whole number", datum_unquoted_hint(value));
    return false;
}

static bool check_boolean(Loader *loader, const Field *field, const Datum *value) {
    bool boolean;
    if (value->unread || datum_boolean(value, &boolean))
        return true;
    mistype(loader, field, value, "true or false", datum_unquoted_hint(value));
    return false;
}

static bool check_duration(Loader *loader, const Field *field, const Datum *value) {
    gint64 milliseconds;
    if (value->unread || (is_text(value) && duration_parse(value->text, &milliseconds)))
        return true;
    mistype(loader, field, value, "a duration", DURATION_HINT);
    return false;
}

static bool check_choice(Loader *loader, const Field *field, const Datum *value) {
    if (value->unread || (is_text(value) && g_strv_contains(field->choices, value->text)))
        return true;
    g_autofree char *hint = is_text(value) ? diagnostics_did_you_mean(value->text, field->choices) : NULL;
    g_autofree char *expected = schema_join(field->choices, "or");
    mistype(loader, field, value, expected, hint);
    return false;
}

static bool check_texts(Loader *loader, const Field *field, const Datum *value) {
    if (value->kind != DATUM_LIST) {
        mistype(loader, field, value, "a list", "write [ONE, TWO]");
        return false;
    }
    for (guint i = 0; i < value->items->len; i++) {
        const Datum *item = value->items->pdata[i];
        if (item->kind == DATUM_SCALAR && !datum_is_null(item))
            continue;
        if (item->kind != DATUM_BROKEN)
            loader_mistake(loader, item->position, NULL, "'%s' must be a list of texts, not of %s",
                           field->key, datum_kind_name(item));
        return false;
    }
    return true;
}

static bool is_nothing(const Datum *value) {
    return value->kind == DATUM_SCALAR && datum_is_null(value);
}

static bool check_list(Loader *loader, const Field *field, const Datum *value) {
    if (value->kind == DATUM_LIST || is_nothing(value))
        return true;
    mistype(loader, field, value, "a list", NULL);
    return false;
}

static bool check_map(Loader *loader, const Field *field, const Datum *value) {
    if (value->kind == DATUM_MAP || is_nothing(value))
        return true;
    mistype(loader, field, value, "a mapping", NULL);
    return false;
}

static bool check_any(Loader *loader, const Field *field, const Datum *value) {
    return true;
}

static bool (*const CHECKS[])(Loader *, const Field *, const Datum *) = {
    [FIELD_TEXT] = check_text,         [FIELD_INTEGER] = check_integer, [FIELD_BOOLEAN] = check_boolean,
    [FIELD_DURATION] = check_duration, [FIELD_CHOICE] = check_choice,   [FIELD_TEXTS] = check_texts,
    [FIELD_LIST] = check_list,         [FIELD_MAP] = check_map,         [FIELD_ANY] = check_any,
};

static void check_field(Loader *loader, const Field *field, const Datum *key, const Datum *value) {
    if (value->kind == DATUM_BROKEN)
        return;
    if (field->refusal != NULL) {
        loader_mistake(loader, key->position, field->refusal, "'%s' is not supported yet", key->text);
        return;
    }
    if (CHECKS[field->kind](loader, field, value) && (field->flags & FIELD_PUBLIC) &&
        datum_is_sensitive(value))
        loader_mistake(loader, value->position, "it is shown in plans and kept in the state",
                       "'%s' can't hold a sensitive value", field->key);
}

/* --- Mappings ------------------------------------------------------------------------------------------- */

static bool is_map(Loader *loader, const char *what, const Datum *datum, Position at) {
    if (datum == NULL || datum->kind == DATUM_BROKEN)
        return false;
    if (datum->kind == DATUM_MAP)
        return true;
    g_autofree char *shown = datum_show(datum);
    loader_mistake(loader, is_nothing(datum) ? at : datum->position, NULL, "%s must be a mapping, not %s",
                   what, shown);
    return false;
}

bool schema_check(Loader *loader, const Schema *schema, const Datum *map, Position at) {
    if (!is_map(loader, schema->what, map, at))
        return false;
    for (guint i = 0; i < map->keys->len; i++) {
        const Datum *key = map->keys->pdata[i];
        const Field *field = find_field(schema, key->text);
        if (field == NULL)
            refuse_unknown(loader, schema, key);
        else
            check_field(loader, field, key, map->items->pdata[i]);
    }
    for (const Field *field = schema->fields; field->key != NULL; field++)
        if ((field->flags & FIELD_REQUIRED) && datum_get(map, field->key) == NULL)
            loader_mistake(loader, at, NULL, "%s needs '%s:'", schema->what, field->key);
    return true;
}

bool schema_check_map(Loader *loader, const Datum *map, const char *what) {
    if (map == NULL || map->kind == DATUM_BROKEN || is_nothing(map))
        return false;
    g_autofree char *quoted = g_strdup_printf("'%s'", what);
    return is_map(loader, quoted, map, map->position);
}

/* --- Reading -------------------------------------------------------------------------------------------- */

const Datum *schema_scalar(const Datum *map, const char *key) {
    const Datum *value = datum_get(map, key);
    return value != NULL && is_text(value) ? value : NULL;
}

const char *schema_text(const Datum *map, const char *key) {
    const Datum *value = schema_scalar(map, key);
    return value != NULL ? value->text : NULL;
}

gint64 schema_integer(const Datum *map, const char *key, gint64 fallback) {
    const Datum *value = schema_scalar(map, key);
    gint64 integer = fallback;
    return value != NULL && datum_integer(value, &integer) ? integer : fallback;
}

bool schema_boolean(const Datum *map, const char *key, bool fallback) {
    const Datum *value = schema_scalar(map, key);
    bool boolean = fallback;
    return value != NULL && datum_boolean(value, &boolean) ? boolean : fallback;
}

gint64 schema_duration(const Datum *map, const char *key, gint64 fallback) {
    const char *text = schema_text(map, key);
    gint64 milliseconds = fallback;
    return text != NULL && duration_parse(text, &milliseconds) ? milliseconds : fallback;
}

int schema_choice(const Datum *map, const char *key, const char *const *choices, int fallback) {
    const char *text = schema_text(map, key);
    for (int i = 0; text != NULL && choices[i] != NULL; i++)
        if (g_str_equal(choices[i], text))
            return i;
    return fallback;
}

char **schema_texts_of(const Datum *list) {
    GPtrArray *texts = g_ptr_array_new();
    for (guint i = 0; list != NULL && list->kind == DATUM_LIST && i < list->items->len; i++) {
        const Datum *item = list->items->pdata[i];
        if (item->kind == DATUM_SCALAR)
            g_ptr_array_add(texts, g_strdup(item->text));
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, false);
}

char **schema_texts(const Datum *map, const char *key) {
    return schema_texts_of(datum_get(map, key));
}

bool schema_has(const Datum *map, const char *key) {
    const Datum *value = datum_get(map, key);
    return value != NULL && !is_nothing(value);
}
