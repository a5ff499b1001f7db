/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/credentials.h"

#include <string.h>

#include "base/files.h"

#define VARIABLE_PREFIX "SLUICE_REPOSITORY_"
#define SECRET_LIMIT ((gsize)64 * 1024)
#define NETRC_LIMIT ((gsize)1024 * 1024)

void credentials_free(Credentials *credentials) {
    if (credentials == NULL)
        return;
    g_free(credentials->username);
    g_free(credentials->password);
    g_free(credentials->token);
    g_free(credentials);
}

static char *variable_name(const char *id, const char *what) {
    g_autofree char *upper = g_strdelimit(g_ascii_strup(id, -1), "-", '_');
    return g_strconcat(VARIABLE_PREFIX, upper, "_", what, NULL);
}

char *credentials_hint(const char *id) {
    if (id == NULL)
        return g_strdup("give its host a login in ~/.netrc");
    g_autofree char *username = variable_name(id, "USERNAME");
    g_autofree char *token = variable_name(id, "TOKEN");
    return g_strdup_printf(
        "set %s and …_PASSWORD, or %s, or give server '%s' in ~/.m2/settings.xml a password", username, token,
        id);
}

/* The variable's value, or the content of the file that NAME_FILE names; *value is NULL where neither is set.
 */
static bool read_variable(const char *id, const char *what, char **value, GError **error) {
    g_autofree char *name = variable_name(id, what);
    g_autofree char *file_name = g_strconcat(name, "_FILE", NULL);
    const char *file = g_getenv(file_name);
    if (g_getenv(name) != NULL || file == NULL) {
        *value = g_strdup(g_getenv(name));
        return true;
    }
    *value = files_read_text(file, SECRET_LIMIT, error);
    if (*value == NULL) {
        g_prefix_error(error, "%s: ", file_name);
        return false;
    }
    g_strchomp(*value);
    return true;
}

static bool is_empty(const Credentials *credentials) {
    return credentials->username == NULL && credentials->token == NULL;
}

static void from_spec(const RepositorySpec *spec, Credentials *credentials) {
    credentials->username = g_strdup(spec->username);
    credentials->password = g_strdup(spec->password);
    credentials->token = g_strdup(spec->token);
}

static bool from_environment(const char *id, Credentials *credentials, GError **error) {
    return read_variable(id, "TOKEN", &credentials->token, error) &&
           read_variable(id, "USERNAME", &credentials->username, error) &&
           read_variable(id, "PASSWORD", &credentials->password, error);
}

static bool from_settings(const char *id, const Settings *settings, Credentials *credentials,
                          GError **error) {
    const SettingsServer *server = settings_find_server(settings, id);
    if (server == NULL)
        return true;
    if (server->password != NULL && server->password[0] == '{') {
        g_autofree char *hint = credentials_hint(id);
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_DENIED, hint,
                  "the password of server '%s' in settings.xml is encrypted, which sluice can't read", id);
        return false;
    }
    credentials->username = g_strdup(server->username);
    credentials->password = g_strdup(server->password);
    return true;
}

/* The next word of netrc's text; words may be quoted. */
static char *next_word(const char **cursor) {
    *cursor += strspn(*cursor, " \t\r\n");
    if (**cursor == '\0')
        return NULL;
    g_autoptr(GString) word = g_string_new(NULL);
    bool quoted = **cursor == '"';
    if (quoted)
        (*cursor)++;
    const char *stops = quoted ? "\"" : " \t\r\n";
    for (; **cursor != '\0' && strchr(stops, **cursor) == NULL; (*cursor)++) {
        if (quoted && **cursor == '\\' && (*cursor)[1] != '\0')
            (*cursor)++;
        g_string_append_c(word, **cursor);
    }
    if (quoted && **cursor == '"')
        (*cursor)++;
    return g_string_free(g_steal_pointer(&word), FALSE);
}

static void skip_macro(const char **cursor) {
    const char *end = strstr(*cursor, "\n\n");
    *cursor = end != NULL ? end : *cursor + strlen(*cursor);
}

bool credentials_parse_netrc(const char *text, const char *host, Credentials *credentials) {
    bool applies = false;
    for (const char *cursor = text; credentials->username == NULL || credentials->password == NULL;) {
        g_autofree char *word = next_word(&cursor);
        if (word == NULL)
            break;
        bool is_machine = g_str_equal(word, "machine"), is_default = g_str_equal(word, "default");
        if ((is_machine || is_default) && applies)
            break;
        g_autofree char *value = is_default ? NULL : next_word(&cursor);
        if (is_machine || is_default)
            applies = is_default || (value != NULL && g_ascii_strcasecmp(value, host) == 0);
        else if (g_str_equal(word, "macdef"))
            skip_macro(&cursor);
        else if (applies && g_str_equal(word, "login") && credentials->username == NULL)
            credentials->username = g_steal_pointer(&value);
        else if (applies && g_str_equal(word, "password") && credentials->password == NULL)
            credentials->password = g_steal_pointer(&value);
    }
    return credentials->username != NULL;
}

static void from_netrc(const char *url, Credentials *credentials) {
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    if (uri == NULL || g_uri_get_host(uri) == NULL)
        return;
    g_autofree char *path = g_getenv("NETRC") != NULL ? g_strdup(g_getenv("NETRC"))
                                                      : g_build_filename(g_get_home_dir(), ".netrc", NULL);
    g_autofree char *text = files_read_text(path, NETRC_LIMIT, NULL);
    if (text != NULL)
        credentials_parse_netrc(text, g_uri_get_host(uri), credentials);
}

Credentials *credentials_find(const char *id, const char *url, const RepositorySpec *spec,
                              const Settings *settings, GError **error) {
    g_autoptr(Credentials) credentials = g_new0(Credentials, 1);
    if (spec != NULL)
        from_spec(spec, credentials);
    if (id != NULL && is_empty(credentials) && !from_environment(id, credentials, error))
        return NULL;
    if (id != NULL && is_empty(credentials) && !from_settings(id, settings, credentials, error))
        return NULL;
    if (is_empty(credentials))
        from_netrc(url, credentials);
    return g_steal_pointer(&credentials);
}
