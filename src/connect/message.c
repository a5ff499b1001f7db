/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/message.h"

#include <string.h>

#include "base/json.h"

#define PAGE_SIZE 4096 /* bytes of an answer that is no JSON looked at */
#define REFUSED "Connector configuration is invalid and contains the following"
#define LAST_LINE "You can also find the above list of errors"
#define LIST_OF_PLUGINS ", available connectors are:"

/* Connect says {"error_code","message"}; its 401 is plain text labelled JSON, and Jetty's own errors are
 * pages. */
char *message_read(const HttpResponse *response) {
    gsize length;
    const char *data = g_bytes_get_data(response->body, &length);
    g_autoptr(json_t) json = json_read(data != NULL ? data : "", length, "answer", NULL);
    const char *message = json_is_object(json) ? json_get_string(json, "message") : NULL;
    if (message != NULL && json_object_get(json, "error_code") == NULL)
        return g_strdup_printf("the web server's 'Error %ld %s'", response->status, message);
    if (message != NULL)
        return g_strdup(message);
    g_autofree char *text = g_strndup(data != NULL ? data : "", MIN(length, PAGE_SIZE));
    const char *title = strstr(text, "<title>");
    const char *end = title != NULL ? strstr(title, "</title>") : NULL;
    if (end == NULL)
        return g_steal_pointer(&text);
    return g_strdup_printf("a page '%.*s'", (int)(end - title) - 7, title + 7);
}

static bool is_connects_wording(const char *line) {
    static const char *const beginnings[] = {
        "Invalid value ", "Missing required configuration ", "Null value can not ", "Plugin ",
        "Class ",         "Unknown configuration "};
    for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++) {
        if (g_str_has_prefix(line, beginnings[i]))
            return true;
    }
    return false;
}

/* "Connector configuration is invalid and contains the following N error(s):\n…\nYou can also find …" */
static char *unframe(const char *message, bool has_references) {
    if (!g_str_has_prefix(message, REFUSED))
        return g_strdup(message);
    g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
    g_autoptr(GString) text = g_string_new("the config is refused:");
    for (guint i = 1; lines[i] != NULL && !g_str_has_prefix(lines[i], LAST_LINE); i++) {
        bool shown = !has_references || is_connects_wording(lines[i]);
        g_string_append_printf(text, "%s %s", i > 1 ? ";" : "",
                               shown ? lines[i] : "(a message that may hold a resolved secret)");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *message_show(const char *message, const Secrets *secrets) {
    g_autofree char *text = unframe(message, secrets_has_references(secrets));
    char *list = strstr(text, LIST_OF_PLUGINS);
    if (list != NULL)
        *list = '\0';
    return secrets_redact_line(secrets, text);
}
