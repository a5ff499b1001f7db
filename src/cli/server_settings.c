/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server_settings.h"

#include <string.h>
#include <sys/stat.h>

#include "base/document.h"
#include "base/files.h"
#include "cli/command.h"

#define CONFIGURATION_LIMIT ((gsize)64 * 1024)
#define TOKEN_LIMIT ((gsize)4 * 1024)
#define URL_HINT "an address looks like https://sluice.acme.example or http://127.0.0.1:8080"

/* The configuration file as it was read. */
typedef struct {
    char *path;
    Document *document; /* NULL: there is no file */
    const Node *server; /* NULL: not said */
    const Node *token;  /* NULL: not said */
} Configuration;

static void configuration_clear(Configuration *configuration) {
    g_clear_pointer(&configuration->document, document_free);
    g_clear_pointer(&configuration->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Configuration, configuration_clear)

void server_settings_free(ServerSettings *settings) {
    if (settings == NULL)
        return;
    g_free(settings->url);
    g_free(settings->token);
    g_free(settings->source);
    g_free(settings);
}

/* An environment variable; NULL where it is empty, too. */
static const char *variable_of(const char *name) {
    const char *value = g_getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* Where a mistake is, but never the line itself: it may hold the token. */
static G_GNUC_PRINTF(4, 5) bool mistake(GError **error, Position at, const char *hint, const char *format,
                                        ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "%s:%d:%d: %s", at.file, at.line, at.column, text);
    return false;
}

static bool first_mistake(const Diagnostics *diagnostics, const char *path, GError **error) {
    g_autoptr(json_t) all = diagnostics_to_json(diagnostics);
    const json_t *first = json_array_get(all, 0);
    const Position at = {path, (int)json_get_integer(first, "line", 0),
                         (int)json_get_integer(first, "column", 0)};
    const char *message = json_get_string(first, "message");
    return mistake(error, at, json_get_string(first, "hint"), "%s", message != NULL ? message : "unreadable");
}

static bool take_keys(Configuration *configuration, GError **error) {
    static const char *const known[] = {"server", "token", NULL};
    const Node *root = document_root(configuration->document);
    if (root->kind != NODE_MAPPING)
        return mistake(error, root->position, "it says server: URL and token: …",
                       "the configuration must be a mapping");
    for (guint i = 0; i < root->keys->len; i++) {
        const Node *key = root->keys->pdata[i];
        g_autofree char *hint = diagnostics_did_you_mean(key->text, known);
        if (!g_strv_contains(known, key->text))
            return mistake(error, key->position, hint != NULL ? hint : "it has server and token",
                           "unknown key '%s'", key->text);
    }
    configuration->server = node_get(root, "server");
    configuration->token = node_get(root, "token");
    return true;
}

/* Whoever can read the file has the token. */
static bool check_private(const Configuration *configuration, GError **error) {
    struct stat about;
    if (configuration->token == NULL || configuration->token->kind != NODE_SCALAR ||
        stat(configuration->path, &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return true;
    g_autofree char *hint = g_strdup_printf("chmod 600 %s", configuration->path);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "'%s' holds a token, and others can read it",
              configuration->path);
    return false;
}

static bool read_configuration(Configuration *configuration, GError **error) {
    g_autoptr(GError) problem = NULL;
    configuration->path = g_build_filename(g_get_user_config_dir(), "sluice", "config.yaml", NULL);
    g_autofree char *text = files_read_text(configuration->path, CONFIGURATION_LIMIT, &problem);
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return true;
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    configuration->document = document_parse(configuration->path, text, strlen(text), diagnostics);
    if (configuration->document == NULL || diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) > 0)
        return first_mistake(diagnostics, configuration->path, error);
    return take_keys(configuration, error) && check_private(configuration, error);
}

/* The port where it isn't the scheme's own, else -1. */
static int own_port(GUri *uri) {
    int port = g_uri_get_port(uri);
    return port == (g_str_equal(g_uri_get_scheme(uri), "https") ? 443 : 80) ? -1 : port;
}

/* An address without what makes two of the same look different; NULL where it is none. Never shown while it
 * isn't known to hold no password. */
static char *normal_url(const char *text, const char *where, GError **error) {
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
    const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
    if ((!g_str_equal(scheme, "http") && !g_str_equal(scheme, "https")) || host == NULL || *host == '\0') {
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, URL_HINT, "%s is no http or https address", where);
        return NULL;
    }
    if (g_uri_get_userinfo(uri) != NULL || g_uri_get_query(uri) != NULL || g_uri_get_fragment(uri) != NULL) {
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, URL_HINT "; the token goes into SLUICE_TOKEN",
                  "%s must be an address alone, with no user, query or fragment", where);
        return NULL;
    }
    g_autofree char *lower = g_ascii_strdown(host, -1);
    g_autofree char *path = g_strdup(g_uri_get_path(uri));
    for (gsize length = strlen(path); length > 0 && path[length - 1] == '/'; length--)
        path[length - 1] = '\0';
    return g_uri_join(G_URI_FLAGS_ENCODED, scheme, NULL, lower, own_port(uri), path, NULL, NULL);
}

