/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <string.h>

#include "base/files.h"
#include "declare/expression.h"
#include "declare/names.h"
#include "declare/secrets.h"
#include "server/config_private.h"
#include "server/error.h"

enum { PORT_MOST = 65535, BUILDS_MOST = 16, IDLE_S = 30, POLL_MS = 30000, INTERVAL_LEAST_MS = 1000 };

static const Field SERVER_FIELDS[] = {
    {"listen", FIELD_TEXT, 0},
    {"data", FIELD_TEXT, FIELD_REQUIRED},
    {"declarations", FIELD_MAP, FIELD_REQUIRED},
    {"observe", FIELD_DURATION, 0},
    {"public_url", FIELD_TEXT, 0},
    {"webhooks", FIELD_MAP, 0},
    {"users", FIELD_LIST, 0},
    {"build", FIELD_MAP, 0},
    {"committer", FIELD_MAP, 0},
    {"environments", FIELD_MAP, 0},
    {NULL},
};
static const Schema SERVER = {"the server's file", SERVER_FIELDS};

static const Field DECLARATIONS_FIELDS[] = {
    {"git", FIELD_TEXT, FIELD_REQUIRED},
    {"branch", FIELD_TEXT, 0},
    {"folder", FIELD_ANY, 0},
    {"poll", FIELD_DURATION, 0},
    {NULL},
};
static const Schema DECLARATIONS = {"'declarations'", DECLARATIONS_FIELDS};

static const Field WEBHOOKS_FIELDS[] = {{"gitea", FIELD_MAP, 0}, {"github", FIELD_MAP, 0}, {NULL}};
static const Schema WEBHOOKS = {"'webhooks'", WEBHOOKS_FIELDS};

static const Field WEBHOOK_FIELDS[] = {{"secret", FIELD_MAP, FIELD_REQUIRED}, {NULL}};
static const Schema WEBHOOK = {"a webhook", WEBHOOK_FIELDS};

static const Field BUILD_FIELDS[] = {{"env", FIELD_TEXTS, 0},
                                     {"from", FIELD_TEXTS, 0},
                                     {"run", FIELD_TEXTS, 0},
                                     {"at_once", FIELD_INTEGER, 0},
                                     {NULL}};
static const Schema BUILD = {"'build'", BUILD_FIELDS};

static const Field COMMITTER_FIELDS[] = {{"name", FIELD_TEXT, 0}, {"email", FIELD_TEXT, 0}, {NULL}};
static const Schema COMMITTER = {"'committer'", COMMITTER_FIELDS};

void server_config_free(ServerConfig *config) {
    if (config == NULL)
        return;
    g_free(config->host);
    g_free(config->public_url);
    for (int i = 0; i < WEBHOOK_PROVIDERS; i++)
        g_free(config->webhook_secrets[i]);
    pipeline_settings_free(config->pipeline);
    g_free(config);
}

/* --- Where it listens ----------------------------------------------------------------------------------- */

/* "HOST:PORT", the host in brackets where it has colons. */
static bool split_listen(const char *text, ServerConfig *config) {
    const char *colon = strrchr(text, ':');
    guint64 port = 0;
    if (colon == NULL || colon == text ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 0, PORT_MOST, &port, NULL))
        return false;
    bool brackets = text[0] == '[' && colon[-1] == ']';
    g_autofree char *host =
        brackets ? g_strndup(text + 1, (gsize)(colon - text) - 2) : g_strndup(text, (gsize)(colon - text));
    if (host[0] == '\0' || strpbrk(host, "[]/ ") != NULL || (!brackets && strchr(host, ':') != NULL))
        return false;
    config->host = g_steal_pointer(&host);
    config->port = (guint16)port;
    return true;
}

static void read_listen(Loader *loader, const Datum *root, ServerConfig *config) {
    const Datum *listen = schema_scalar(root, "listen");
    if (listen == NULL)
        split_listen("127.0.0.1:8080", config);
    else if (!split_listen(listen->text, config))
        loader_mistake(loader, listen->position,
                       "127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080; port 0 is a free one",
                       "'%s' is no address and port", listen->text);
}

