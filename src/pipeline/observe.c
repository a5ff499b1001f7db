/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "pipeline/pipeline_private.h"
#include "pipeline/rollout.h"

#define OBSERVE_JOB "observe "

/* --- JSON ----------------------------------------------------------------------------------------------- */

static json_t *resource_to_json(const ResourceStatus *resource) {
    json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s}", "address", resource->address, "kind",
                              resource_kind_name(resource->kind), "name", resource->name, "cluster",
                              resource->cluster, "health", health_name(resource->health));
    json_object_set_new(value, "state", json_string_or_null(resource->state));
    json_object_set_new(value, "tasks", json_integer(resource->tasks));
    json_object_set_new(value, "running", json_integer(resource->running));
    json_object_set_new(value, "plugin", json_string_or_null(resource->plugin));
    json_object_set_new(value, "version", json_string_or_null(resource->version));
    json_object_set_new(value, "locked", json_string_or_null(resource->locked));
    json_object_set_new(value, "drift", json_from_texts(resource->drift));
    json_object_set_new(value, "trace", json_string_or_null(resource->trace));
    return value;
}

/* An instance while its resources are counted. */
static json_t *instance_new(const char *name, const char *commit, bool waiting) {
    return json_pack("{s:o, s:s, s:b, s:o, s:i, s:[], s:[]}", "name", json_string_or_null(name), "health",
                     "ok", "waiting", waiting, "commit", json_string_or_null(commit), "drift", 0, "versions",
                     "resources");
}

static json_t *find_instance(json_t *instances, const char *name) {
    json_t *instance;
    size_t index;
    json_array_foreach (instances, index, instance)
        if (g_strcmp0(json_get_string(instance, "name"), name) == 0)
            return instance;
    instance = instance_new(name, NULL, false);
    json_array_append_new(instances, instance);
    return instance;
}

/* The worse of two healths, as words. */
static const char *worse(const char *left, const char *right) {
    static const char *const order[] = {"failed", "missing", "pending", "ok", "off", NULL};
    for (const char *const *health = order; *health != NULL; health++)
        if (strcmp(left, *health) == 0 || strcmp(right, *health) == 0)
            return *health;
    return left;
}

static void add_version(json_t *instance, const ResourceStatus *resource) {
    json_t *versions = json_object_get(instance, "versions"), *version;
    size_t index;
    if (resource->plugin == NULL)
        return;
    json_array_foreach (versions, index, version)
        if (g_strcmp0(json_get_string(version, "plugin"), resource->plugin) == 0 &&
            g_strcmp0(json_get_string(version, "running"), resource->version) == 0)
            return;
    json_array_append_new(versions, json_pack("{s:s, s:o, s:o}", "plugin", resource->plugin, "running",
                                              json_string_or_null(resource->version), "locked",
                                              json_string_or_null(resource->locked)));
}

static void add_resource(json_t *instances, const ResourceStatus *resource) {
    const char *slash = strchr(resource->address, '/');
    bool of_module = slash != NULL && strchr(slash + 1, '/') != NULL;
    g_autofree char *name =
        of_module ? g_strndup(resource->address, (gsize)(slash - resource->address)) : NULL;
    json_t *instance = find_instance(instances, name);
    gint64 drift = json_get_integer(instance, "drift", 0) + resource->drift->len;
    json_object_set_new(instance, "drift", json_integer(drift));
    json_object_set_new(
        instance, "health",
        json_string(worse(json_get_string(instance, "health"), health_name(resource->health))));
    add_version(instance, resource);
    json_array_append_new(json_object_get(instance, "resources"), resource_to_json(resource));
}

static json_t *instances_to_json(const Environment *environment, const EnvironmentStatus *status) {
    json_t *instances = json_array();
    for (guint i = 0; i < environment->instances->len; i++) {
        const Instance *instance = environment->instances->pdata[i];
        if (instance->waiting)
            json_array_append_new(instances, instance_new(instance->name, NULL, true));
        else
            json_object_set_new(find_instance(instances, instance->name), "commit",
                                json_string_or_null(instance->commit));
    }
    for (guint i = 0; i < status->resources->len; i++)
        add_resource(instances, status->resources->pdata[i]);
    return instances;
}

