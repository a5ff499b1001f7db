/* SPDX-License-Identifier: Apache-2.0 */
#include "base/document.h"

#include <libfyaml.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"

#define DEPTH_LIMIT 64

struct Document {
    char *text;
    GPtrArray *nodes; /* all of them, owned */
    Node *root;
};

/* Of one pass over one file. */
typedef struct {
    Document *document;
    const char *file; /* interned */
    gsize length;
    Diagnostics *diagnostics;
    struct fy_parser *parser;
    guint mistakes; /* before this file */
    Position last;  /* of the newest node */
    Position open;  /* at a syntax error: the innermost collection that was not closed */
} Reader;

static void node_free(gpointer data) {
    Node *node = data;
    g_free(node->text);
    g_clear_pointer(&node->items, g_ptr_array_unref);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_free(node);
}

void document_free(Document *document) {
    if (document == NULL)
        return;
    g_ptr_array_unref(document->nodes);
    g_free(document->text);
    g_free(document);
}

const Node *document_root(const Document *document) {
    return document->root;
}

/* --- Making nodes ------------------------------------------------------------------------------------- */

static Node *add_node(Reader *reader, NodeKind kind, Position position) {
    Node *node = g_new0(Node, 1);
    node->kind = kind;
    node->position = position;
    reader->last = position;
    if (kind == NODE_SEQUENCE || kind == NODE_MAPPING)
        node->items = g_ptr_array_new();
    if (kind == NODE_MAPPING)
        node->keys = g_ptr_array_new();
    g_ptr_array_add(reader->document->nodes, node);
    return node;
}

static void mistake(Reader *reader, Position position, const char *message, const char *hint) {
    diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, position, hint, "%s", message);
}

static Position place_of(Reader *reader, const struct fy_mark *mark, Position otherwise) {
    if (mark == NULL)
        return otherwise;
    return (Position){reader->file, mark->line + 1, mark->column + 1};
}

static Position token_place(Reader *reader, struct fy_token *token, Position otherwise) {
    return place_of(reader, token != NULL ? fy_token_start_mark(token) : NULL, otherwise);
}

/* The library's mark of an anchor, alias or quoted scalar is behind its first sign. */
static Position one_before(Position position) {
    position.column = MAX(position.column - 1, 1);
    return position;
}

/* The library's mark of a block scalar is where its lines begin; people look for the '|' or '>' before. */
static Position block_place(Reader *reader, gsize start, Position position) {
    const char *text = reader->document->text;
    gsize end = start;
    if (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) {
        end -= end > 1 && text[end - 1] == '\n' && text[end - 2] == '\r' ? 2 : 1;
        position.line = MAX(position.line - 1, 1);
    }
    gsize line = end;
    while (line > 0 && text[line - 1] != '\n' && text[line - 1] != '\r')
        line--;
    gsize column = end;
    for (gsize i = line; i < end && text[i] != '#'; i++)
        if (text[i] == '|' || text[i] == '>')
            column = i;
    if (column < end)
        position.column = (int)g_utf8_strlen(text + line, (gssize)(column - line)) + 1;
    return position;
}

static Node *add_scalar(Reader *reader, struct fy_token *token, Position otherwise) {
    Node *node = add_node(reader, NODE_SCALAR, otherwise);
    if (token == NULL) {
        node->text = g_strdup("");
        return node;
    }
    gsize length = 0;
    const char *text = fy_token_get_text(token, &length);
    node->text = g_strndup(text != NULL ? text : "", length);
    enum fy_scalar_style style = fy_token_scalar_style(token);
    node->quoted = style != FYSS_PLAIN && style != FYSS_ANY;

    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);
    if (start == NULL || end == NULL || start->input_pos > end->input_pos || end->input_pos > reader->length)
        return node;
    node->raw = reader->document->text + start->input_pos;
    node->raw_length = end->input_pos - start->input_pos;
    node->raw_position = place_of(reader, start, otherwise);
    node->position = node->raw_position;
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
        node->position = one_before(node->position);
    else if (style == FYSS_LITERAL || style == FYSS_FOLDED)
        node->position = block_place(reader, start->input_pos, node->position);
    return node;
}