static char *configured_url(const Configuration *configuration, GError **error) {
    const Node *server = configuration->server;
    if (server->kind != NODE_SCALAR) {
        mistake(error, server->position, URL_HINT, "server must be an address");
        return NULL;
    }
    g_autofree char *where = g_strdup_printf("%s:%d:%d: server", server->position.file, server->position.line,
                                             server->position.column);
    return normal_url(server->text, where, error);
}

static char *choose_url(const char *option, const Configuration *configuration, GError **error) {
    const char *variable = variable_of("SLUICE_SERVER");
    if (option != NULL)
        return normal_url(option, "--server", error);
    if (variable != NULL)
        return normal_url(variable, "SLUICE_SERVER", error);
    if (configuration->server != NULL)
        return configured_url(configuration, error);
    g_autofree char *hint = g_strdup_printf(
        "give --server URL, set SLUICE_SERVER, or write 'server: URL' into %s", configuration->path);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "no server is said");
    return NULL;
}

/* { file: PATH }, from the configuration's folder on, or { env: NAME }. */
static char *token_from(const Configuration *configuration, GError **error) {
    const Node *token = configuration->token;
    const char *key = token->keys->len == 1 ? ((Node *)token->keys->pdata[0])->text : "";
    const Node *value = token->keys->len == 1 ? token->items->pdata[0] : token;
    if (value->kind != NODE_SCALAR || (!g_str_equal(key, "file") && !g_str_equal(key, "env"))) {
        mistake(error, token->position, NULL, "token is { file: PATH }, { env: NAME }, or the token itself");
        return NULL;
    }
    if (g_str_equal(key, "env")) {
        const char *variable = g_getenv(value->text);
        if (variable == NULL)
            mistake(error, value->position, NULL, "the environment variable '%s' is not set", value->text);
        return g_strdup(variable);
    }
    g_autofree char *folder = g_path_get_dirname(configuration->path);
    g_autofree char *path = files_resolve(folder, value->text);
    char *text = files_read_text(path, TOKEN_LIMIT, error);
    g_prefix_error(error, "%s:%d:%d: token: ", value->position.file, value->position.line,
                   value->position.column);
    return text;
}

static char *configured_token(const Configuration *configuration, GError **error) {
    const Node *token = configuration->token;
    g_autofree char *text = NULL;
    if (token->kind == NODE_SCALAR)
        text = node_is_null(token) ? g_strdup("") : g_strdup(token->text);
    else if (token->kind == NODE_MAPPING)
        text = token_from(configuration, error);
    else
        mistake(error, token->position, NULL, "token is { file: PATH }, { env: NAME }, or the token itself");
    if (text == NULL)
        return NULL;
    if (*g_strstrip(text) != '\0')
        return g_steal_pointer(&text);
    mistake(error, token->position, NULL, "the token is empty");
    return NULL;
}

/* Whether the file's token may go to the server that was chosen. */
static bool check_meant_for(const Configuration *configuration, const char *url, GError **error) {
    if (configuration->server == NULL)
        return true;
    g_autofree char *own = configured_url(configuration, error);
    if (own == NULL)
        return false;
    if (g_str_equal(own, url))
        return true;
    g_autofree char *hint =
        g_strdup_printf("the one in %s is for %s; set SLUICE_TOKEN", configuration->path, own);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "there is no token for %s", url);
    return false;
}

static bool choose_token(ServerSettings *settings, const Configuration *configuration, GError **error) {
    const char *variable = variable_of("SLUICE_TOKEN");
    if (variable != NULL) {
        settings->token = g_strstrip(g_strdup(variable));
        settings->source = g_strdup("SLUICE_TOKEN");
        return true;
    }
    if (configuration->token == NULL) {
        g_autofree char *hint = g_strdup_printf("set SLUICE_TOKEN, or write 'token: { file: PATH }' into %s",
                                                configuration->path);
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "there is no token for %s", settings->url);
        return false;
    }
    if (!check_meant_for(configuration, settings->url, error))
        return false;
    settings->token = configured_token(configuration, error);
    settings->source = g_strdup(configuration->path);
    return settings->token != NULL;
}

static bool is_loopback(const char *host) {
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
    return address != NULL ? g_inet_address_get_is_loopback(address) : g_str_equal(host, "localhost");
}

/* Without TLS everyone on the way could read the token. */
static bool check_secure(const char *url, GError **error) {
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
    if (g_str_equal(g_uri_get_scheme(uri), "https") || is_loopback(g_uri_get_host(uri)))
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE,
              "use https, or a tunnel: ssh -L 8080:127.0.0.1:8080 HOST, then --server http://127.0.0.1:8080",
              "a token is not sent to %s: without TLS everyone on the way could read it", url);
    return false;
}

ServerSettings *server_settings_read(const char *server, GError **error) {
    g_auto(Configuration) configuration = {0};
    g_autoptr(ServerSettings) settings = g_new0(ServerSettings, 1);
    bool all_said =
        variable_of("SLUICE_TOKEN") != NULL && (server != NULL || variable_of("SLUICE_SERVER") != NULL);
    if (!all_said && !read_configuration(&configuration, error))
        return NULL;
    settings->url = choose_url(server, &configuration, error);
    if (settings->url == NULL || !check_secure(settings->url, error) ||
        !choose_token(settings, &configuration, error))
        return NULL;
    return g_steal_pointer(&settings);
}