static const char *health_of(const json_t *instances) {
    const char *health = "ok";
    const json_t *instance;
    size_t index;
    json_array_foreach (instances, index, instance)
        health = worse(health, json_get_string(instance, "health"));
    return health;
}

static json_t *plugins_to_json(const Lock *lock) {
    json_t *plugins = json_array();
    for (guint i = 0; i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        json_array_append_new(plugins, json_pack("{s:s, s:s}", "name", plugin->name, "version",
                                                 locked_plugin_current(plugin)->resolved));
    }
    return plugins;
}

static json_t *holds_to_json(const Lock *lock) {
    json_t *holds = json_array();
    for (guint i = 0; i < lock->holds->len; i++) {
        const LockHold *hold = lock->holds->pdata[i];
        json_array_append_new(holds, json_pack("{s:s, s:s, s:o, s:o}", "plugin", hold->plugin, "version",
                                               hold->version, "why", json_string_or_null(hold->why), "run",
                                               json_string_or_null(hold->run)));
    }
    return holds;
}

/* --- Declared ------------------------------------------------------------------------------------------- */

static json_t *declared_to_json(Pipeline *pipeline, const Checkout *checkout, const char *before,
                                const char *name) {
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", checkout->root, name);
    g_autoptr(Lock) lock = lock_read(path, NULL);
    json_t *value = json_object();
    json_object_set_new(value, "holds", lock != NULL ? holds_to_json(lock) : json_array());
    int count = before != NULL ? promotion_count(pipeline, checkout, before, name) : 0;
    if (count >= 0)
        json_object_set_new(value, "promotable", json_integer(count));
    return value;
}

void observe_declared(Pipeline *pipeline, const Checkout *checkout, const Project *project) {
    const char *before = NULL;
    for (char **name = project->environments; *name != NULL; before = *name, name++) {
        json_t *value = declared_to_json(pipeline, checkout, before, *name);
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
        g_hash_table_replace(pipeline->declared, g_strdup(*name), value);
    }
}

/* --- Looking -------------------------------------------------------------------------------------------- */

static EnvironmentStatus *look(Pipeline *pipeline, const Environment *environment, GError **error) {
    const EngineOptions options = {
        .environment = environment,
        .rollout_drivers = rollout_driver,
        .by = pipeline->settings->committer_name,
        .stop = pipeline->stop,
        .abort = pipeline->stop,
    };
    g_autoptr(Engine) engine = engine_open(&options, error);
    g_autoptr(Live) live = engine != NULL ? live_observe(engine, error) : NULL;
    return live != NULL ? status_of(engine, live, error) : NULL;
}

/* What was applied last is what should run; before the first apply, what is declared now. */
static char *commit_to_look_at(Pipeline *pipeline, const char *environment) {
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, environment);
    if (mark->good_commit != NULL)
        return g_strdup(mark->good_commit);
    return pipeline_head(pipeline);
}

static void set_facts(json_t *value, const Environment *environment) {
    json_object_set_new(value, "first", json_boolean(environment->first));
    json_object_set_new(value, "approvals", json_integer(environment->policy.approvals));
    json_object_set_new(value, "promotion", json_string(environment->policy.promotion));
    json_object_set_new(value, "plugins", plugins_to_json(environment->lock));
}

/* Whether that commit is checked out there since an earlier look. */
static bool is_checked_out(Pipeline *pipeline, const char *environment, const char *commit) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    return g_strcmp0(g_hash_table_lookup(pipeline->checkouts, environment), commit) == 0;
}

/* The folder of sluice.yaml in a checkout of the environment's own; NULL with an error. */
static char *check_out(Pipeline *pipeline, const char *environment, const char *commit, GError **error) {
    g_autofree char *folder = pipeline_path(pipeline, "environments", environment, NULL);
    g_autoptr(GitRepository) mirror = declarations_mirror(pipeline);
    g_auto(Checkout) checkout = {0};
    if (!is_checked_out(pipeline, environment, commit)) {
        if (!declarations_check_out(mirror, pipeline->settings, commit, folder, &checkout, error))
            return NULL;
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
        g_hash_table_replace(pipeline->checkouts, g_strdup(environment), g_strdup(commit));
    }
    return g_build_filename(folder, pipeline->settings->folder, NULL);
}

