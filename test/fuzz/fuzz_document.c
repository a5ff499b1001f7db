/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as YAML: a tree whose places lie in the text, or mistakes that can be shown. */
#include <string.h>

#include "base/document.h"
#include "fuzz.h"

static void check_node(const Node *node, int lines, int depth);

static void check_items(const Node *node, int lines, int depth) {
    for (guint i = 0; i < node->items->len; i++)
        check_node(node->items->pdata[i], lines, depth + 1);
    if (node->kind != NODE_MAPPING)
        return;
    g_assert_cmpuint(node->keys->len, ==, node->items->len);
    for (guint i = 0; i < node->keys->len; i++) {
        const Node *key = node->keys->pdata[i];
        g_assert_true(node_get(node, key->text) == node->items->pdata[i]);
    }
}

static void check_scalar(const Node *node) {
    bool boolean;
    gint64 integer;
    double number;
    g_assert_true(g_utf8_validate(node->text, -1, NULL));
    g_assert_false(node->quoted && (node_is_null(node) || node_boolean(node, &boolean)));
    g_assert_true(!node_integer(node, &integer) || node_number(node, &number));
    for (const char *dollar = strchr(node->text, '$'); dollar != NULL; dollar = strchr(dollar + 1, '$'))
        g_assert_cmpint(node_expression_position(node, (gsize)(dollar - node->text)).line, >, 0);
}

static void check_node(const Node *node, int lines, int depth) {
    g_assert_cmpint(node->position.line, >, 0);
    g_assert_cmpint(node->position.line, <=, lines);
    g_assert_cmpint(node->position.column, >, 0);
    g_assert_cmpint(depth, <=, 64);
    g_assert_nonnull(node_kind_name(node));
    if (node->kind == NODE_SCALAR)
        check_scalar(node);
    if (node->items != NULL)
        check_items(node, lines, depth);
}

/* YAML's line breaks: "\r" alone is one. */
static int count_lines(const uint8_t *data, size_t size) {
    int lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 64 * 1024)
        return 0;
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(Document) document = document_parse("input", (const char *)data, size, diagnostics);
    g_assert_true(document != NULL || diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) > 0);
    if (document != NULL)
        check_node(document_root(document), count_lines(data, size) + 1, 0);
    g_autofree char *text = diagnostics_format(diagnostics, true);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_autoptr(json_t) json = diagnostics_to_json(diagnostics);
    g_assert_nonnull(json);
    return 0;
}
