/* SPDX-License-Identifier: Apache-2.0 */
#include "server/request.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>

#include "server/error.h"

const char *request_header(const Request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* --- The query ------------------------------------------------------------------------------------------ */

const char *request_text(const Request *request, const char *name) {
    const char *value = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    return value != NULL && value[0] != '\0' && g_utf8_validate(value, -1, NULL) ? value : NULL;
}

bool request_boolean(const Request *request, const char *name, bool *value, GError **error) {
    const char *text = request_text(request, name);
    bool is_true = text != NULL && g_str_equal(text, "true");
    if (text != NULL && !is_true && !g_str_equal(text, "false")) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL, "'%s' must be true or false", name);
        return false;
    }
    *value = is_true;
    return true;
}

bool request_integer(const Request *request, const char *name, gint64 least, gint64 most, gint64 *value,
                     GError **error) {
    const char *text = request_text(request, name);
    if (text == NULL)
        return true;
    if (g_ascii_string_to_signed(text, 10, least, most, value, NULL))
        return true;
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL,
              "'%s' must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name, least,
              most);
    return false;
}

/* --- The body ------------------------------------------------------------------------------------------- */

static bool is_json(const Request *request, GError **error) {
    const char *type = request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (type != NULL && g_ascii_strncasecmp(type, "application/json", strlen("application/json")) == 0)
        return true;
    error_set(error, SERVER_ERROR, SERVER_ERROR_MEDIA, "send it with: Content-Type: application/json",
              "the body must be JSON");
    return false;
}

static bool check_keys(json_t *object, const char *const *keys, GError **error) {
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        if (keys != NULL && g_strv_contains(keys, key))
            continue;
        g_autofree char *known = keys != NULL ? g_strjoinv(", ", (char **)keys) : g_strdup("none");
        g_autofree char *hint = g_strdup_printf("known here: %s", known);
        error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, hint, "the body has an unknown key '%s'", key);
        return false;
    }
    return true;
}

json_t *request_object(const Request *request, const char *const *keys, GError **error) {
    if (request->body->len == 0)
        return json_object();
    if (!is_json(request, error))
        return NULL;
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) value =
        json_read((const char *)request->body->data, request->body->len, "the body", &problem);
    if (value != NULL && json_is_object(value))
        return check_keys(value, keys, error) ? g_steal_pointer(&value) : NULL;
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL, "%s",
              problem != NULL ? problem->message : "the body must be a JSON object");
    return NULL;
}

const char *request_member(const json_t *body, const char *key, gsize limit, GError **error) {
    const char *text = json_get_string(body, key);
    if (text != NULL && text[0] != '\0' && strlen(text) <= limit)
        return text;
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL,
              "the body needs '%s', a text of at most %zu bytes", key, limit);
    return NULL;
}

/* --- The connection ------------------------------------------------------------------------------------- */

static socklen_t address_length(const struct sockaddr *address) {
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

char *request_address(const Request *request) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[NI_MAXHOST] = "";
    if (info != NULL && info->client_addr != NULL)
        getnameinfo(info->client_addr, address_length(info->client_addr), text, sizeof text, NULL, 0,
                    NI_NUMERICHOST);
    return g_strdup(text);
}

int request_socket(const Request *request) {
    return MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Idle time counts anew from when there is a limit again. */
void connection_touch(struct MHD_Connection *connection, guint idle_s) {
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, idle_s);
}

bool connection_is_gone(int socket) {
    struct pollfd poller = {.fd = socket, .events = POLLRDHUP};
    return poll(&poller, 1, 0) > 0 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
