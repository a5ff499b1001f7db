/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/datum.h"

#include <string.h>

#include "base/document.h"
#include "base/sensitive.h"

#define SHOWN_LIMIT 60 /* characters of a value in a message */

void datum_free(Datum *datum) {
    g_free(datum->text);
    g_clear_pointer(&datum->items, g_ptr_array_unref);
    g_clear_pointer(&datum->keys, g_ptr_array_unref);
    g_free(datum);
}

static gssize find(const Datum *map, const char *key) {
    if (map != NULL && map->kind == DATUM_MAP)
        for (guint i = 0; i < map->keys->len; i++)
            if (g_str_equal(((Datum *)map->keys->pdata[i])->text, key))
                return i;
    return -1;
}

const Datum *datum_get(const Datum *map, const char *key) {
    gssize i = find(map, key);
    return i >= 0 ? map->items->pdata[i] : NULL;
}

const Datum *datum_get_key(const Datum *map, const char *key) {
    gssize i = find(map, key);
    return i >= 0 ? map->keys->pdata[i] : NULL;
}

/* The same scalar as the document's readers know it, so that there is one idea of what a number is. */
static Node as_node(const Datum *datum) {
    return (Node){.kind = datum->kind == DATUM_SCALAR ? NODE_SCALAR : NODE_UNKNOWN,
                  .text = datum->text,
                  .quoted = datum->quoted};
}

bool datum_is_null(const Datum *datum) {
    Node node = as_node(datum);
    return node_is_null(&node);
}

bool datum_integer(const Datum *datum, gint64 *value) {
    Node node = as_node(datum);
    return node_integer(&node, value);
}

bool datum_number(const Datum *datum, double *value) {
    Node node = as_node(datum);
    return node_number(&node, value);
}

bool datum_boolean(const Datum *datum, bool *value) {
    Node node = as_node(datum);
    return node_boolean(&node, value);
}

bool datum_is_deferred(const Datum *datum) {
    if (datum->kind != DATUM_SCALAR)
        return false;
    if (datum->unread)
        return true;
    for (const char *start = datum->text; (start = strstr(start, "${")) != NULL; start += 2)
        if (sensitive_reference_length(start) > 0)
            return true;
    return false;
}

bool datum_is_sensitive(const Datum *datum) {
    if (datum->kind == DATUM_LIST || datum->kind == DATUM_MAP) {
        for (guint i = 0; i < datum->items->len; i++)
            if (datum_is_sensitive(datum->items->pdata[i]))
                return true;
        return false;
    }
    return datum->secret ||
           (datum->sensitive && !(datum->kind == DATUM_SCALAR && sensitive_is_reference(datum->text)));
}

const char *datum_unquoted_hint(const Datum *datum) {
    Node node = as_node(datum);
    node.quoted = false;
    bool boolean;
    double number;
    bool other =
        datum->kind == DATUM_SCALAR && (node_boolean(&node, &boolean) || node_number(&node, &number));
    return datum->quoted && other ? "leave out the quotes" : NULL;
}

const char *datum_kind_name(const Datum *datum) {
    static const char *const NAMES[] = {[DATUM_LIST] = "a list", [DATUM_MAP] = "a mapping"};
    if (datum->kind == DATUM_LIST || datum->kind == DATUM_MAP)
        return NAMES[datum->kind];
    Node node = as_node(datum);
    return node_kind_name(&node);
}

char *datum_show(const Datum *datum) {
    if (datum_is_sensitive(datum))
        return g_strdup("a sensitive value");
    if (datum->kind != DATUM_SCALAR || datum_is_null(datum))
        return g_strdup(datum_kind_name(datum));
    if (g_utf8_strlen(datum->text, -1) <= SHOWN_LIMIT)
        return g_strdup_printf("'%s'", datum->text);
    g_autofree char *part = g_utf8_substring(datum->text, 0, SHOWN_LIMIT);
    return g_strdup_printf("'%s…'", part);
}
