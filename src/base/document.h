/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents with positions: YAML 1.2 (and so JSON) read into a tree in which every key and value knows its
 * place.
 *
 * Limits: 4 MiB, UTF-8 without NUL, nesting of 64. Aliases, merge keys, tags, duplicate keys and several
 * documents in a file are mistakes. Scalars are kept as written; what type they have is for the reader to say
 * ("1.10" is no number).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diagnostics.h"

#define DOCUMENT_LIMIT ((gsize)4 * 1024 * 1024)

/* NODE_UNKNOWN is what an alias stood for: the mistake was reported, readers pass over it. */
typedef enum { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING, NODE_UNKNOWN } NodeKind;

typedef struct Node Node;

/* One value. Owned by its document. */
struct Node {
    NodeKind kind;
    Position position; /* of its first character */
    char *text;        /* of a scalar, else NULL */
    bool quoted;       /* a scalar in quotes or a block scalar: always a string */
    GPtrArray *items;  /* of a sequence or mapping: its values, Node, else NULL */
    GPtrArray *keys;   /* of a mapping: its keys in order, Node scalars, beside items */
    const char *raw;   /* of a scalar that isn't empty: what stands in the file for it, without quotes */
    gsize raw_length;
    Position raw_position; /* of its first character */
};

typedef struct Document Document;

/* Reads a text. Mistakes go to `diagnostics` (the text is added as its source under `file`); NULL when there
 * is a syntax error, which ends this file's pass. An empty file is an empty mapping. */
Document *document_parse(const char *file, const char *text, gsize length, Diagnostics *diagnostics);

/* As document_parse() of a file's bytes, shown as `shown` in messages; a file that can't be read is a mistake
 * at `at`. */
Document *document_read(const char *path, const char *shown, Position at, Diagnostics *diagnostics);

void document_free(Document *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Document, document_free)

/* The root. Owned by the document. */
const Node *document_root(const Document *document);

/* The value of `key` in a mapping, or NULL. */
const Node *node_get(const Node *mapping, const char *key);

/* The position of the key itself, or of the mapping where it isn't there. */
Position node_key_position(const Node *mapping, const char *key);

/* The place in the file of the '$' at byte `offset` of a scalar's text, whatever the scalar's style. */
Position node_expression_position(const Node *scalar, gsize offset);

/* Whether a scalar is null as YAML's core schema says (unquoted: empty, ~, null). */
bool node_is_null(const Node *node);

/* Core schema: an unquoted true/false; an unquoted integer; an unquoted number. False where it is none. */
bool node_boolean(const Node *node, bool *value);
bool node_integer(const Node *node, gint64 *value);
bool node_number(const Node *node, double *value);

/* "a mapping", "a list", "text", "a number", … for messages. */
const char *node_kind_name(const Node *node);
