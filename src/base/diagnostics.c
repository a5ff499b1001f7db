/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diagnostics.h"

#include <string.h>

#define LINE_WIDTH 120 /* characters of a source line that are shown */
#define WORD_LIMIT 64  /* bytes of a word that are compared with candidates */

typedef struct {
    DiagnosticKind kind;
    Position position;
    char *message;
    char *hint;
} Diagnostic;

typedef struct {
    char *text;
    gsize length;
    GArray *lines; /* gsize: where each line begins; NULL until asked for */
} Source;

struct Diagnostics {
    GPtrArray *entries;
    GHashTable *known;   /* set of place and message */
    GHashTable *sources; /* file → Source */
    GHashTable *hidden;  /* set of "file:line" */
    guint counts[2];
};

static void diagnostic_free(gpointer data) {
    Diagnostic *diagnostic = data;
    g_free(diagnostic->message);
    g_free(diagnostic->hint);
    g_free(diagnostic);
}

static void source_free(gpointer data) {
    Source *source = data;
    g_free(source->text);
    g_clear_pointer(&source->lines, g_array_unref);
    g_free(source);
}

Diagnostics *diagnostics_new(void) {
    Diagnostics *diagnostics = g_new0(Diagnostics, 1);
    diagnostics->entries = g_ptr_array_new_with_free_func(diagnostic_free);
    diagnostics->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    diagnostics->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, source_free);
    diagnostics->hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return diagnostics;
}

void diagnostics_free(Diagnostics *diagnostics) {
    if (diagnostics == NULL)
        return;
    g_ptr_array_unref(diagnostics->entries);
    g_hash_table_unref(diagnostics->known);
    g_hash_table_unref(diagnostics->sources);
    g_hash_table_unref(diagnostics->hidden);
    g_free(diagnostics);
}

void diagnostics_add_source(Diagnostics *diagnostics, const char *file, const char *text, gsize length) {
    Source *source = g_new0(Source, 1);
    source->text = g_strndup(text, length);
    source->length = strlen(source->text);
    g_hash_table_replace(diagnostics->sources, g_strdup(file), source);
}

/* What a terminal would obey becomes '?', and what is no UTF-8 is replaced. Takes the text. */
static char *harmless(char *text, bool keep_tabs) {
    char *valid = g_utf8_make_valid(text, -1);
    g_free(text);
    for (char *c = valid; *c != '\0'; c++)
        if (((guchar)*c < 0x20 && !(keep_tabs && *c == '\t')) || *c == 0x7f)
            *c = '?';
    return valid;
}

void diagnostics_add(Diagnostics *diagnostics, DiagnosticKind kind, Position position, const char *hint,
                     const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = harmless(g_strdup_vprintf(format, arguments), false);
    va_end(arguments);

    char *known = g_strdup_printf("%s:%d:%d: %s", position.file != NULL ? position.file : "", position.line,
                                  position.column, message);
    if (!g_hash_table_add(diagnostics->known, known))
        return;
    diagnostics->counts[kind]++;
    if (diagnostics->entries->len >= DIAGNOSTICS_LIMIT)
        return;
    Diagnostic *diagnostic = g_new0(Diagnostic, 1);
    diagnostic->kind = kind;
    diagnostic->position = position;
    diagnostic->message = g_steal_pointer(&message);
    diagnostic->hint = hint != NULL ? harmless(g_strdup(hint), false) : NULL;
    g_ptr_array_add(diagnostics->entries, diagnostic);
}

static char *line_id(Position position) {
    return g_strdup_printf("%s:%d", position.file != NULL ? position.file : "", position.line);
}

void diagnostics_hide_line(Diagnostics *diagnostics, Position position) {
    g_hash_table_add(diagnostics->hidden, line_id(position));
}

guint diagnostics_count(const Diagnostics *diagnostics, DiagnosticKind kind) {
    return diagnostics->counts[kind];
}

static int compare_places(gconstpointer a, gconstpointer b) {
    const Diagnostic *left = *(Diagnostic *const *)a;
    const Diagnostic *right = *(Diagnostic *const *)b;
    int order = g_strcmp0(left->position.file, right->position.file);
    if (order == 0)
        order = left->position.line - right->position.line;
    return order != 0 ? order : left->position.column - right->position.column;
}

