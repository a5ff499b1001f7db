/* SPDX-License-Identifier: Apache-2.0 */
#include "server/answer.h"

#include <stdlib.h>
#include <string.h>

#include "server/error.h"

enum { STREAM_PIECE = 16 * 1024 };

void answer_free(Answer *answer) {
    if (answer == NULL)
        return;
    MHD_destroy_response(answer->response);
    g_free(answer);
}

static Answer *answer_new(guint status, const char *type, struct MHD_Response *response) {
    Answer *answer = g_new0(Answer, 1);
    answer->status = status;
    answer->response = response;
    if (type != NULL)
        answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    return answer;
}

void answer_header(Answer *answer, const char *name, const char *value) {
    MHD_add_response_header(answer->response, name, value);
}

/* jansson's text is of malloc(), as libmicrohttpd wants it. */
Answer *answer_json(guint status, json_t *value) {
    if (value == NULL)
        return NULL;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    return answer_new(status, "application/json", response);
}

Answer *answer_text(guint status, const char *type, const char *text) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    return answer_new(status, type, response);
}

static void release_bytes(void *bytes) {
    g_bytes_unref(bytes);
}

Answer *answer_bytes(guint status, const char *type, GBytes *bytes) {
    gsize length;
    gconstpointer data = g_bytes_get_data(bytes, &length);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        length, (void *)data, release_bytes, g_bytes_ref(bytes));
    return answer_new(status, type, response);
}

Answer *answer_file(const char *type, int file, guint64 offset, guint64 size) {
    return answer_new(MHD_HTTP_OK, type, MHD_create_response_from_fd_at_offset64(size, file, offset));
}

Answer *answer_empty(guint status) {
    return answer_new(status, NULL, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

/* What a program said, or a file is called, may be no UTF-8. */
static json_t *text_of(const char *text) {
    if (text == NULL)
        return json_null();
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

Answer *answer_error(const GError *error) {
    return answer_json(error_http_status(error),
                       json_pack("{s:{s:o,s:o}}", "error", "message", text_of(error->message), "hint",
                                 text_of(error_hint(error))));
}

Answer *answer_error_text(const GError *error) {
    g_autofree char *line = g_strconcat(error->message, "\n", NULL);
    return answer_text(error_http_status(error), "text/plain; charset=utf-8", line);
}

Answer *answer_stream(const char *type, MHD_ContentReaderCallback reader, gpointer state,
                      GDestroyNotify release) {
    return answer_new(
        MHD_HTTP_OK, type,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE, reader, state, release));
}