static void refuse_properties(Reader *reader, struct fy_token *tag, struct fy_token *anchor,
                              Position position) {
    if (tag != NULL)
        mistake(reader, token_place(reader, tag, position), "YAML tags (!…) are not supported",
                "leave the tag out; a text that looks like a number or a boolean is written in quotes");
    if (anchor != NULL)
        mistake(reader, one_before(token_place(reader, anchor, position)),
                "YAML anchors (&…) are not supported", "write the value out where it is needed");
}

static Node *read_event(Reader *reader, struct fy_event *event, int depth, Position otherwise, bool *failed);

/* The next event, or NULL at a syntax error. */
static struct fy_event *next_event(Reader *reader, bool *failed) {
    struct fy_event *event = fy_parser_parse(reader->parser);
    if (event == NULL)
        *failed = true;
    return event;
}

static void read_items(Reader *reader, Node *sequence, int depth, bool *failed) {
    while (!*failed) {
        struct fy_event *event = next_event(reader, failed);
        if (event == NULL)
            return;
        bool end = event->type == FYET_SEQUENCE_END;
        if (!end)
            g_ptr_array_add(sequence->items, read_event(reader, event, depth, sequence->position, failed));
        fy_parser_event_free(reader->parser, event);
        if (end)
            return;
    }
}

/* Whether a key can be kept: a scalar that isn't there yet. `seen`: key → Node. */
static bool accept_key(Reader *reader, GHashTable *seen, Node *key) {
    if (key->kind != NODE_SCALAR) {
        if (key->kind != NODE_UNKNOWN)
            mistake(reader, key->position, "a key must be a plain word or text", NULL);
        return false;
    }
    if (!key->quoted && g_str_equal(key->text, "<<")) {
        mistake(reader, key->position, "YAML merge keys (<<) are not supported",
                "write the keys out where they are needed");
        return false;
    }
    const Node *first = g_hash_table_lookup(seen, key->text);
    if (first != NULL) {
        g_autofree char *hint = g_strdup_printf("it was first written at line %d", first->position.line);
        diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, key->position, hint, "duplicate key '%s'",
                        key->text);
        return false;
    }
    g_hash_table_insert(seen, key->text, key);
    return true;
}

static void read_pairs(Reader *reader, Node *mapping, int depth, bool *failed) {
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    while (!*failed) {
        struct fy_event *event = next_event(reader, failed);
        if (event == NULL)
            return;
        bool end = event->type == FYET_MAPPING_END;
        Node *key = end ? NULL : read_event(reader, event, depth, mapping->position, failed);
        fy_parser_event_free(reader->parser, event);
        if (end || *failed)
            return;
        event = next_event(reader, failed);
        if (event == NULL)
            return;
        Node *value = read_event(reader, event, depth, key->position, failed);
        fy_parser_event_free(reader->parser, event);
        if (!*failed && accept_key(reader, seen, key)) {
            g_ptr_array_add(mapping->keys, key);
            g_ptr_array_add(mapping->items, value);
        }
    }
}

static Node *read_collection(Reader *reader, struct fy_event *event, int depth, Position otherwise,
                             bool *failed) {
    bool is_mapping = event->type == FYET_MAPPING_START;
    struct fy_token *token =
        is_mapping ? event->mapping_start.mapping_start : event->sequence_start.sequence_start;
    Node *node =
        add_node(reader, is_mapping ? NODE_MAPPING : NODE_SEQUENCE, token_place(reader, token, otherwise));
    refuse_properties(reader, is_mapping ? event->mapping_start.tag : event->sequence_start.tag,
                      is_mapping ? event->mapping_start.anchor : event->sequence_start.anchor,
                      node->position);
    if (depth >= DEPTH_LIMIT) {
        mistake(reader, node->position, "nested more than 64 levels deep", NULL);
        *failed = true;
    } else if (is_mapping) {
        read_pairs(reader, node, depth + 1, failed);
    } else {
        read_items(reader, node, depth + 1, failed);
    }
    if (*failed && reader->open.line == 0)
        reader->open = node->position;
    return node;
}

static Node *read_event(Reader *reader, struct fy_event *event, int depth, Position otherwise, bool *failed) {
    switch (event->type) {
    case FYET_SCALAR: {
        Node *node = add_scalar(reader, event->scalar.value, otherwise);
        refuse_properties(reader, event->scalar.tag, event->scalar.anchor, node->position);
        return node;
    }
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
        return read_collection(reader, event, depth, otherwise, failed);
    default: {
        Position place = one_before(token_place(reader, event->alias.anchor, otherwise));
        mistake(reader, place, "YAML aliases (*…) are not supported",
                "write the value out where it is needed");
        return add_node(reader, NODE_UNKNOWN, place);
    }
    }
}