/* The entries by file and place; those of one place stay in the order they were found. */
static GPtrArray *sorted(const Diagnostics *diagnostics) {
    GPtrArray *entries = g_ptr_array_copy(diagnostics->entries, NULL, NULL);
    g_ptr_array_set_free_func(entries, NULL);
    g_ptr_array_sort(entries, compare_places);
    return entries;
}

static void index_lines(Source *source) {
    source->lines = g_array_new(false, false, sizeof(gsize));
    gsize start = 0;
    g_array_append_val(source->lines, start);
    for (const char *newline = source->text; (newline = strchr(newline, '\n')) != NULL; newline++) {
        start = (gsize)(newline - source->text) + 1;
        g_array_append_val(source->lines, start);
    }
}

/* The line of a place, made harmless, or NULL where there is none to show. */
static char *source_line(const Diagnostics *diagnostics, Position position) {
    g_autofree char *id = line_id(position);
    if (position.file == NULL || position.line < 1 || g_hash_table_contains(diagnostics->hidden, id))
        return NULL;
    Source *source = g_hash_table_lookup(diagnostics->sources, position.file);
    if (source == NULL)
        return NULL;
    if (source->lines == NULL)
        index_lines(source);
    if ((guint)position.line > source->lines->len)
        return NULL;
    gsize start = g_array_index(source->lines, gsize, position.line - 1);
    gsize length = strcspn(source->text + start, "\r\n");
    if (length == 0)
        return NULL;
    return harmless(g_strndup(source->text + start, length), true);
}

/* How many characters to underline from `place` on: a quoted text, an expression, else a word. */
static glong underline_length(const char *place) {
    const char *end = place;
    if (*place == '"' || *place == '\'') {
        end = strchr(place + 1, *place);
        end = end != NULL ? end + 1 : place;
    } else if (g_str_has_prefix(place, "${")) {
        gsize length = strcspn(place, "} ");
        end = place[length] == '}' ? place + length + 1 : place + 2;
    } else {
        while (g_ascii_isalnum(*end) || ((guchar)*end & 0x80) || (*end != '\0' && strchr("_-./", *end)))
            end++;
    }
    return MAX(1, g_utf8_strlen(place, end - place));
}

/* The part of a long line around its `column`, which then counts within that part. Takes the line. */
static char *cut_line(char *line, glong *column) {
    glong length = g_utf8_strlen(line, -1);
    if (length <= LINE_WIDTH)
        return line;
    glong first = CLAMP(*column - LINE_WIDTH / 2, 0, length - LINE_WIDTH);
    g_autofree char *whole = line;
    g_autofree char *part = g_utf8_substring(whole, first, first + LINE_WIDTH);
    if (first > 0)
        *column -= first - 1;
    return g_strconcat(first > 0 ? "…" : "", part, first + LINE_WIDTH < length ? "…" : "", NULL);
}

typedef struct {
    const char *bold, *red, *yellow, *dim, *off;
} Colours;
static const Colours PLAIN = {"", "", "", "", ""};
static const Colours ANSI = {"\033[1m", "\033[1;31m", "\033[1;33m", "\033[2m", "\033[0m"};

static void format_source(GString *text, const Diagnostics *diagnostics, const Diagnostic *diagnostic,
                          const Colours *colours) {
    char *whole = source_line(diagnostics, diagnostic->position);
    if (whole == NULL)
        return;
    glong column = MAX(diagnostic->position.column - 1, 0);
    column = MIN(column, g_utf8_strlen(whole, -1));
    g_autofree char *line = cut_line(whole, &column);
    const char *caret = g_utf8_offset_to_pointer(line, column);

    g_string_append_printf(text, "%s%5d |%s %s\n", colours->dim, diagnostic->position.line, colours->off,
                           line);
    g_string_append_printf(text, "%s      |%s ", colours->dim, colours->off);
    for (const char *c = line; c < caret; c = g_utf8_next_char(c))
        g_string_append_c(text, *c == '\t' ? '\t' : ' ');
    g_string_append_printf(text, "%s^",
                           diagnostic->kind == DIAGNOSTIC_ERROR ? colours->red : colours->yellow);
    for (glong rest = underline_length(caret); rest > 1; rest--)
        g_string_append_c(text, '~');
    g_string_append_printf(text, "%s\n", colours->off);
}

static void format_place(GString *text, Position position) {
    if (position.file == NULL)
        return;
    g_string_append(text, position.file);
    if (position.line > 0)
        g_string_append_printf(text, ":%d:%d", position.line, MAX(position.column, 1));
    g_string_append(text, ": ");
}

