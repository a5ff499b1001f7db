/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a handler gives back: a status, headers and a body, which is whole, a piece of a file, or a stream
 * that a function feeds. The server sends it and adds what every answer has.
 */
#pragma once

#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "base/json.h"

typedef struct {
    guint status;
    struct MHD_Response *response;
} Answer;

void answer_free(Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

/* JSON; takes `value`. NULL for NULL: what was to be told failed. */
Answer *answer_json(guint status, json_t *value);

/* A text. */
Answer *answer_text(guint status, const char *type, const char *text);

/* Bytes that are shared, not copied. */
Answer *answer_bytes(guint status, const char *type, GBytes *bytes);

/* `size` bytes of an open file from `offset` on; takes `file`. */
Answer *answer_file(const char *type, int file, guint64 offset, guint64 size);

/* No body. */
Answer *answer_empty(guint status);

/* {"error": {"message", "hint"}} with the status of the error's kind. */
Answer *answer_error(const GError *error);
/* The same as a line of text, for the paths that browsers open. */
Answer *answer_error_text(const GError *error);

/* A body that `reader` gives piece by piece, called by the connection's own thread, which it may block.
 * `release` frees `state`, whether or not anything was read. */
Answer *answer_stream(const char *type, MHD_ContentReaderCallback reader, gpointer state,
                      GDestroyNotify release);

void answer_header(Answer *answer, const char *name, const char *value);