/* Declarations that can't be loaded, and clusters that don't answer, are told, with what is known. */
static json_t *observe(Pipeline *pipeline, const char *name) {
    g_autofree char *now = files_now(), *commit = commit_to_look_at(pipeline, name);
    g_autoptr(GError) error = NULL;
    g_autofree char *root = commit != NULL ? check_out(pipeline, name, commit, &error) : NULL;
    json_t *value = json_pack("{s:s, s:s, s:s, s:n, s:[]}", "name", name, "health", "unknown", "observed",
                              now, "problem", "instances");
    g_autoptr(Environment) environment = NULL;
    g_autoptr(EnvironmentStatus) status = NULL;
    if (root != NULL)
        environment = declarations_load(pipeline, root, name, true, NULL, NULL, &error);
    if (environment != NULL) {
        set_facts(value, environment);
        status = look(pipeline, environment, &error);
    }
    if (status != NULL) {
        json_t *instances = instances_to_json(environment, status);
        json_object_set_new(value, "health", json_string(health_of(instances)));
        json_object_set_new(value, "instances", instances);
        drift_repair(pipeline, environment, status);
    }
    if (error != NULL)
        json_object_set_new(value, "problem", json_string(error->message));
    return value;
}

/* All but when it was looked. */
static bool is_same(const json_t *left, const json_t *right) {
    g_autoptr(json_t) one = json_copy((json_t *)left), other = json_copy((json_t *)right);
    json_object_del(one, "observed");
    json_object_del(other, "observed");
    return json_equal(one, other) == 1;
}

/* A change on its way is no state to tell; it is looked at again when the run has ended. */
static bool is_changing(Pipeline *pipeline, const char *environment) {
    g_autofree char *lane = g_strdup_printf("%s %s", run_kind_name(RUN_DEPLOY), environment);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    return g_hash_table_contains(pipeline->lanes, lane);
}

static void observe_environment(Pipeline *pipeline, const char *environment) {
    json_t *value = observe(pipeline, environment);
    g_mutex_lock(&pipeline->mutex);
    const json_t *before = g_hash_table_lookup(pipeline->observed, environment);
    bool same = before != NULL && is_same(before, value);
    g_hash_table_replace(pipeline->observed, g_strdup(environment), value);
    g_mutex_unlock(&pipeline->mutex);
    g_autoptr(json_t) event = json_pack("{s:s}", "name", environment);
    if (!same)
        pipeline_tell(pipeline, "environment", event);
}

/* --- The jobs ------------------------------------------------------------------------------------------- */

typedef struct {
    Pipeline *pipeline;
    char *environment;
} Watch;

static void watch_free(gpointer data) {
    Watch *watch = data;
    g_free(watch->environment);
    g_free(watch);
}

static void watch_environment(gpointer data) {
    const Watch *watch = data;
    if (!is_changing(watch->pipeline, watch->environment))
        observe_environment(watch->pipeline, watch->environment);
}

void observe_now(Pipeline *pipeline, const char *environment) {
    g_autofree char *job = g_strconcat(OBSERVE_JOB, environment, NULL);
    ticker_now(pipeline->ticker, job);
}

void observe_watch(Pipeline *pipeline) {
    g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    for (char **environment = pipeline->project->environments; *environment != NULL; environment++) {
        char *name = g_strconcat(OBSERVE_JOB, *environment, NULL);
        Watch *watch = g_new(Watch, 1);
        *watch = (Watch){pipeline, g_strdup(*environment)};
        g_hash_table_add(kept, name);
        ticker_add(pipeline->ticker, name, pipeline->settings->observe_ms, watch_environment, watch,
                   watch_free);
    }
    ticker_keep(pipeline->ticker, OBSERVE_JOB, kept);
}
