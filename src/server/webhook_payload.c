/* SPDX-License-Identifier: Apache-2.0 */
#include "server/webhook_payload.h"

#include <string.h>

#include "base/json.h"
#include "server/error.h"

enum { PAYLOAD_MOST = 1024 * 1024, DEPTH_MOST = 32, ADDRESS_MOST = 2048 };

static const char *const ADDRESSES[] = {"clone_url", "ssh_url", "git_url", "html_url"};

static void refuse(GError **error, const char *message) {
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID,
              "the webhook's content type must be application/json, its event a push", "%s", message);
}

/* Looked at before it is read, since reading goes as deep as the text does. */
static bool is_shallow(const char *text, gsize length) {
    int depth = 0;
    bool in_string = false;
    for (gsize i = 0; i < length; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!in_string && (text[i] == '}' || text[i] == ']'))
            depth--;
        if (depth > DEPTH_MOST)
            return false;
    }
    return true;
}

static bool is_address(const char *text) {
    gsize length = strlen(text);
    if (length == 0 || length > ADDRESS_MOST || text[0] == '-')
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c))
            return false;
    return true;
}

static char **collect(const json_t *repository) {
    g_autoptr(GStrvBuilder) addresses = g_strv_builder_new();
    for (gsize i = 0; i < G_N_ELEMENTS(ADDRESSES); i++) {
        const char *text = json_get_string(repository, ADDRESSES[i]);
        if (text != NULL && is_address(text))
            g_strv_builder_add(addresses, text);
    }
    return g_strv_builder_end(addresses);
}

char **webhook_payload_addresses(const char *text, gsize length, GError **error) {
    if (length > PAYLOAD_MOST || !is_shallow(text, length)) {
        refuse(error, "the payload is too large or nested too deep");
        return NULL;
    }
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) payload = json_read(text, length, "the payload", &problem);
    if (payload == NULL) {
        refuse(error, problem->message);
        return NULL;
    }
    g_auto(GStrv) addresses = collect(json_object_get(payload, "repository"));
    if (addresses[0] != NULL)
        return g_steal_pointer(&addresses);
    refuse(error, "the payload names no repository");
    return NULL;
}
