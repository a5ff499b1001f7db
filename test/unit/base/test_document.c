/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/document.h"

/* A parsed text with its diagnostics. */
typedef struct {
    Diagnostics *diagnostics;
    Document *document; /* NULL: a syntax error */
    const Node *root;
} Parsed;

static Parsed parse_bytes(const char *text, gsize length) {
    Parsed parsed = {.diagnostics = diagnostics_new()};
    parsed.document = document_parse("t.yaml", text, length, parsed.diagnostics);
    parsed.root = parsed.document != NULL ? document_root(parsed.document) : NULL;
    return parsed;
}

static Parsed parse(const char *text) {
    return parse_bytes(text, strlen(text));
}

static void parsed_clear(Parsed *parsed) {
    document_free(parsed->document);
    diagnostics_free(parsed->diagnostics);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parsed, parsed_clear)

static guint mistakes(const Parsed *parsed) {
    return diagnostics_count(parsed->diagnostics, DIAGNOSTIC_ERROR);
}

/* "LINE:COLUMN MESSAGE" of the only mistake. */
static void assert_mistake(const Parsed *parsed, const char *expected) {
    g_autoptr(json_t) list = diagnostics_to_json(parsed->diagnostics);
    g_assert_cmpuint(json_array_size(list), ==, 1);
    const json_t *only = json_array_get(list, 0);
    g_autofree char *got =
        g_strdup_printf("%d:%d %s", (int)json_get_integer(only, "line", -1),
                        (int)json_get_integer(only, "column", -1), json_get_string(only, "message"));
    g_assert_cmpstr(got, ==, expected);
}

static void assert_place(Position position, int line, int column) {
    g_assert_cmpint(position.line, ==, line);
    g_assert_cmpint(position.column, ==, column);
}

static void reads_a_tree_in_order(void) {
    g_auto(Parsed) parsed = parse("b: 1\na: [x, {k: v}]\nc:\n  d: e\n");
    g_assert_cmpuint(mistakes(&parsed), ==, 0);
    g_assert_cmpint(parsed.root->kind, ==, NODE_MAPPING);
    g_assert_cmpstr(((Node *)parsed.root->keys->pdata[0])->text, ==, "b");
    const Node *a = node_get(parsed.root, "a");
    g_assert_cmpint(a->kind, ==, NODE_SEQUENCE);
    g_assert_cmpstr(node_get(a->items->pdata[1], "k")->text, ==, "v");
    g_assert_cmpstr(node_get(node_get(parsed.root, "c"), "d")->text, ==, "e");
    g_assert_null(node_get(parsed.root, "z"));
}

static void every_style_knows_its_place(void) {
    g_auto(Parsed) parsed =
        parse("plain: x\nsingle: 'x'\ndouble:  \"x\"\nblock: | # a > b\n   x\nfold:\n  >-\n  x\nflow: [ 1 ]\n"
              "\"q k\": 1\nempty:\nlist:\n  - a\n");
    g_assert_cmpuint(mistakes(&parsed), ==, 0);
    assert_place(node_get(parsed.root, "plain")->position, 1, 8);
    assert_place(node_get(parsed.root, "single")->position, 2, 9);
    assert_place(node_get(parsed.root, "double")->position, 3, 10);
    assert_place(node_get(parsed.root, "block")->position, 4, 8);
    assert_place(node_get(parsed.root, "fold")->position, 7, 3);
    assert_place(node_get(parsed.root, "flow")->position, 9, 7);
    assert_place(node_key_position(parsed.root, "q k"), 10, 1);
    assert_place(node_get(parsed.root, "empty")->position, 11, 1);
    assert_place(node_get(parsed.root, "list")->position, 13, 3);
    assert_place(node_key_position(parsed.root, "nowhere"), 1, 1);
}

static void a_block_without_lines_knows_its_place(void) {
    static const char *const TEXTS[] = {"a: |", "a: |\n", "a: |\r\n  x\r\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_auto(Parsed) parsed = parse(TEXTS[i]);
        assert_place(node_get(parsed.root, "a")->position, 1, 4);
    }
}

