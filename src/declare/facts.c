/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of an environment as flat texts, to be compared and shown. */
#include <string.h>

#include "base/hash.h"
#include "base/sensitive.h"
#include "declare/declare.h"
#include "declare/duration.h"

#define HIDDEN "•••"

typedef struct {
    const Environment *environment;
    json_t *facts;
    bool hide; /* what must not be shown */
} Facts;

/* Properties of librdkafka that hold secrets, though their names don't tell. */
static const char *const SECRET_PROPERTIES[] = {"ssl.key.pem", "sasl.oauthbearer.config", NULL};

/* --- What may be shown ---------------------------------------------------------------------------------- */

/* One ${…} that names a secret, or lets Connect find it. */
static bool is_expression(const char *text) {
    const char *end = strchr(text, '}');
    bool ours = g_str_has_prefix(text, "${env.") || g_str_has_prefix(text, "${secret.");
    return (ours && end != NULL && end[1] == '\0') || sensitive_is_reference(text);
}

static bool holds_secret(const Environment *environment, const char *text) {
    for (guint i = 0; i < environment->secret_texts->len; i++)
        if (strstr(text, environment->secret_texts->pdata[i]) != NULL)
            return true;
    return false;
}

/* `text` with the userinfo of all addresses in it hidden. */
static char *without_userinfo(const char *text) {
    g_autoptr(GRegex) userinfo = g_regex_new("([A-Za-z][A-Za-z0-9+.-]*://)[^/\\s]*@", 0, 0, NULL);
    char *clean = g_regex_replace(userinfo, text, -1, 0, "\\1" HIDDEN "@", 0, NULL);
    return clean != NULL ? clean : g_strdup(HIDDEN);
}

static char *shown(const Facts *facts, bool secret, const char *text) {
    if (!facts->hide)
        return g_strdup(text);
    if ((secret && !is_expression(text)) || holds_secret(facts->environment, text))
        return g_strdup(HIDDEN);
    return without_userinfo(text);
}

/* --- One fact ------------------------------------------------------------------------------------------- */

static void put(Facts *facts, bool secret, const char *value, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Nothing for NULL. */
static void put(Facts *facts, bool secret, const char *value, const char *format, ...) {
    if (value == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *key = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *text = shown(facts, secret, value);
    json_object_set_new(facts->facts, key, json_string(text));
}

/* A path as its author wrote it, wherever the declarations lie. */
static const char *relative(const Facts *facts, const char *path) {
    const char *root = facts->environment->root;
    gsize length = strlen(root);
    bool below = path != NULL && g_str_has_prefix(path, root) && path[length] == '/';
    return below ? path + length + 1 : path;
}

/* --- All of them ---------------------------------------------------------------------------------------- */

static void add_policy(Facts *facts) {
    const Policy *policy = &facts->environment->policy;
    g_autofree char *approvals =
        g_strdup_printf("%d%s", policy->approvals, policy->written ? "" : " (default)");
    g_autofree char *approvers = policy->approvers != NULL ? g_strjoinv(", ", policy->approvers) : NULL;
    g_autofree char *expires = duration_text((gint64)policy->expires_ms);
    put(facts, false, approvals, "policy.approvals");
    if (approvers != NULL && *approvers != '\0')
        put(facts, false, approvers, "policy.approvers");
    put(facts, false, expires, "policy.expires");
    put(facts, false, policy->drift, "policy.drift");
    put(facts, false, policy->promotion, "policy.promotion");
}

static void add_kafka(Facts *facts) {
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, facts->environment->kafka);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        bool secret = sensitive_key_name(key) || g_strv_contains(SECRET_PROPERTIES, key);
        put(facts, secret, value, "kafka.%s", (char *)key);
    }
}

static char *describe_rollout(const Facts *facts, const RolloutSpec *rollout) {
    g_autofree char *joined = rollout->command != NULL ? g_strjoinv(" ", rollout->command) : NULL;
    const char *command = rollout->trusted           ? "the server's command"
                          : rollout->refused != NULL ? "refused"
                                                     : joined;
    switch (rollout->kind) {
    case ROLLOUT_NONE:
        return NULL;
    case ROLLOUT_LOCAL_SANDBOX:
        return g_strconcat("local sandbox ", rollout->sandbox, NULL);
    case ROLLOUT_LOCAL_FOLDER:
        return g_strconcat("local plugins ", relative(facts, rollout->plugins),
                           command != NULL ? ", restart: " : NULL, command, NULL);
    case ROLLOUT_COMMAND:
        return g_strconcat("command: ", command, NULL);
    }
    return NULL;
}

static void add_cluster(Facts *facts, const ConnectCluster *cluster) {
    g_autofree char *workers = g_strjoinv(", ", cluster->workers);
    g_autofree char *rollout = describe_rollout(facts, &cluster->rollout);
    const struct {
        const char *key, *value;
        bool secret;
    } rows[] = {
        {"url", cluster->url, false},
        {"workers", workers, false},
        {"username", cluster->username, false},
        {"password", cluster->password, true},
        {"token", cluster->bearer, true},
        {"ca", relative(facts, cluster->ca), false},
        {"certificate", relative(facts, cluster->certificate), false},
        {"key", relative(facts, cluster->key), false},
        {"rollout", rollout, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        put(facts, rows[i].secret, rows[i].value, "connect.%s.%s", cluster->name, rows[i].key);
}

static json_t *collect(const Environment *environment, bool hide) {
    Facts facts = {environment, json_object(), hide};
    put(&facts, false, environment->project, "project");
    put(&facts, false, environment->state, "state");
    put(&facts, false, environment->state_key_source, "state_key");
    add_policy(&facts);
    add_kafka(&facts);
    for (guint i = 0; i < environment->connect->len; i++)
        add_cluster(&facts, environment->connect->pdata[i]);
    for (guint i = 0; environment->repositories != NULL && i < environment->repositories->len; i++) {
        const RepositorySpec *repository = environment->repositories->pdata[i];
        put(&facts, false, relative(&facts, repository->url), "repositories.%s.url", repository->id);
    }
    return facts.facts;
}

json_t *environment_settings_json(const Environment *environment) {
    return collect(environment, true);
}

char *environment_settings_digest(const Environment *environment) {
    g_autoptr(json_t) facts = collect(environment, false);
    g_autofree char *text = json_canonical(facts);
    g_autofree char *hex = hash_bytes(HASH_SHA256, text, strlen(text));
    explicit_bzero(text, strlen(text));
    return g_strconcat("sha256:", hex, NULL);
}