/* --- A whole file --------------------------------------------------------------------------------------- */

static void read_stream(Reader *reader, bool *failed) {
    Position start = {reader->file, 1, 1};
    bool ended = false;
    while (!*failed && !ended) {
        struct fy_event *event = next_event(reader, failed);
        if (event == NULL)
            return;
        if (event->type == FYET_STREAM_END) {
            ended = true;
        } else if (event->type == FYET_DOCUMENT_START && reader->document->root != NULL) {
            mistake(reader, token_place(reader, event->document_start.document_start, start),
                    "a second YAML document (after ---) in one file", "put it into a file of its own");
            ended = true;
        } else if (event->type == FYET_SCALAR || event->type == FYET_MAPPING_START ||
                   event->type == FYET_SEQUENCE_START || event->type == FYET_ALIAS) {
            reader->document->root = read_event(reader, event, 0, start, failed);
        }
        fy_parser_event_free(reader->parser, event);
    }
}

/* The library refuses some texts without a word. */
static void report_syntax(Reader *reader, struct fy_diag *diag) {
    void *iterator = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    if (error == NULL) {
        if (diagnostics_count(reader->diagnostics, DIAGNOSTIC_ERROR) == reader->mistakes)
            mistake(reader, reader->last, "YAML: what follows here can't be read",
                    "look for a block scalar ('|' or '>') with a wrong digit, and for quotes");
        return;
    }
    Position place = {reader->file, MAX(error->line, 1), MAX(error->column, 1)};
    bool unclosed =
        strstr(error->msg, "flow") != NULL && reader->open.line > 0 && reader->open.line < place.line;
    const char *hint = strstr(error->msg, "tab character") != NULL ? "indent with spaces" : NULL;
    g_autofree char *opened = unclosed ? g_strdup_printf("it is noticed at line %d only", place.line) : NULL;
    diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, unclosed ? reader->open : place,
                    unclosed ? opened : hint, "YAML: %s", error->msg);
}

static bool parse_events(Reader *reader) {
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2,
                                  .diag = diag};
    reader->parser = fy_parser_create(&config);
    bool failed = fy_parser_set_string(reader->parser, reader->document->text, reader->length) != 0;
    if (!failed)
        read_stream(reader, &failed);
    if (failed)
        report_syntax(reader, diag);
    fy_parser_destroy(reader->parser);
    fy_diag_destroy(diag);
    return !failed;
}

static Position place_at(const char *file, const char *text, gsize offset) {
    Position place = {file, 1, 1};
    for (const char *c = text; c < text + offset; c = g_utf8_next_char(c)) {
        place.column++;
        if (*c == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return place;
}

/* What the library doesn't check before it reads. */
static bool check_bytes(const char *file, const char *text, gsize length, Diagnostics *diagnostics) {
    if (length > DOCUMENT_LIMIT) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, (Position){file, 0, 0}, NULL,
                        "the file is larger than 4 MiB");
        return false;
    }
    const char *bad = NULL;
    if (g_utf8_validate(text, (gssize)length, &bad))
        return true;
    Position place = place_at(file, text, (gsize)(bad - text));
    if (*bad == '\0')
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place, NULL, "a NUL byte in the text");
    else
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place, "save the file as UTF-8",
                        "the byte 0x%02x is not UTF-8", (guchar)*bad);
    return false;
}

Document *document_parse(const char *file, const char *text, gsize length, Diagnostics *diagnostics) {
    const char *name = g_intern_string(file);
    diagnostics_add_source(diagnostics, name, text, MIN(length, DOCUMENT_LIMIT));
    if (!check_bytes(name, text, length, diagnostics))
        return NULL;
    g_autoptr(Document) document = g_new0(Document, 1);
    document->text = g_strndup(text, length);
    document->nodes = g_ptr_array_new_with_free_func(node_free);
    Reader reader = {.document = document, .file = name, .length = length, .diagnostics = diagnostics};
    reader.last = (Position){name, 1, 1};
    reader.mistakes = diagnostics_count(diagnostics, DIAGNOSTIC_ERROR);
    if (!parse_events(&reader))
        return NULL;
    if (document->root == NULL || node_is_null(document->root))
        document->root = add_node(&reader, NODE_MAPPING, (Position){name, 1, 1});
    return g_steal_pointer(&document);
}

