/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static char *printed(const Table *table, OutputFormat format) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    g_assert_true(table_print(table, stream, format));
    fclose(stream);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

static char *output(const char *json, OutputFormat format) {
    char *text = NULL;
    size_t length = 0;
    g_autoptr(json_t) value = json_loads(json, JSON_DECODE_ANY, NULL);
    g_assert_nonnull(value);
    FILE *stream = open_memstream(&text, &length);
    g_assert_true(output_json(stream, format, value));
    fclose(stream);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

static Table *sample(void) {
    Table *table = table_new((const char *const[]){"NAME", "TASKS", "LAST APPLY", NULL});
    table_row(table);
    table_cell(table, STYLE_GREEN, "orders-source");
    table_cell_number(table, 4);
    table_cell(table, STYLE_NONE, "2026-01-31");
    table_row(table);
    table_cell(table, STYLE_RED, "日本");
    table_cell_number(table, -1);
    table_cell(table, STYLE_NONE, NULL);
    return table;
}

static void formats_have_names(void) {
    static const char *const names[] = {"table", "json", "yaml"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        OutputFormat format = OUTPUT_TABLE;
        g_assert_true(output_format_parse(names[i], &format, NULL));
        g_assert_cmpint(format, ==, (int)i);
    }
}

static void another_format_is_an_error_with_a_hint(void) {
    g_autoptr(GError) error = NULL;
    OutputFormat format = OUTPUT_YAML;
    g_assert_false(output_format_parse("xml", &format, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_SYNTAX);
    g_assert_nonnull(error_hint(error));
    g_assert_cmpint(format, ==, OUTPUT_YAML);
}

static void columns_are_aligned_by_what_is_seen(void) {
    g_autoptr(Table) table = sample();
    g_autofree char *text = printed(table, OUTPUT_TABLE);
    g_assert_cmpuint(table_rows(table), ==, 2);
    g_assert_cmpstr(text, ==,
                    "NAME           TASKS  LAST APPLY\n"
                    "orders-source  4      2026-01-31\n"
                    "日本           -1     -\n");
}

static void an_empty_table_is_its_headings(void) {
    g_autoptr(Table) table = table_new((const char *const[]){"NAME", "STATE", NULL});
    g_autofree char *text = printed(table, OUTPUT_TABLE);
    g_autofree char *json = printed(table, OUTPUT_JSON);
    g_autofree char *yaml = printed(table, OUTPUT_YAML);
    g_assert_cmpstr(text, ==, "NAME  STATE\n");
    g_assert_cmpstr(json, ==, "[]\n");
    g_assert_cmpstr(yaml, ==, "[]\n");
}

static void a_cell_stays_on_its_line(void) {
    g_autoptr(Table) table = table_new((const char *const[]){"A", "B", NULL});
    table_row(table);
    table_cell(table, STYLE_NONE, "two\nlines\033[2J");
    table_cell(table, STYLE_NONE, "b");
    g_autofree char *text = printed(table, OUTPUT_TABLE);
    g_autofree char *yaml = printed(table, OUTPUT_YAML);
    g_assert_cmpstr(text, ==, "A              B\ntwo lines�[2J  b\n");
    g_assert_cmpstr(yaml, ==, "- a: \"two\\nlines\\u001B[2J\"\n  b: b\n");
}

static void a_row_may_lack_cells(void) {
    g_autoptr(Table) table = table_new((const char *const[]){"A", "B", NULL});
    table_row(table);
    table_cell(table, STYLE_NONE, "a");
    g_autofree char *text = printed(table, OUTPUT_TABLE);
    g_autofree char *json = printed(table, OUTPUT_JSON);
    g_assert_cmpstr(text, ==, "A  B\na  -\n");
    g_assert_cmpstr(json, ==, "[\n  {\n    \"a\": \"a\",\n    \"b\": null\n  }\n]\n");
}

static void json_has_keys_and_types(void) {
    g_autoptr(Table) table = sample();
    g_autofree char *text = printed(table, OUTPUT_JSON);
    g_autoptr(json_t) value = json_loads(text, 0, NULL);
    g_autoptr(json_t) expected =
        json_pack("[{s:s, s:i, s:s}, {s:s, s:i, s:n}]", "name", "orders-source", "tasks", 4, "last_apply",
                  "2026-01-31", "name", "日本", "tasks", -1, "last_apply");
    g_assert_true(json_equal(value, expected));
}

static void yaml_has_keys_and_types(void) {
    g_autoptr(Table) table = sample();
    g_autofree char *text = printed(table, OUTPUT_YAML);
    g_assert_cmpstr(text, ==,
                    "- name: orders-source\n  tasks: 4\n  last_apply: \"2026-01-31\"\n"
                    "- name: \"日本\"\n  tasks: -1\n  last_apply: null\n");
}

static void yaml_nests(void) {
    g_autofree char *text =
        output("{\"a\":{\"b\":[1,{\"c\":2,\"d\":[]},[3,4]]},\"e\":{},\"f\":[\"x\"]}", OUTPUT_YAML);
    g_assert_cmpstr(text, ==,
                    "a:\n"
                    "  b:\n"
                    "    - 1\n"
                    "    - c: 2\n"
                    "      d: []\n"
                    "    - - 3\n"
                    "      - 4\n"
                    "e: {}\n"
                    "f:\n"
                    "  - x\n");
}

static void yaml_quotes_what_could_be_misread(void) {
    static const char *const rows[][2] = {
        {"\"plain-text.v1/x\"", "plain-text.v1/x\n"},
        {"\"true\"", "\"true\"\n"},
        {"\"No\"", "\"No\"\n"},
        {"\"null\"", "\"null\"\n"},
        {"\"1.10\"", "\"1.10\"\n"},
        {"\"\"", "\"\"\n"},
        {"\"a: b\"", "\"a: b\"\n"},
        {"\"a #b\"", "\"a #b\"\n"},
        {"\"- a\"", "\"- a\"\n"},
        {"\"${x}\"", "\"${x}\"\n"},
        {"\"a\\nb\"", "\"a\\nb\"\n"},
        {"true", "true\n"},
        {"null", "null\n"},
        {"1.5", "1.5\n"},
        {"{\"yes\":1,\"a b\":2}", "\"yes\": 1\n\"a b\": 2\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = output(rows[i][0], OUTPUT_YAML);
        g_assert_cmpstr(text, ==, rows[i][1]);
    }
}

static void values_print_as_json_otherwise(void) {
    static const OutputFormat formats[] = {OUTPUT_JSON, OUTPUT_TABLE};
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *text = output("{\"b\":1,\"a\":[]}", formats[i]);
        g_assert_cmpstr(text, ==, "{\n  \"b\": 1,\n  \"a\": []\n}\n");
    }
}

static void a_full_disk_is_noticed(void) {
    g_autoptr(Table) table = sample();
    FILE *full = fopen("/dev/full", "w");
    g_assert_nonnull(full);
    g_assert_false(table_print(table, full, OUTPUT_TABLE));
    fclose(full);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add_func("/table/" #name, name)
    CASE(formats_have_names);
    CASE(another_format_is_an_error_with_a_hint);
    CASE(columns_are_aligned_by_what_is_seen);
    CASE(an_empty_table_is_its_headings);
    CASE(a_cell_stays_on_its_line);
    CASE(a_row_may_lack_cells);
    CASE(json_has_keys_and_types);
    CASE(yaml_has_keys_and_types);
    CASE(yaml_nests);
    CASE(yaml_quotes_what_could_be_misread);
    CASE(values_print_as_json_otherwise);
    CASE(a_full_disk_is_noticed);
    return g_test_run();
}