static void read_public_url(Loader *loader, const Datum *root, ServerConfig *config) {
    const Datum *url = schema_scalar(root, "public_url");
    if (url == NULL)
        return;
    g_autoptr(GUri) uri = g_uri_parse(url->text, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";
    bool plain = uri != NULL && g_uri_get_userinfo(uri) == NULL && g_uri_get_query(uri) == NULL &&
                 (g_str_equal(g_uri_get_path(uri), "") || g_str_equal(g_uri_get_path(uri), "/"));
    if (!plain || (!g_str_equal(scheme, "https") && !g_str_equal(scheme, "http"))) {
        loader_mistake(loader, url->position, "https://sluice.acme.example, without a path",
                       "'public_url' is no address of a server");
        return;
    }
    gsize length = strlen(url->text);
    config->public_url = g_strndup(url->text, g_str_has_suffix(url->text, "/") ? length - 1 : length);
}

/* --- Declarations --------------------------------------------------------------------------------------- */

/* An interval that doesn't keep a machine busy with asking. */
static guint read_interval(Loader *loader, const Datum *map, const char *key) {
    gint64 interval = schema_duration(map, key, POLL_MS);
    if (interval >= INTERVAL_LEAST_MS && interval <= G_MAXINT)
        return (guint)interval;
    loader_mistake(loader, schema_scalar(map, key)->position, NULL,
                   "'%s' must be at least 1s and at most 14d", key);
    return POLL_MS;
}

static bool has_password(const char *address) {
    const char *host = strstr(address, "://");
    if (host == NULL)
        return false;
    host += strlen("://");
    const char *at = memchr(host, '@', strcspn(host, "/"));
    return at != NULL && memchr(host, ':', (gsize)(at - host)) != NULL;
}

/* An address of another machine (URL, or HOST:PATH) as it is; else a path. */
static void read_git(Loader *loader, const Datum *git, PipelineSettings *settings) {
    if (has_password(git->text)) {
        diagnostics_hide_line(loader->diagnostics, git->position);
        loader_mistake(loader, git->position, "give it to Git: a credential helper, ~/.netrc or an SSH key",
                       "an address must hold no password");
        return;
    }
    if (git->text[0] == '-') {
        loader_mistake(loader, git->position, NULL, "'git' is no address of a repository");
        return;
    }
    bool remote = strcspn(git->text, ":") < strcspn(git->text, "/");
    settings->git = remote ? g_strdup(git->text) : files_resolve(loader->root, git->text);
}

static void read_folder(Loader *loader, const Datum *folder, PipelineSettings *settings) {
    if (folder == NULL ||
        (folder->kind == DATUM_SCALAR && (datum_is_null(folder) || folder->text[0] == '\0')))
        return;
    bool inside = folder->kind == DATUM_SCALAR && !g_path_is_absolute(folder->text);
    g_auto(GStrv) parts = inside ? g_strsplit(folder->text, "/", -1) : NULL;
    if (!inside || g_strv_contains((const char *const *)parts, "..")) {
        loader_mistake(loader, folder->position, "streaming/declarations, where sluice.yaml lies",
                       "'folder' must be a folder in the repository");
        return;
    }
    g_free(settings->folder);
    settings->folder = g_strdup(folder->text);
}

static void read_declarations(Loader *loader, const Datum *root, PipelineSettings *settings) {
    const Datum *map = datum_get(root, "declarations"), *key = datum_get_key(root, "declarations");
    if (map == NULL || !schema_check(loader, &DECLARATIONS, map, key->position))
        return;
    const Datum *git = schema_scalar(map, "git"), *branch = schema_scalar(map, "branch");
    if (git != NULL)
        read_git(loader, git, settings);
    if (branch != NULL && branch->text[0] == '-')
        loader_mistake(loader, branch->position, NULL, "'%s' is no branch", branch->text);
    settings->branch = g_strdup(branch != NULL ? branch->text : "main");
    read_folder(loader, datum_get(map, "folder"), settings);
    settings->poll_ms = read_interval(loader, map, "poll");
}

/* --- Webhooks, builds ----------------------------------------------------------------------------------- */

static char *read_webhook(Loader *loader, const Datum *key, const Datum *webhook) {
    if (!schema_check(loader, &WEBHOOK, webhook, key->position) || !schema_has(webhook, "secret"))
        return NULL;
    g_autofree char *what = g_strdup_printf("the secret of '%s'", key->text);
    const char *text = NULL;
    loader->options.resolve_secrets = true;
    bool read = secrets_source_read(loader, datum_get(webhook, "secret"), what, key->position, &text);
    loader->options.resolve_secrets = false;
    if (read && text[0] == '\0')
        loader_mistake(loader, key->position, "make one with: openssl rand -hex 32", "%s is empty", what);
    return read ? g_strdup(text) : NULL;
}

static void read_webhooks(Loader *loader, const Datum *root, ServerConfig *config) {
    const Datum *webhooks = datum_get(root, "webhooks");
    if (!schema_has(root, "webhooks") ||
        !schema_check(loader, &WEBHOOKS, webhooks, datum_get_key(root, "webhooks")->position))
        return;
    for (int i = 0; i < WEBHOOK_PROVIDERS; i++) {
        const char *name = webhook_provider_name(i);
        const Datum *key = datum_get_key(webhooks, name);
        if (key != NULL)
            config->webhook_secrets[i] = read_webhook(loader, key, datum_get(webhooks, name));
    }
}

static void check_names(Loader *loader, const Datum *list) {
    for (guint i = 0; list != NULL && list->kind == DATUM_LIST && i < list->items->len; i++) {
        const Datum *name = list->items->pdata[i];
        if (name->kind == DATUM_SCALAR)
            name_check_env(loader, name->text, name->position);
    }
}

static void read_build(Loader *loader, const Datum *root, PipelineSettings *settings) {
    const Datum *build = datum_get(root, "build");
    if (!schema_has(root, "build") ||
        !schema_check(loader, &BUILD, build, datum_get_key(root, "build")->position))
        return;
    check_names(loader, datum_get(build, "env"));
    g_strfreev(settings->build_env);
    settings->build_env = schema_texts(build, "env");
    g_strfreev(settings->build_from);
    settings->build_from = schema_texts(build, "from");
    g_strfreev(settings->build_run);
    settings->build_run = schema_texts(build, "run");
    gint64 at_once = schema_integer(build, "at_once", 1);
    if (at_once < 1 || at_once > BUILDS_MOST)
        loader_mistake(loader, schema_scalar(build, "at_once")->position, NULL,
                       "'at_once' must be from 1 to %d", BUILDS_MOST);
    settings->builds_at_once = (guint)at_once;
}

/* What would break the lines of a commit. */
static char *read_identity(Loader *loader, const Datum *committer, const char *key, const char *fallback) {
    const Datum *value = schema_scalar(committer, key);
    if (value != NULL && strpbrk(value->text, "<>\r\n") != NULL)
        loader_mistake(loader, value->position, NULL, "'%s' can't be the %s of a committer", value->text,
                       key);
    return g_strdup(value != NULL ? value->text : fallback);
}

static void read_committer(Loader *loader, const Datum *root, PipelineSettings *settings) {
    const Datum *committer = schema_has(root, "committer") ? datum_get(root, "committer") : NULL;
    if (committer != NULL &&
        !schema_check(loader, &COMMITTER, committer, datum_get_key(root, "committer")->position))
        return;
    g_autofree char *email = g_strconcat("sluice@", g_get_host_name(), NULL);
    settings->committer_name = read_identity(loader, committer, "name", "Sluice");
    settings->committer_email = read_identity(loader, committer, "email", email);
}

/* --- All of it ------------------------------------------------------------------------------------------ */

static void read_root(Loader *loader, const Datum *root, ServerConfig *config) {
    Position start = {root->position.file, 1, 1};
    if (!schema_check(loader, &SERVER, root, start))
        return;
    PipelineSettings *settings = config->pipeline;
    const Datum *data = schema_scalar(root, "data");
    g_autofree char *folder = files_resolve(loader->root, data != NULL ? data->text : ".");
    pipeline_settings_set_data(settings, folder);
    settings->observe_ms = read_interval(loader, root, "observe");
    read_listen(loader, root, config);
    read_public_url(loader, root, config);
    read_declarations(loader, root, settings);
    read_webhooks(loader, root, config);
    read_build(loader, root, settings);
    read_committer(loader, root, settings);
    config_read_users(loader, datum_get(root, "users"), settings);
    config_read_environments(loader, datum_get(root, "environments"), settings);
}

ServerConfig *server_config_read(const char *path, Diagnostics *diagnostics, GError **error) {
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *folder = g_path_get_dirname(absolute);
    g_autoptr(GBytes) bytes = files_read(absolute, DOCUMENT_LIMIT, error);
    if (bytes == NULL)
        return NULL;
    g_autoptr(Loader) loader = loader_new(folder, NULL, diagnostics);
    g_autoptr(ServerConfig) config = g_new0(ServerConfig, 1);
    config->pipeline = pipeline_settings_new();
    config->idle_s = IDLE_S;
    const Document *document = loader_read_bytes(loader, path, path, bytes);
    Scope nothing = {0};
    if (document != NULL)
        read_root(loader, evaluate(loader, &nothing, document_root(document)), config);
    if (!loader_has_mistakes(loader))
        return g_steal_pointer(&config);
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL, "'%s' has mistakes", path);
    return NULL;
}