static void expressions_know_their_place_in_every_style(void) {
    g_auto(Parsed) parsed =
        parse("a: x ${b} ${c}\nd: \"\\t'${b}'\"\ne: |\n    one\n    two ${b}\nf: >\n  g\n  $h ${b}\n");
    const Node *a = node_get(parsed.root, "a");
    assert_place(node_expression_position(a, 2), 1, 6);
    assert_place(node_expression_position(a, 7), 1, 11);
    const Node *d = node_get(parsed.root, "d");
    assert_place(node_expression_position(d, 2), 2, 8);
    const Node *e = node_get(parsed.root, "e");
    assert_place(node_expression_position(e, 8), 5, 9);
    const Node *f = node_get(parsed.root, "f");
    g_assert_cmpstr(f->text, ==, "g $h ${b}\n");
    assert_place(node_expression_position(f, 5), 8, 6);
}

static void types_are_for_the_reader_to_say(void) {
    g_auto(Parsed) parsed =
        parse("[true, 'true', yes, 12, '12', -3, 1.5, 1e3, .inf, 0x1F, 010, ~, null, '', 1.10]");
    GPtrArray *items = parsed.root->items;
    bool boolean = false;
    gint64 integer = 0;
    double number = 0;
    g_assert_true(node_boolean(items->pdata[0], &boolean) && boolean);
    g_assert_false(node_boolean(items->pdata[1], &boolean));
    g_assert_false(node_boolean(items->pdata[2], &boolean));
    g_assert_true(node_integer(items->pdata[3], &integer) && integer == 12);
    g_assert_false(node_integer(items->pdata[4], &integer));
    g_assert_true(node_integer(items->pdata[5], &integer) && integer == -3);
    g_assert_false(node_integer(items->pdata[6], &integer));
    g_assert_true(node_number(items->pdata[6], &number) && number == 1.5);
    g_assert_true(node_number(items->pdata[7], &number) && number == 1000);
    g_assert_false(node_number(items->pdata[8], &number));
    g_assert_false(node_integer(items->pdata[9], &integer));
    g_assert_true(node_integer(items->pdata[10], &integer) && integer == 10);
    g_assert_true(node_is_null(items->pdata[11]));
    g_assert_true(node_is_null(items->pdata[12]));
    g_assert_false(node_is_null(items->pdata[13]));
    g_assert_cmpstr(((Node *)items->pdata[14])->text, ==, "1.10");
}

static void an_empty_file_is_an_empty_mapping(void) {
    static const char *const TEXTS[] = {"", "\n", "# nothing\n", "---\n", "~"};
    for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_auto(Parsed) parsed = parse(TEXTS[i]);
        g_assert_cmpuint(mistakes(&parsed), ==, 0);
        g_assert_cmpint(parsed.root->kind, ==, NODE_MAPPING);
        g_assert_cmpuint(parsed.root->items->len, ==, 0);
    }
}

static void json_is_yaml(void) {
    g_auto(Parsed) parsed = parse("{\"a\": [1, true, null], \"b\": \"\\u00e9\"}");
    g_assert_cmpuint(mistakes(&parsed), ==, 0);
    g_assert_cmpstr(node_get(parsed.root, "b")->text, ==, "é");
}

