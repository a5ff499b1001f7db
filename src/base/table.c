/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <string.h>

#include "base/error.h"

#define GAP "  " /* between two columns */

bool output_format_parse(const char *text, OutputFormat *format, GError **error) {
    static const char *const names[] = {
        [OUTPUT_TABLE] = "table", [OUTPUT_JSON] = "json", [OUTPUT_YAML] = "yaml"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(text, names[i])) {
            *format = (OutputFormat)i;
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, "give one of: table, json, yaml",
              "there is no output format '%s'", text);
    return false;
}

/* Whether every reader of YAML takes `text` for a string when it stands without quotes. */
static bool is_plain(const char *text) {
    static const char *const others[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL};
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
    g_autofree char *lower = g_ascii_strdown(text, -1);
    return g_ascii_isalpha(text[0]) && text[strspn(text, word)] == '\0' && !g_strv_contains(others, lower);
}

/* A scalar or an empty collection: in JSON's form, which is YAML's too, where it needs quotes. */
static void yaml_flow(GString *out, const json_t *value) {
    if (json_is_string(value) && is_plain(json_string_value(value))) {
        g_string_append(out, json_string_value(value));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    g_string_append(out, text);
    free(text);
}

static void yaml_block(GString *out, json_t *value, int indent);

static bool is_block(const json_t *value) {
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static void yaml_indent(GString *out, int indent) {
    for (int i = 0; i < indent; i++)
        g_string_append(out, "  ");
}

static void yaml_object(GString *out, json_t *object, int indent) {
    const char *key = NULL;
    json_t *value = NULL;
    bool first = true;
    json_object_foreach (object, key, value) {
        g_autoptr(json_t) name = json_string(key);
        if (!first)
            yaml_indent(out, indent);
        first = false;
        yaml_flow(out, name);
        g_string_append(out, is_block(value) ? ":\n" : ": ");
        if (is_block(value))
            yaml_indent(out, indent + 1);
        yaml_block(out, value, indent + 1);
    }
}

static void yaml_array(GString *out, json_t *array, int indent) {
    size_t i = 0;
    json_t *value = NULL;
    json_array_foreach (array, i, value) {
        if (i > 0)
            yaml_indent(out, indent);
        g_string_append(out, "- ");
        yaml_block(out, value, indent + 1);
    }
}

/* Writes a value where its first line is indented already; ends with a newline. */
static void yaml_block(GString *out, json_t *value, int indent) {
    if (!is_block(value)) {
        yaml_flow(out, value);
        g_string_append_c(out, '\n');
    } else if (json_is_object(value)) {
        yaml_object(out, value, indent);
    } else {
        yaml_array(out, value, indent);
    }
}

static bool put(FILE *stream, const GString *text) {
    return fwrite(text->str, 1, text->len, stream) == text->len && fflush(stream) == 0;
}

bool output_json(FILE *stream, OutputFormat format, const json_t *value) {
    g_autoptr(GString) out = g_string_new(NULL);
    if (format == OUTPUT_YAML) {
        yaml_block(out, (json_t *)value, 0);
        return put(stream, out);
    }
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
    if (text == NULL)
        return false;
    g_string_append(out, text);
    g_string_append_c(out, '\n');
    free(text);
    return put(stream, out);
}

typedef struct {
    Style style;
    char *text;    /* NULL: empty */
    json_t *value; /* for programs */
} Cell;

struct Table {
    char **columns;
    GPtrArray *rows; /* of GArray of Cell */
};

static void cell_clear(gpointer data) {
    Cell *cell = data;
    g_free(cell->text);
    json_decref(cell->value);
}

static void row_free(gpointer data) {
    g_array_unref(data);
}

Table *table_new(const char *const *columns) {
    Table *table = g_new0(Table, 1);
    table->columns = g_strdupv((char **)columns);
    table->rows = g_ptr_array_new_with_free_func(row_free);
    return table;
}

void table_free(Table *table) {
    if (table == NULL)
        return;
    g_ptr_array_unref(table->rows);
    g_strfreev(table->columns);
    g_free(table);
}

void table_row(Table *table) {
    GArray *row = g_array_new(FALSE, FALSE, sizeof(Cell));
    g_array_set_clear_func(row, cell_clear);
    g_ptr_array_add(table->rows, row);
}

static void add_cell(Table *table, Cell cell) {
    g_return_if_fail(table->rows->len > 0);
    GArray *row = g_ptr_array_index(table->rows, table->rows->len - 1);
    g_return_if_fail(row->len < g_strv_length(table->columns));
    g_array_append_val(row, cell);
}

void table_cell(Table *table, Style style, const char *text) {
    g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;
    Cell cell = {.style = style, .value = json_string_or_null(valid)};
    if (valid != NULL)
        cell.text = g_strdelimit(terminal_clean(valid), "\n\t", ' ');
    add_cell(table, cell);
}

void table_cell_number(Table *table, gint64 number) {
    add_cell(table,
             (Cell){.text = g_strdup_printf("%" G_GINT64_FORMAT, number), .value = json_integer(number)});
}

guint table_rows(const Table *table) {
    return table->rows->len;
}

/* NULL for a cell that a row lacks. */
static const Cell *cell_at(const GArray *row, guint column) {
    return column < row->len ? &g_array_index(row, Cell, column) : NULL;
}

static const char *cell_text(const Cell *cell) {
    return cell != NULL && cell->text != NULL && *cell->text != '\0' ? cell->text : "-";
}

static int column_width(const Table *table, guint column) {
    int width = terminal_text_width(table->columns[column]);
    for (guint i = 0; i < table->rows->len; i++) {
        const char *text = cell_text(cell_at(g_ptr_array_index(table->rows, i), column));
        width = MAX(width, terminal_text_width(text));
    }
    return width;
}

/* The last column isn't filled up: `width` is 0. */
static void add_text(GString *out, bool colour, Style style, const char *text, int width) {
    g_autofree char *styled = terminal_style(colour, style, text);
    g_string_append(out, styled);
    if (width > 0)
        g_string_append_printf(out, "%*s" GAP, width - terminal_text_width(text), "");
}

static bool print_text(const Table *table, FILE *stream) {
    g_autoptr(GString) out = g_string_new(NULL);
    guint columns = g_strv_length(table->columns);
    g_autofree int *widths = g_new0(int, columns + 1);
    bool colour = terminal_has_colour(stream);
    for (guint column = 0; column + 1 < columns; column++)
        widths[column] = column_width(table, column);
    for (guint column = 0; column < columns; column++)
        add_text(out, colour, STYLE_BOLD, table->columns[column], widths[column]);
    g_string_append_c(out, '\n');
    for (guint i = 0; i < table->rows->len; i++) {
        for (guint column = 0; column < columns; column++) {
            const Cell *cell = cell_at(g_ptr_array_index(table->rows, i), column);
            add_text(out, colour, cell != NULL ? cell->style : STYLE_NONE, cell_text(cell), widths[column]);
        }
        g_string_append_c(out, '\n');
    }
    return put(stream, out);
}

static json_t *row_json(const Table *table, const GArray *row) {
    json_t *object = json_object();
    for (guint column = 0; table->columns[column] != NULL; column++) {
        const Cell *cell = cell_at(row, column);
        g_autofree char *lower = g_utf8_strdown(table->columns[column], -1);
        json_object_set_new(object, g_strdelimit(lower, " ", '_'),
                            cell != NULL ? json_incref(cell->value) : json_null());
    }
    return object;
}

bool table_print(const Table *table, FILE *stream, OutputFormat format) {
    if (format == OUTPUT_TABLE)
        return print_text(table, stream);
    g_autoptr(json_t) array = json_array();
    for (guint i = 0; i < table->rows->len; i++)
        json_array_append_new(array, row_json(table, g_ptr_array_index(table->rows, i)));
    return output_json(stream, format, array);
}
