/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "declare/builder.h"
#include "declare/names.h"
#include "declare/schema.h"
#include "declare/trust.h"

static const Field CLUSTER_FIELDS[] = {
    {"url", FIELD_TEXT, FIELD_REQUIRED},
    {"workers", FIELD_ANY, 0},
    {"username", FIELD_TEXT, 0},
    {"password", FIELD_TEXT, 0},
    {"token", FIELD_TEXT, 0},
    {"ca", FIELD_TEXT, FIELD_PUBLIC},
    {"certificate", FIELD_TEXT, FIELD_PUBLIC},
    {"key", FIELD_TEXT, FIELD_PUBLIC},
    {"rollout", FIELD_MAP, 0},
    {NULL},
};
static const Schema CLUSTER = {"a Connect cluster", CLUSTER_FIELDS};

static const Field ROLLOUT_FIELDS[] = {
    {"command", FIELD_TEXTS, FIELD_PUBLIC},
    {"local", FIELD_MAP, 0},
    {"kubernetes", FIELD_ANY, 0, NULL,
     "use command: [helm, upgrade, …], which Sluice runs with SLUICE_LOCK set"},
    {NULL},
};
static const Schema ROLLOUT = {"a rollout", ROLLOUT_FIELDS};

static const Field LOCAL_FIELDS[] = {
    {"sandbox", FIELD_TEXT, FIELD_PUBLIC},
    {"plugins", FIELD_TEXT, FIELD_PUBLIC},
    {"restart", FIELD_TEXTS, FIELD_PUBLIC},
    {NULL},
};
static const Schema LOCAL = {"a local rollout", LOCAL_FIELDS};

/* --- Addresses ------------------------------------------------------------------------------------------ */

static bool url_is_http(const char *url) {
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_PARSE_RELAXED, NULL);
    const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : NULL;
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
    return (g_strcmp0(scheme, "http") == 0 || g_strcmp0(scheme, "https") == 0) && host != NULL &&
           host[0] != '\0';
}

static bool has_credentials(const char *url) {
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_PARSE_RELAXED, NULL);
    return uri != NULL && g_uri_get_userinfo(uri) != NULL;
}

/* An address without the slash at its end; NULL with a mistake. */
static char *read_url(Loader *loader, const Datum *url) {
    if (url->unread)
        return g_strdup(url->text);
    if (has_credentials(url->text)) {
        diagnostics_hide_line(loader->diagnostics, url->position);
        loader_mistake(loader, url->position, "write username: and password: beside it",
                       "credentials in a URL");
        return NULL;
    }
    if (!url_is_http(url->text)) {
        g_autofree char *shown = datum_show(url);
        loader_mistake(loader, url->position, "http://HOST:8083", "%s is no URL of http or https", shown);
        return NULL;
    }
    char *text = g_strdup(url->text);
    gsize length = strlen(text);
    while (length > 0 && text[length - 1] == '/')
        text[--length] = '\0';
    return text;
}

static void add_worker(Loader *loader, GPtrArray *urls, const Datum *item) {
    if (item->kind == DATUM_BROKEN)
        return;
    if (item->kind != DATUM_SCALAR || datum_is_null(item)) {
        loader_mistake(loader, item->position, NULL, "a worker is a URL, not %s", datum_kind_name(item));
        return;
    }
    char *url = read_url(loader, item);
    if (url != NULL)
        g_ptr_array_add(urls, url);
}

static void read_worker_list(Loader *loader, const Datum *workers, GPtrArray *urls) {
    if (workers->kind == DATUM_SCALAR && g_str_equal(workers->text, "discover")) {
        loader_mistake(loader, workers->position, "list their URLs: workers: [\"http://connect-1:8083\", …]",
                       "'workers: discover' is not supported yet");
        return;
    }
    if (workers->kind != DATUM_LIST) {
        loader_mistake(loader, workers->position, "workers: [\"http://connect-1:8083\", …]",
                       "'workers' must be a list of URLs");
        return;
    }
    for (guint i = 0; i < workers->items->len; i++)
        add_worker(loader, urls, workers->items->pdata[i]);
}

static char **read_workers(Loader *loader, const Datum *workers, const char *url) {
    g_autoptr(GPtrArray) urls = g_ptr_array_new_with_free_func(g_free);
    if (workers != NULL && workers->kind != DATUM_BROKEN)
        read_worker_list(loader, workers, urls);
    if (urls->len == 0)
        g_ptr_array_add(urls, g_strdup(url != NULL ? url : ""));
    g_ptr_array_add(urls, NULL);
    return (char **)g_ptr_array_steal(urls, NULL);
}

/* --- Credentials ---------------------------------------------------------------------------------------- */

