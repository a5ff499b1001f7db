/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table prints as aligned text for people, or as JSON or YAML for programs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "base/terminal.h"

typedef enum { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_YAML } OutputFormat;

/* "table", "json" or "yaml". */
bool output_format_parse(const char *text, OutputFormat *format, GError **error);

/* Prints any JSON value as JSON (indented by 2) or YAML; OUTPUT_TABLE prints as JSON. False where the stream
 * takes no more. */
bool output_json(FILE *stream, OutputFormat format, const json_t *value);

typedef struct Table Table;

/* A table with these columns; `columns` is NULL-terminated. A column's key in JSON is its lower-case name
 * with '_' for blanks. */
Table *table_new(const char *const *columns);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Starts a row; then a cell per column. NULL text is an empty cell ("-" in the text form, null in JSON). */
void table_row(Table *table);
void table_cell(Table *table, Style style, const char *text);
void table_cell_number(Table *table, gint64 number);

guint table_rows(const Table *table);

/* Prints headings (bold on a terminal) and rows aligned by display width; nothing but headings for an empty
 * table. */
bool table_print(const Table *table, FILE *stream, OutputFormat format);