static void format_one(GString *text, const Diagnostics *diagnostics, const Diagnostic *diagnostic,
                       const Colours *colours) {
    g_string_append(text, colours->bold);
    format_place(text, diagnostic->position);
    g_string_append(text, colours->off);
    if (diagnostic->kind == DIAGNOSTIC_WARNING)
        g_string_append_printf(text, "%swarning:%s ", colours->yellow, colours->off);
    g_string_append_printf(text, "%s\n", diagnostic->message);
    format_source(text, diagnostics, diagnostic, colours);
    if (diagnostic->hint != NULL)
        g_string_append_printf(text, "      %shint:%s %s\n", colours->bold, colours->off, diagnostic->hint);
    g_string_append_c(text, '\n');
}

static void format_counts(GString *text, const Diagnostics *diagnostics) {
    guint errors = diagnostics->counts[DIAGNOSTIC_ERROR];
    guint warnings = diagnostics->counts[DIAGNOSTIC_WARNING];
    if (errors > 0)
        g_string_append_printf(text, "%u mistake%s", errors, errors == 1 ? "" : "s");
    if (warnings > 0)
        g_string_append_printf(text, "%s%u warning%s", errors > 0 ? ", " : "", warnings,
                               warnings == 1 ? "" : "s");
    if (errors + warnings > diagnostics->entries->len)
        g_string_append_printf(text, ", the first %u of them shown", diagnostics->entries->len);
    g_string_append_c(text, '\n');
}

char *diagnostics_format(const Diagnostics *diagnostics, bool colour) {
    if (diagnostics->entries->len == 0)
        return g_strdup("");
    g_autoptr(GPtrArray) entries = sorted(diagnostics);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++)
        format_one(text, diagnostics, entries->pdata[i], colour ? &ANSI : &PLAIN);
    format_counts(text, diagnostics);
    return g_string_free(text, false);
}

json_t *diagnostics_to_json(const Diagnostics *diagnostics) {
    g_autoptr(GPtrArray) entries = sorted(diagnostics);
    json_t *list = json_array();
    for (guint i = 0; i < entries->len; i++) {
        const Diagnostic *diagnostic = entries->pdata[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s?, s:i, s:i, s:s, s:s?}", "severity",
                                        diagnostic->kind == DIAGNOSTIC_ERROR ? "error" : "warning", "file",
                                        diagnostic->position.file, "line", diagnostic->position.line,
                                        "column", diagnostic->position.column, "message", diagnostic->message,
                                        "hint", diagnostic->hint));
    }
    return list;
}

static guint min3(guint a, guint b, guint c) {
    return MIN(MIN(a, b), c);
}

/* Optimal string alignment: inserts, deletes, replacements and swaps of neighbours. */
static guint edit_distance(const char *left, gsize left_length, const char *right, gsize right_length) {
    guint rows[3][WORD_LIMIT + 1];
    for (gsize j = 0; j <= right_length; j++)
        rows[0][j] = (guint)j;
    for (gsize i = 1; i <= left_length; i++) {
        guint *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = (guint)i;
        for (gsize j = 1; j <= right_length; j++) {
            char a = g_ascii_tolower(left[i - 1]), b = g_ascii_tolower(right[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b));
            if (i > 1 && j > 1 && a == g_ascii_tolower(right[j - 2]) && b == g_ascii_tolower(left[i - 2]))
                row[j] = MIN(row[j], second[j - 2] + 1);
        }
    }
    return rows[left_length % 3][right_length];
}

const char *diagnostics_nearest(const char *word, const char *const *candidates) {
    gsize length = strlen(word);
    if (length > WORD_LIMIT || candidates == NULL)
        return NULL;
    const char *nearest = NULL;
    guint best = (guint)length / 3 + 1;
    for (; *candidates != NULL; candidates++) {
        gsize other = strlen(*candidates);
        if (other > WORD_LIMIT)
            continue;
        guint distance = edit_distance(word, length, *candidates, other);
        if (distance < best) {
            best = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}

char *diagnostics_did_you_mean(const char *word, const char *const *candidates) {
    const char *nearest = diagnostics_nearest(word, candidates);
    return nearest != NULL ? g_strdup_printf("did you mean '%s'?", nearest) : NULL;
}
