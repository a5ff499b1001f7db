/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/settings.h"

#include <string.h>

#include "base/files.h"
#include "plugin/xml.h"

#define SETTINGS_LIMIT ((gsize)1024 * 1024)

struct Settings {
    GPtrArray *servers; /* SettingsServer */
    GPtrArray *mirrors; /* SettingsMirror */
};

static void server_free(gpointer data) {
    SettingsServer *server = data;
    g_free(server->id);
    g_free(server->username);
    g_free(server->password);
    g_free(server);
}

static void mirror_free(gpointer data) {
    SettingsMirror *mirror = data;
    g_free(mirror->id);
    g_free(mirror->url);
    g_free(mirror->of);
    g_free(mirror);
}

static Settings *settings_new(void) {
    Settings *settings = g_new0(Settings, 1);
    settings->servers = g_ptr_array_new_with_free_func(server_free);
    settings->mirrors = g_ptr_array_new_with_free_func(mirror_free);
    return settings;
}

void settings_free(Settings *settings) {
    if (settings == NULL)
        return;
    g_ptr_array_unref(settings->servers);
    g_ptr_array_unref(settings->mirrors);
    g_free(settings);
}

/* `text` with each ${env.NAME} replaced by the variable's value; one that is not set stays as written. */
static char *fill_in(const char *text) {
    static const char open[] = "${env.";
    g_autoptr(GString) filled = g_string_new(NULL);
    while (*text != '\0') {
        const char *end = g_str_has_prefix(text, open) ? strchr(text, '}') : NULL;
        g_autofree char *name =
            end != NULL ? g_strndup(text + strlen(open), end - text - strlen(open)) : NULL;
        const char *value = name != NULL ? g_getenv(name) : NULL;
        if (value != NULL)
            g_string_append(filled, value);
        else
            g_string_append_c(filled, *text);
        text = value != NULL ? end + 1 : text + 1;
    }
    return g_string_free(g_steal_pointer(&filled), FALSE);
}

static char *child_filled_in(const xmlNode *node, const char *name) {
    g_autofree char *text = xml_child_text(node, name);
    return text != NULL ? fill_in(text) : NULL;
}

static void read_servers(const xmlNode *root, Settings *settings) {
    const xmlNode *node = xml_child(xml_child(root, "servers"), "server");
    for (; node != NULL; node = xml_next(node)) {
        SettingsServer *server = g_new0(SettingsServer, 1);
        server->id = child_filled_in(node, "id");
        server->username = child_filled_in(node, "username");
        server->password = child_filled_in(node, "password");
        g_ptr_array_add(settings->servers, server);
    }
}

static void read_mirrors(const xmlNode *root, Settings *settings) {
    const xmlNode *node = xml_child(xml_child(root, "mirrors"), "mirror");
    for (; node != NULL; node = xml_next(node)) {
        SettingsMirror *mirror = g_new0(SettingsMirror, 1);
        mirror->id = child_filled_in(node, "id");
        mirror->url = child_filled_in(node, "url");
        mirror->of = child_filled_in(node, "mirrorOf");
        g_ptr_array_add(settings->mirrors, mirror);
    }
}

Settings *settings_parse(const char *text, gsize length, const char *name, GError **error) {
    g_autoptr(xmlDoc) document = xml_read(text, length, name, "settings", error);
    if (document == NULL)
        return NULL;
    Settings *settings = settings_new();
    read_servers(xmlDocGetRootElement(document), settings);
    read_mirrors(xmlDocGetRootElement(document), settings);
    return settings;
}

Settings *settings_read(GError **error) {
    g_autofree char *path = g_build_filename(g_get_home_dir(), ".m2", "settings.xml", NULL);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = files_read(path, SETTINGS_LIMIT, &problem);
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return settings_new();
    if (bytes == NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return settings_parse(text != NULL ? text : "", length, path, error);
}

const SettingsServer *settings_find_server(const Settings *settings, const char *id) {
    for (guint i = 0; i < settings->servers->len; i++) {
        const SettingsServer *server = settings->servers->pdata[i];
        if (g_strcmp0(server->id, id) == 0)
            return server;
    }
    return NULL;
}

static bool is_external(const char *url) {
    return g_str_has_prefix(url, "http") && strstr(url, "://localhost") == NULL &&
           strstr(url, "://127.0.0.1") == NULL;
}

static bool mirrors_pattern(const char *patterns, const char *id, const char *url) {
    g_auto(GStrv) words = g_strsplit(patterns, ",", -1);
    bool matches = false;
    for (char **word = words; *word != NULL; word++) {
        g_strstrip(*word);
        if ((*word)[0] == '!' && g_str_equal(*word + 1, id))
            return false;
        matches = matches || g_str_equal(*word, "*") || g_str_equal(*word, id) ||
                  (g_str_equal(*word, "external:*") && is_external(url));
    }
    return matches;
}

const SettingsMirror *settings_find_mirror(const Settings *settings, const char *id, const char *url) {
    const SettingsMirror *found = NULL;
    for (guint i = 0; i < settings->mirrors->len; i++) {
        const SettingsMirror *mirror = settings->mirrors->pdata[i];
        if (mirror->of == NULL || mirror->url == NULL)
            continue;
        if (g_str_equal(mirror->of, id))
            return mirror;
        if (found == NULL && mirrors_pattern(mirror->of, id, url))
            found = mirror;
    }
    return found;
}