static char *read_path(Loader *loader, const Datum *spec, const char *key) {
    const char *path = schema_text(spec, key);
    return path != NULL ? files_resolve(loader->root, path) : NULL;
}

static void read_credentials(Loader *loader, const Datum *spec, Position at, ConnectCluster *cluster) {
    cluster->username = g_strdup(schema_text(spec, "username"));
    cluster->password = g_strdup(schema_text(spec, "password"));
    cluster->bearer = g_strdup(schema_text(spec, "token"));
    cluster->ca = read_path(loader, spec, "ca");
    cluster->certificate = read_path(loader, spec, "certificate");
    cluster->key = read_path(loader, spec, "key");
    if (schema_has(spec, "username") != schema_has(spec, "password"))
        loader_mistake(loader, at, NULL, "a Connect cluster needs both of username and password");
    if (schema_has(spec, "username") && schema_has(spec, "token"))
        loader_mistake(loader, at, NULL, "a Connect cluster takes a password or a token, not both");
    if (schema_has(spec, "certificate") != schema_has(spec, "key"))
        loader_mistake(loader, at, NULL, "a Connect cluster needs both of certificate and key");
}

/* --- Rollout -------------------------------------------------------------------------------------------- */

static void read_local(Loader *loader, const Datum *local, RolloutSpec *rollout) {
    if (!schema_check(loader, &LOCAL, local, local->position))
        return;
    const char *sandbox = schema_text(local, "sandbox"), *plugins = schema_text(local, "plugins");
    if ((sandbox != NULL) == (plugins != NULL)) {
        loader_mistake(loader, local->position,
                       "{ sandbox: NAME } or { plugins: FOLDER, restart: [COMMAND, …] }",
                       "a local rollout needs one of sandbox and plugins");
        return;
    }
    if (sandbox != NULL && datum_get(local, "restart") != NULL)
        loader_mistake(loader, datum_get_key(local, "restart")->position, NULL,
                       "a sandbox is restarted by Sluice");
    rollout->kind = sandbox != NULL ? ROLLOUT_LOCAL_SANDBOX : ROLLOUT_LOCAL_FOLDER;
    rollout->sandbox = g_strdup(sandbox);
    rollout->plugins = plugins != NULL ? files_resolve(loader->root, plugins) : NULL;
    rollout->command = datum_get(local, "restart") != NULL ? schema_texts(local, "restart") : NULL;
}

static void read_rollout(Loader *loader, const Datum *spec, RolloutSpec *rollout) {
    const Datum *map = datum_get(spec, "rollout");
    if (map == NULL || map->kind != DATUM_MAP || !schema_check(loader, &ROLLOUT, map, map->position))
        return;
    const Datum *command = datum_get(map, "command"), *local = datum_get(map, "local");
    if (map->items->len != 1) {
        loader_mistake(loader, map->position, NULL, "a rollout is one of command and local");
        return;
    }
    if (command != NULL && command->kind == DATUM_LIST && command->items->len == 0)
        loader_mistake(loader, command->position, NULL, "the command is empty");
    if (command != NULL) {
        rollout->kind = ROLLOUT_COMMAND;
        rollout->command = schema_texts(map, "command");
    } else if (local != NULL) {
        read_local(loader, local, rollout);
    }
}

/* --- A cluster ------------------------------------------------------------------------------------------ */

static void read_cluster(Builder *builder, const Datum *key, const Datum *spec) {
    Loader *loader = builder->loader;
    bool named = name_check(loader, "Connect cluster", key->text, key->position);
    if (!schema_check(loader, &CLUSTER, spec, key->position) || !named)
        return;
    ConnectCluster *cluster = g_new0(ConnectCluster, 1);
    g_ptr_array_add(builder->environment->connect, cluster);
    const Datum *url = schema_scalar(spec, "url");
    cluster->name = g_strdup(key->text);
    cluster->position = key->position;
    cluster->url = url != NULL ? read_url(loader, url) : NULL;
    cluster->workers = read_workers(loader, datum_get(spec, "workers"), cluster->url);
    read_credentials(loader, spec, key->position, cluster);
    read_rollout(loader, spec, &cluster->rollout);
    trust_take_rollout(loader, cluster->name, &cluster->rollout);
}

void clusters_read(Builder *builder, const Datum *connect) {
    guint before = diagnostics_count(builder->loader->diagnostics, DIAGNOSTIC_ERROR);
    if (schema_check_map(builder->loader, connect, "connect"))
        for (guint i = 0; i < connect->items->len; i++)
            read_cluster(builder, connect->keys->pdata[i], connect->items->pdata[i]);
    builder->connect_is_broken = (connect != NULL && connect->kind == DATUM_BROKEN) ||
                                 (builder->environment->connect->len == 0 &&
                                  diagnostics_count(builder->loader->diagnostics, DIAGNOSTIC_ERROR) > before);
}