static void syntax_errors_end_the_file(void) {
    static const struct {
        const char *text, *mistake;
    } CASES[] = {
        {"a: [1, 2", "1:4 YAML: flow sequence without a closing bracket"},
        {"a: \"x", "1:5 YAML: double-quoted scalar without closing quote"},
        {"a:\n\tb: 1", "2:1 YAML: tab character may not be used as indentation"},
        {"- a\nb: 1", "2:1 YAML: invalid scalar at the end of block sequence"},
        {"a: 1\nb: >0\n  x", "1:1 YAML: what follows here can't be read"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_auto(Parsed) parsed = parse(CASES[i].text);
        g_assert_null(parsed.document);
        assert_mistake(&parsed, CASES[i].mistake);
    }
}

static void what_we_leave_out_of_yaml_is_a_mistake(void) {
    static const struct {
        const char *text, *mistake;
    } CASES[] = {
        {"a: 1\nb: 2\na: 3", "3:1 duplicate key 'a'"},
        {"a: *x", "1:4 YAML aliases (*…) are not supported"},
        {"a: &x b", "1:4 YAML anchors (&…) are not supported"},
        {"a: &x {b: c}", "1:4 YAML anchors (&…) are not supported"},
        {"a: !!str 1", "1:4 YAML tags (!…) are not supported"},
        {"<<: {a: b}", "1:1 YAML merge keys (<<) are not supported"},
        {"? [a]\n: b", "1:3 a key must be a plain word or text"},
        {"a: 1\n---\nb: 2", "2:1 a second YAML document (after ---) in one file"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_auto(Parsed) parsed = parse(CASES[i].text);
        g_assert_nonnull(parsed.document);
        assert_mistake(&parsed, CASES[i].mistake);
    }
}

static void an_alias_bomb_is_only_a_mistake(void) {
    g_auto(Parsed) parsed = parse("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n");
    g_assert_cmpuint(mistakes(&parsed), ==, 6);
    g_assert_cmpint(((Node *)node_get(parsed.root, "c")->items->pdata[0])->kind, ==, NODE_UNKNOWN);
}

static void bytes_are_checked_first(void) {
    g_auto(Parsed) bad = parse("a: ä\nb: x\xff");
    assert_mistake(&bad, "2:5 the byte 0xff is not UTF-8");
    g_auto(Parsed) nul = parse_bytes("a: b\0c", 6);
    assert_mistake(&nul, "1:5 a NUL byte in the text");
    g_autofree char *large = g_strnfill(DOCUMENT_LIMIT + 1, '#');
    g_auto(Parsed) too_large = parse(large);
    assert_mistake(&too_large, "0:0 the file is larger than 4 MiB");
}

static void depth_has_a_limit(void) {
    g_autofree char *open = g_strnfill(64, '['), *close = g_strnfill(64, ']');
    g_autofree char *fits = g_strconcat(open, close, NULL), *deep = g_strconcat("[", open, close, "]", NULL);
    g_auto(Parsed) fine = parse(fits);
    g_assert_cmpuint(mistakes(&fine), ==, 0);
    g_auto(Parsed) parsed = parse(deep);
    g_assert_null(parsed.document);
    assert_mistake(&parsed, "1:65 nested more than 64 levels deep");
}

static void many_keys_are_read_quickly(void) {
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 40000; i++)
        g_string_append_printf(text, "key%d: value\n", i);
    gint64 start = g_get_monotonic_time();
    g_auto(Parsed) parsed = parse(text->str);
    g_assert_cmpuint(parsed.root->keys->len, ==, 40000);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
    g_string_free(text, true);
}

static void a_missing_file_is_a_mistake_where_it_is_named(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    Position at = {g_intern_string("env.yaml"), 3, 9};
    g_assert_null(document_read("/nowhere/x.yaml", "x.yaml", at, diagnostics));
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_cmpstr(text, ==, "env.yaml:3:9: there is no file 'x.yaml'\n\n1 mistake\n");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/document/reads a tree in order", reads_a_tree_in_order);
    g_test_add_func("/document/every style knows its place", every_style_knows_its_place);
    g_test_add_func("/document/a block without lines knows its place", a_block_without_lines_knows_its_place);
    g_test_add_func("/document/expressions know their place in every style",
                    expressions_know_their_place_in_every_style);
    g_test_add_func("/document/types are for the reader to say", types_are_for_the_reader_to_say);
    g_test_add_func("/document/an empty file is an empty mapping", an_empty_file_is_an_empty_mapping);
    g_test_add_func("/document/JSON is YAML", json_is_yaml);
    g_test_add_func("/document/syntax errors end the file", syntax_errors_end_the_file);
    g_test_add_func("/document/what we leave out of YAML is a mistake",
                    what_we_leave_out_of_yaml_is_a_mistake);
    g_test_add_func("/document/an alias bomb is only a mistake", an_alias_bomb_is_only_a_mistake);
    g_test_add_func("/document/bytes are checked first", bytes_are_checked_first);
    g_test_add_func("/document/depth has a limit", depth_has_a_limit);
    g_test_add_func("/document/many keys are read quickly", many_keys_are_read_quickly);
    g_test_add_func("/document/a missing file is a mistake where it is named",
                    a_missing_file_is_a_mistake_where_it_is_named);
    return g_test_run();
}
