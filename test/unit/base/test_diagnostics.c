/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/diagnostics.h"

static Position place(const char *file, int line, int column) {
    return (Position){g_intern_string(file), line, column};
}

static void add_text(Diagnostics *diagnostics, const char *file, const char *text) {
    diagnostics_add_source(diagnostics, file, text, strlen(text));
}

static void shows_line_caret_and_hint(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    add_text(diagnostics, "a.yaml", "name: x\ntopcs: []\n");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a.yaml", 2, 1), "did you mean 'topics'?",
                    "unknown key '%s'", "topcs");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_cmpstr(text, ==,
                    "a.yaml:2:1: unknown key 'topcs'\n"
                    "    2 | topcs: []\n"
                    "      | ^~~~~\n"
                    "      hint: did you mean 'topics'?\n"
                    "\n"
                    "1 mistake\n");
}

static void nothing_is_an_empty_text(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autofree char *text = diagnostics_format(diagnostics, true);
    g_assert_cmpstr(text, ==, "");
}

static void sorts_by_file_and_place(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, place("b", 1, 1), NULL, "three");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 10, 1), NULL, "two");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 9, 7), NULL, "one");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place(NULL, 0, 0), NULL, "zero");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_cmpstr(text, ==,
                    "zero\n\na:9:7: one\n\na:10:1: two\n\nb:1:1: warning: three\n\n3 mistakes, 1 warning\n");
}

static void the_same_mistake_counts_once(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 1), NULL, "same");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 1), NULL, "same");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 2), NULL, "same");
    g_assert_cmpuint(diagnostics_count(diagnostics, DIAGNOSTIC_ERROR), ==, 2);
}

static void caret_stands_under_its_character(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    add_text(diagnostics, "a", "\täö: ${x} y\r\n");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 6), NULL, "bad");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_nonnull(strstr(text, "    1 | \täö: ${x} y\n      | \t    ^~~~\n"));
}

static void long_lines_are_cut_around_the_caret(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autofree char *before = g_strnfill(1000, 'a');
    g_autofree char *after = g_strnfill(1000, 'b');
    g_autofree char *line = g_strconcat(before, " X ", after, NULL);
    add_text(diagnostics, "a", line);
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 1002), NULL, "bad");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpint(g_utf8_strlen(lines[1], -1), <, 140);
    g_assert_cmpint(*g_utf8_offset_to_pointer(lines[1], strchr(lines[2], '^') - lines[2]), ==, 'X');
}

static void what_a_terminal_would_obey_is_harmless(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    add_text(diagnostics, "a", "x\033[2J\n");
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 1), "hint \a", "bad \033[31m\nthing\xff");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_null(strpbrk(text, "\033\a"));
    g_assert_nonnull(strstr(text, "bad ?[31m?thing\xef\xbf\xbd\n"));
}

static void a_hidden_line_is_not_shown(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    add_text(diagnostics, "a", "token: hunter2\n");
    diagnostics_hide_line(diagnostics, place("a", 1, 8));
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", 1, 8), NULL, "bad value");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_cmpstr(text, ==, "a:1:8: bad value\n\n1 mistake\n");
}

static void keeps_a_bounded_number(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    for (int i = 0; i < DIAGNOSTICS_LIMIT + 5; i++)
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place("a", i + 1, 1), NULL, "bad");
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_true(g_str_has_suffix(text, "505 mistakes, the first 500 of them shown\n"));
}

static void json_has_every_field(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, place("a", 3, 4), NULL, "odd");
    g_autoptr(json_t) list = diagnostics_to_json(diagnostics);
    g_autofree char *text = json_canonical(list);
    g_assert_cmpstr(text, ==,
                    "[{\"column\":4,\"file\":\"a\",\"hint\":null,\"line\":3,\"message\":\"odd\",\"severity\":"
                    "\"warning\"}]");
}

static void nearest_forgives_a_slip_of_the_finger(void) {
    static const char *const KEYS[] = {"topics", "connectors", "variables", "url", NULL};
    static const struct {
        const char *word, *nearest;
    } CASES[] = {
        {"topcs", "topics"},
        {"tpoics", "topics"},
        {"Topics", "topics"},
        {"connector", "connectors"},
        {"varaibles", "variables"},
        {"ur", NULL},
        {"urls", "url"},
        {"secrets", NULL},
        {"x", NULL},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++)
        g_assert_cmpstr(diagnostics_nearest(CASES[i].word, KEYS), ==, CASES[i].nearest);
    g_autofree char *hint = diagnostics_did_you_mean("topcs", KEYS);
    g_assert_cmpstr(hint, ==, "did you mean 'topics'?");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diagnostics/shows line, caret and hint", shows_line_caret_and_hint);
    g_test_add_func("/diagnostics/nothing is an empty text", nothing_is_an_empty_text);
    g_test_add_func("/diagnostics/sorts by file and place", sorts_by_file_and_place);
    g_test_add_func("/diagnostics/the same mistake counts once", the_same_mistake_counts_once);
    g_test_add_func("/diagnostics/caret stands under its character", caret_stands_under_its_character);
    g_test_add_func("/diagnostics/long lines are cut around the caret", long_lines_are_cut_around_the_caret);
    g_test_add_func("/diagnostics/what a terminal would obey is harmless",
                    what_a_terminal_would_obey_is_harmless);
    g_test_add_func("/diagnostics/a hidden line is not shown", a_hidden_line_is_not_shown);
    g_test_add_func("/diagnostics/keeps a bounded number", keeps_a_bounded_number);
    g_test_add_func("/diagnostics/JSON has every field", json_has_every_field);
    g_test_add_func("/diagnostics/nearest forgives a slip of the finger",
                    nearest_forgives_a_slip_of_the_finger);
    return g_test_run();
}
