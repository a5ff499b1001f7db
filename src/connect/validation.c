/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/validation.h"

#include <string.h>

#include "base/sensitive.h"
#include "connect/client.h"
#include "connect/secrets.h"

void config_problem_free(ConfigProblem *problem) {
    if (problem == NULL)
        return;
    g_free(problem->key);
    g_free(problem->message);
    g_free(problem);
}

static GHashTable *password_keys(const json_t *configs) {
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gsize index;
    json_t *entry;
    json_array_foreach (configs, index, entry) {
        const json_t *definition = json_object_get(entry, "definition");
        const char *name = json_get_string(definition, "name");
        if (name != NULL && g_strcmp0(json_get_string(definition, "type"), "PASSWORD") == 0)
            g_hash_table_add(keys, g_strdup(name));
    }
    return keys;
}

/* Secrets of the config, of its keys of type PASSWORD, and what the worker resolved. */
static Secrets *secrets_of(const json_t *configs, const json_t *config, const GHashTable *sensitive,
                           GHashTable *passwords) {
    g_autoptr(Secrets) secrets = secrets_new(config, sensitive);
    gsize index;
    json_t *entry;
    json_array_foreach (configs, index, entry) {
        const json_t *value = json_object_get(entry, "value");
        const char *key = json_get_string(value, "name");
        const char *answered = json_get_string(value, "value");
        const char *declared = key != NULL ? json_get_string(config, key) : NULL;
        if (declared == NULL)
            continue;
        bool is_secret = secrets_has_key(secrets, key) || g_hash_table_contains(passwords, key);
        if (is_secret && !sensitive_is_reference(declared))
            secrets_add(secrets, declared);
        if (is_secret || (strstr(declared, "${") != NULL && g_strcmp0(declared, answered) != 0))
            secrets_add(secrets, answered);
    }
    return g_steal_pointer(&secrets);
}

/* Connect adds "Invalid value null …: must be non-null" to a value that it couldn't read. */
static bool says_null_of_a_value(const char *message, const json_t *config, const char *key) {
    return g_str_has_prefix(message, "Invalid value null for configuration ") &&
           json_get_string(config, key) != NULL;
}

static void add_problems(GPtrArray *problems, const json_t *value, const json_t *config,
                         const Secrets *secrets) {
    const char *key = json_get_string(value, "name");
    gsize index;
    json_t *error;
    json_array_foreach (json_object_get(value, "errors"), index, error) {
        const char *message = json_string_value(error);
        if (key == NULL || message == NULL || (index > 0 && says_null_of_a_value(message, config, key)))
            continue;
        ConfigProblem *problem = g_new0(ConfigProblem, 1);
        problem->key = g_strdup(key);
        problem->message = secrets_redact_line(secrets, message);
        g_ptr_array_add(problems, problem);
    }
}

GPtrArray *validation_parse(const json_t *answer, const json_t *config, const GHashTable *sensitive,
                            GHashTable **passwords) {
    const json_t *configs = json_object_get(answer, "configs");
    if (!json_is_array(configs))
        return NULL;
    g_autoptr(GHashTable) keys = password_keys(configs);
    g_autoptr(Secrets) secrets = secrets_of(configs, config, sensitive, keys);
    GPtrArray *problems = g_ptr_array_new_with_free_func((GDestroyNotify)config_problem_free);
    gsize index;
    json_t *entry;
    json_array_foreach (configs, index, entry)
        add_problems(problems, json_object_get(entry, "value"), config, secrets);
    if (passwords != NULL)
        *passwords = g_steal_pointer(&keys);
    return problems;
}

const char *validation_missing_version(const GPtrArray *problems) {
    for (guint i = 0; i < problems->len; i++) {
        const ConfigProblem *problem = g_ptr_array_index(problems, i);
        if (strcmp(problem->key, "connector.class") == 0 &&
            strstr(problem->message, "not found that matches the version range") != NULL)
            return problem->message;
    }
    return NULL;
}

static json_t *ask(Connect *connect, const char *class_name, const json_t *config,
                   const GHashTable *sensitive, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    g_autoptr(Secrets) secrets = secrets_new(config, sensitive);
    g_autofree char *escaped = http_escape(class_name);
    g_autofree char *path = g_strconcat("/connector-plugins/", escaped, "/config/validate", NULL);
    ConnectRequest request = {.method = "PUT", .path = path, .body = config, .secrets = secrets};
    return connect_fetch(connect, &call, &request, JSON_OBJECT, error);
}

GPtrArray *connect_validate(Connect *connect, const char *class_name, const json_t *config,
                            const GHashTable *sensitive, GHashTable **passwords, const ConnectCall *options,
                            GError **error) {
    g_autoptr(json_t) answer = ask(connect, class_name, config, sensitive, options, error);
    if (answer == NULL)
        return NULL;
    g_autoptr(GHashTable) keys = NULL;
    g_autoptr(GPtrArray) problems = validation_parse(answer, config, sensitive, &keys);
    if (problems == NULL) {
        error_set(error, CONNECT_ERROR, CONNECT_ERROR_FAILED, "does this address belong to Kafka Connect?",
                  "%s answered something that is no validation", connect_url(connect));
        return NULL;
    }
    const char *missing = validation_missing_version(problems);
    if (missing != NULL) {
        error_set(error, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND, NULL, "%s has no such version: %s",
                  connect_url(connect), missing);
        return NULL;
    }
    if (passwords != NULL)
        *passwords = g_steal_pointer(&keys);
    return g_steal_pointer(&problems);
}