Document *document_read(const char *path, const char *shown, Position at, Diagnostics *diagnostics) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = files_read(path, DOCUMENT_LIMIT, &error);
    if (bytes == NULL) {
        if (g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, at, NULL, "there is no file '%s'", shown);
        else
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, at, error_hint(error), "%s", error->message);
        return NULL;
    }
    gsize length = 0;
    const char *text = g_bytes_get_data(bytes, &length);
    return document_parse(shown, text != NULL ? text : "", length, diagnostics);
}

/* --- Reading nodes -------------------------------------------------------------------------------------- */

static gssize find_key(const Node *mapping, const char *key) {
    if (mapping != NULL && mapping->kind == NODE_MAPPING)
        for (guint i = 0; i < mapping->keys->len; i++)
            if (g_str_equal(((Node *)mapping->keys->pdata[i])->text, key))
                return i;
    return -1;
}

const Node *node_get(const Node *mapping, const char *key) {
    gssize i = find_key(mapping, key);
    return i >= 0 ? mapping->items->pdata[i] : NULL;
}

Position node_key_position(const Node *mapping, const char *key) {
    gssize i = find_key(mapping, key);
    return i >= 0 ? ((Node *)mapping->keys->pdata[i])->position : mapping->position;
}

Position node_expression_position(const Node *scalar, gsize offset) {
    guint wanted = 0;
    for (gsize i = 0; i < offset && scalar->text[i] != '\0'; i++)
        wanted += scalar->text[i] == '$';
    for (gsize i = 0; i < scalar->raw_length; i++) {
        if (scalar->raw[i] != '$' || wanted-- > 0)
            continue;
        Position inside = place_at(NULL, scalar->raw, i);
        int first = inside.line == 1 ? scalar->raw_position.column : 1;
        return (Position){scalar->raw_position.file, scalar->raw_position.line + inside.line - 1,
                          first + inside.column - 1};
    }
    return scalar->position;
}

static bool is_plain(const Node *node) {
    return node->kind == NODE_SCALAR && !node->quoted;
}

static bool is_one_of(const char *text, const char *const *words) {
    return g_strv_contains(words, text);
}

bool node_is_null(const Node *node) {
    static const char *const WORDS[] = {"", "~", "null", "Null", "NULL", NULL};
    return is_plain(node) && is_one_of(node->text, WORDS);
}

bool node_boolean(const Node *node, bool *value) {
    static const char *const TRUE_WORDS[] = {"true", "True", "TRUE", NULL};
    static const char *const FALSE_WORDS[] = {"false", "False", "FALSE", NULL};
    if (!is_plain(node))
        return false;
    bool is_true = is_one_of(node->text, TRUE_WORDS);
    if (!is_true && !is_one_of(node->text, FALSE_WORDS))
        return false;
    *value = is_true;
    return true;
}

bool node_integer(const Node *node, gint64 *value) {
    if (!is_plain(node))
        return false;
    const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    const char *text = node->text[0] == '+' ? digits : node->text;
    return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, value, NULL);
}

bool node_number(const Node *node, double *value) {
    if (!is_plain(node) || node->text[strspn(node->text, "+-.0123456789eE")] != '\0' ||
        strpbrk(node->text, "0123456789") == NULL)
        return false;
    char *end = NULL;
    double number = g_ascii_strtod(node->text, &end);
    if (*end != '\0' || !isfinite(number))
        return false;
    *value = number;
    return true;
}

const char *node_kind_name(const Node *node) {
    bool boolean;
    double number;
    switch (node->kind) {
    case NODE_MAPPING:
        return "a mapping";
    case NODE_SEQUENCE:
        return "a list";
    case NODE_UNKNOWN:
        return "an alias";
    case NODE_SCALAR:
        break;
    }
    if (node_is_null(node))
        return "nothing";
    if (node_boolean(node, &boolean))
        return "a boolean";
    return node_number(node, &number) ? "a number" : "text";
}
