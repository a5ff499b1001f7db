/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/parallel.h"
#include "engine/planner.h"

#define VALIDATE_DEADLINE_MS 60000

/* A declared connector on its way into the plan. */
typedef struct {
    const DesiredConnector *declared;
    const LiveCluster *cluster;
    const Connector *live;  /* NULL: not there */
    ResourceRecord *record; /* borrowed; NULL: not ours */
    GPtrArray *pins;
    json_t *config; /* as it will be sent */
    bool differs;   /* the config does */
    bool state_differs;
    bool replaced; /* its plugin comes with other bytes under the same version, by a rollout of this plan */
    bool can_validate;     /* its class is on the workers now */
    GHashTable *passwords; /* keys of type PASSWORD, once validated */
    GPtrArray *problems;   /* ConfigProblem */
    GError *error;
} Candidate;

static void candidate_free(Candidate *candidate) {
    g_clear_pointer(&candidate->pins, g_ptr_array_unref);
    json_decref(candidate->config);
    g_clear_pointer(&candidate->passwords, g_hash_table_unref);
    g_clear_pointer(&candidate->problems, g_ptr_array_unref);
    g_clear_error(&candidate->error);
    g_free(candidate);
}

/* Whether the artifact of the connector's own plugin carries its class; else a problem in *carried's place.
 */
static bool check_artifact(Planner *planner, const Candidate *candidate, bool *carried, GError **error) {
    const DesiredConnector *declared = candidate->declared;
    const Pin *pin = candidate->pins->pdata[0];
    g_auto(GStrv) classes =
        installed_classes(planner->engine, planner->environment->lock, pin->plugin, pin->version, error);
    if (classes == NULL)
        return false;
    *carried = *classes == NULL || g_strv_contains((const char *const *)classes, declared->class_name);
    if (*carried)
        return true;
    g_autofree char *list = g_strjoinv(", ", classes);
    g_autofree char *near = diagnostics_did_you_mean(declared->class_name, (const char *const *)classes);
    g_autofree char *hint =
        g_strdup_printf("%s%sit carries: %s", near != NULL ? near : "", near != NULL ? " " : "", list);
    planner_problem(planner, declared->address, hint, "plugin '%s' %s has no class %s", pin->plugin->name,
                    pin->version->version, declared->class_name);
    return true;
}

static void report_lacking(Planner *planner, const DesiredConnector *declared, const Pin *pin) {
    g_autofree char *install = g_strdup_printf(
        "install it there (sluice fetch), or give Connect cluster '%s' a rollout:", declared->connect);
    g_autofree char *hint = installed_hint(install, pin->guess);
    planner_problem(planner, declared->address, hint, "worker %s has no %s of %s %s", pin->lacking,
                    pin->class_name, pin->plugin->name, pin->version->version);
}

static void report_unknown_class(Planner *planner, const Candidate *candidate) {
    const DesiredConnector *declared = candidate->declared;
    g_autofree const char **names = installed_class_names(candidate->cluster);
    g_autofree char *near = diagnostics_did_you_mean(declared->class_name, names);
    planner_problem(
        planner, declared->address,
        near != NULL ? near : "name the plugin that carries it under plugins:, or install it on the workers",
        "no worker of '%s' has class %s", declared->connect, declared->class_name);
}

/* Whether the connector's class, in its locked version, is on the workers or comes there by a rollout of this
 * plan; else a problem in *there's place. */
static bool check_class(Planner *planner, Candidate *candidate, bool *there, GError **error) {
    const DesiredConnector *declared = candidate->declared;
    const Pin *deferred = pins_deferred(candidate->pins);
    bool rolled_out = g_hash_table_contains(planner->rollouts, declared->connect);
    candidate->can_validate =
        deferred == NULL && installed_has_class(candidate->cluster, declared->class_name);
    *there = candidate->can_validate || rolled_out;
    if (candidate->can_validate)
        return true;
    bool carried = true;
    if (deferred != NULL && !check_artifact(planner, candidate, &carried, error))
        return false;
    if (carried && !rolled_out && deferred != NULL)
        report_lacking(planner, declared, deferred);
    else if (carried && deferred == NULL && !(rolled_out && declared->plugins->len > 0))
        report_unknown_class(planner, candidate);
    *there = *there && carried;
    return true;
}

static bool config_differs(const json_t *config, const Candidate *candidate) {
    return pins_deferred(candidate->pins) != NULL || !json_equal(config, candidate->live->config);
}

/* The plugin that the connector was last applied with, {"id","version","sha256"}, or NULL. */
static const json_t *applied_plugin(const Candidate *candidate) {
    const json_t *plugin =
        candidate->record != NULL ? json_object_get(candidate->record->applied, "plugin") : NULL;
    return json_is_object(plugin) ? plugin : NULL;
}

static bool is_replaced(const Planner *planner, const Candidate *candidate) {
    const json_t *applied = applied_plugin(candidate);
    if (applied == NULL || candidate->pins->len == 0 ||
        !g_hash_table_contains(planner->rollouts, candidate->declared->connect))
        return false;
    const Pin *pin = candidate->pins->pdata[0];
    return g_strcmp0(json_get_string(applied, "sha256"), pin->version->sha256) != 0;
}

static bool check_identity(Planner *planner, const Candidate *candidate) {
    const DesiredConnector *declared = candidate->declared;
    const ResourceRecord *record = candidate->record;
    if (record == NULL ||
        (strcmp(record->name, declared->name) == 0 && strcmp(record->cluster, declared->connect) == 0))
        return true;
    g_autofree char *hint =
        g_strdup_printf("keep it with name: %s and connect: %s, or declare the new one under another key",
                        record->name, record->cluster);
    planner_problem(planner, declared->address, hint,
                    "it would become '%s' on '%s' and lose the offsets of '%s' on '%s'", declared->name,
                    declared->connect, record->name, record->cluster);
    return false;
}

static bool check_ours(Planner *planner, const Candidate *candidate) {
    if (candidate->live == NULL || candidate->record != NULL)
        return true;
    g_autofree char *hint = g_strdup_printf("to adopt it as it is: sluice import %s %s",
                                            planner->environment->name, candidate->declared->address);
    planner_problem(planner, candidate->declared->address, hint,
                    "connector '%s' runs on '%s' and is not ours", candidate->declared->name,
                    candidate->declared->connect);
    return false;
}

/* A version that is neither the lock's nor learnt was matched by elimination: a person may know better. */
static void warn_of_elimination(Planner *planner, const Candidate *candidate) {
    for (guint i = 0; i < candidate->pins->len; i++) {
        const Pin *pin = candidate->pins->pdata[i];
        bool learnt =
            pin->version->reports != NULL && g_hash_table_contains(pin->version->reports, pin->class_name);
        if (pin->reported != NULL && !learnt && strcmp(pin->reported, pin->version->version) != 0)
            planner_warn(planner, candidate->declared->address,
                         "where that is not what it reports, install it on the workers first",
                         "%s is taken to report %s in %s %s, since the workers have no other version of it",
                         pin->class_name, pin->reported, pin->plugin->name, pin->version->version);
    }
}

static Candidate *candidate_new(Planner *planner, const DesiredConnector *declared) {
    Candidate *candidate = g_new0(Candidate, 1);
    candidate->declared = declared;
    candidate->cluster = live_cluster(planner->live, declared->connect);
    candidate->live = g_hash_table_lookup(candidate->cluster->connectors, declared->name);
    candidate->record = planner_owned(planner, declared->address);
    return candidate;
}

/* Adds a candidate that differs to `changed`; what is as declared becomes at most a refreshed record. */
static bool examine(Planner *planner, const DesiredConnector *declared, GPtrArray *changed,
                    GPtrArray *unchanged, GError **error) {
    Candidate *candidate = candidate_new(planner, declared);
    g_ptr_array_add(unchanged, candidate);
    if (!check_identity(planner, candidate) || !check_ours(planner, candidate))
        return true;
    g_autoptr(GError) problem = NULL;
    candidate->pins =
        pins_of(planner->engine, planner->environment->lock, candidate->cluster, declared, &problem);
    if (g_error_matches(problem, ENGINE_ERROR, ENGINE_ERROR_REFUSED)) {
        planner_problem(planner, declared->address, error_hint(problem), "%s", problem->message);
        return true;
    }
    if (candidate->pins == NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    candidate->config = render_config(declared, candidate->pins);
    warn_of_elimination(planner, candidate);
    candidate->differs = candidate->live == NULL || config_differs(candidate->config, candidate);
    candidate->state_differs = candidate->live != NULL && strcmp(live_target_state(candidate->live),
                                                                 run_state_name(declared->state)) != 0;
    candidate->replaced = candidate->live != NULL && is_replaced(planner, candidate);
    if (!candidate->differs && !candidate->state_differs && !candidate->replaced)
        return true;
    bool there = true;
    if (candidate->differs && !check_class(planner, candidate, &there, error))
        return false;
    if (!there)
        return true;
    g_ptr_array_steal_index(unchanged, unchanged->len - 1);
    g_ptr_array_add(changed, candidate);
    return true;
}

static void validate(gpointer data, gpointer user_data) {
    Candidate *candidate = data;
    Planner *planner = user_data;
    if (!candidate->differs || !candidate->can_validate)
        return;
    g_autoptr(json_t) config = json_copy(candidate->config);
    json_object_set_new(config, "name", json_string(candidate->declared->name));
    const ConnectCall call = {.deadline_ms = VALIDATE_DEADLINE_MS,
                              .cancellable = planner->engine->options.abort};
    g_autoptr(GHashTable) sensitive = render_sensitive_keys(candidate->declared, candidate->record, NULL);
    candidate->problems =
        connect_validate(candidate->cluster->cluster->connect, candidate->declared->class_name, config,
                         sensitive, &candidate->passwords, &call, &candidate->error);
}

static void report_validation(Planner *planner, const Candidate *candidate) {
    const char *address = candidate->declared->address;
    if (candidate->error != NULL)
        planner_problem(planner, address, error_hint(candidate->error), "its config can't be checked: %s",
                        candidate->error->message);
    for (guint i = 0; candidate->problems != NULL && i < candidate->problems->len; i++) {
        const ConfigProblem *problem = candidate->problems->pdata[i];
        planner_problem(planner, address, NULL, "%s: %s", problem->key, problem->message);
    }
}

static const char *text_of(const json_t *config, const char *key) {
    return config != NULL ? json_get_string(config, key) : NULL;
}

static PlanCause cause_of(Planner *planner, const Candidate *candidate, const char *key, const char *before,
                          const char *after) {
    if (candidate->record == NULL || candidate->live == NULL)
        return PLAN_DECLARED;
    const json_t *stored = json_object_get(json_object_get(candidate->record->applied, "config"), key);
    bool live_is_applied = render_stored_matches(stored, key, before, planner->key);
    bool declared_is_applied = render_stored_matches(stored, key, after, planner->key);
    return planner_cause(live_is_applied, declared_is_applied);
}

static void add_config_change(Planner *planner, const Candidate *candidate, PlanAction *action,
                              GHashTable *sensitive, const char *key) {
    const char *before = candidate->live != NULL ? text_of(candidate->live->config, key) : NULL;
    const char *after = text_of(candidate->config, key);
    if (g_strcmp0(before, after) == 0)
        return;
    g_autofree char *shown_key = g_strconcat("config.", key, NULL);
    g_autofree char *shown_before = render_shown(sensitive, key, before, planner->key);
    g_autofree char *shown_after = render_shown(sensitive, key, after, planner->key);
    PlanChange *change = plan_add_change(action, shown_key, shown_before, shown_after);
    change->sensitive = (before != NULL && render_is_sensitive(sensitive, key, before)) ||
                        (after != NULL && render_is_sensitive(sensitive, key, after));
    change->cause = cause_of(planner, candidate, key, before, after);
}

static void add_deferred_pin(const Candidate *candidate, PlanAction *action, const Pin *pin) {
    const char *before = candidate->live != NULL ? text_of(candidate->live->config, pin->key) : NULL;
    g_autofree char *key = g_strconcat("config.", pin->key, NULL);
    PlanChange *change = NULL;
    for (guint i = 0; i < action->changes->len && change == NULL; i++)
        if (strcmp(((PlanChange *)action->changes->pdata[i])->key, key) == 0)
            change = action->changes->pdata[i];
    if (change == NULL)
        change = plan_add_change(action, key, before, NULL);
    change->cause = PLAN_DECLARED;
    change->deferred = g_strdup_printf("%s@%s", pin->plugin->name, pin->version->version);
}

static bool is_known_key(const Candidate *candidate, const char *key) {
    const json_t *applied =
        candidate->record != NULL ? json_object_get(candidate->record->applied, "config") : NULL;
    bool known = json_object_get(candidate->config, key) != NULL || json_object_get(applied, key) != NULL;
    for (guint i = 0; i < candidate->pins->len && !known; i++)
        known = strcmp(((const Pin *)candidate->pins->pdata[i])->key, key) == 0;
    return known;
}

/* Before a worker's definition of the class says which keys are passwords, what others set may be one. */
static void add_unknown_keys(const Candidate *candidate, GHashTable *sensitive) {
    const char *key;
    json_t *value;
    if (candidate->live == NULL || candidate->passwords != NULL)
        return;
    json_object_foreach (candidate->live->config, key, value)
        if (!is_known_key(candidate, key))
            g_hash_table_add(sensitive, g_strdup(key));
}

static void add_config_changes(Planner *planner, const Candidate *candidate, PlanAction *action) {
    g_autoptr(GHashTable) sensitive =
        render_sensitive_keys(candidate->declared, candidate->record, candidate->passwords);
    add_unknown_keys(candidate, sensitive);
    const char *key;
    json_t *value;
    json_object_foreach (candidate->config, key, value)
        add_config_change(planner, candidate, action, sensitive, key);
    if (candidate->live != NULL)
        json_object_foreach (candidate->live->config, key, value)
            if (json_object_get(candidate->config, key) == NULL)
                add_config_change(planner, candidate, action, sensitive, key);
    for (guint i = 0; i < candidate->pins->len; i++)
        if (((const Pin *)candidate->pins->pdata[i])->reported == NULL)
            add_deferred_pin(candidate, action, candidate->pins->pdata[i]);
}

static void add_state_change(const Candidate *candidate, PlanAction *action) {
    const char *after = run_state_name(candidate->declared->state);
    const char *before = candidate->live != NULL ? live_target_state(candidate->live) : NULL;
    if (candidate->live != NULL && !candidate->state_differs)
        return;
    PlanChange *change = plan_add_change(action, "state", before, after);
    const char *applied =
        candidate->record != NULL ? json_get_string(candidate->record->applied, "state") : NULL;
    bool by_hand = applied != NULL && before != NULL && strcmp(applied, before) != 0;
    change->cause = by_hand ? PLAN_DRIFT : PLAN_DECLARED;
}

static void add_plugin_change(const Candidate *candidate, PlanAction *action) {
    const json_t *applied = applied_plugin(candidate);
    const Pin *pin = candidate->pins->pdata[0];
    g_autofree char *before = g_strdup_printf("%s sha256:%.12s", json_get_string(applied, "version"),
                                              json_get_string(applied, "sha256"));
    g_autofree char *after = g_strdup_printf("%s sha256:%.12s", pin->version->version, pin->version->sha256);
    plan_add_change(action, "plugin", before, after)->cause = PLAN_DECLARED;
}

/* What follows a pin of the same connector in this plan is based on that one's result. */
static char *base_after_pin(Planner *planner, const Candidate *candidate) {
    for (guint i = 0; candidate->live != NULL && i < planner->plan->actions->len; i++) {
        const PlanAction *pin = planner->plan->actions->pdata[i];
        if (pin->phase != PHASE_PINS || pin->live_connector != candidate->live)
            continue;
        const PlanChange *change = pin->changes->pdata[0];
        g_autoptr(json_t) config = json_copy(candidate->live->config);
        json_object_set_new(config, change->key + strlen("config."), json_string(change->new_value));
        return render_hash(planner->key, config, live_target_state(candidate->live));
    }
    return live_hash_connector(planner->key, candidate->live);
}

static void add_action(Planner *planner, Candidate *candidate) {
    PlanOperation operation = candidate->live == NULL                     ? PLAN_CREATE
                              : candidate->differs || candidate->replaced ? PLAN_UPDATE
                                                                          : PLAN_STATE;
    PlanAction *action = planner_add(planner, candidate->declared->address, operation, PHASE_CONNECTORS);
    action->cluster = candidate->declared->connect;
    action->name = candidate->declared->name;
    action->connector = candidate->declared;
    action->live_connector = candidate->live;
    action->record = candidate->record != NULL ? resource_record_ref(candidate->record) : NULL;
    action->base_live = base_after_pin(planner, candidate);
    action->base_serial = candidate->record != NULL ? candidate->record->serial : 0;
    action->recreate = candidate->live == NULL && candidate->record != NULL;
    action->cause = action->recreate ? PLAN_DRIFT : 0;
    action->passwords = candidate->passwords != NULL ? g_hash_table_ref(candidate->passwords) : NULL;
    if (candidate->differs)
        add_config_changes(planner, candidate, action);
    else if (candidate->replaced)
        add_plugin_change(candidate, action);
    add_state_change(candidate, action);
}

/* Whether the record names the plugin that the lock has now; one that was installed by others, too. */
static bool plugin_is_recorded(const Candidate *candidate) {
    const json_t *applied = applied_plugin(candidate);
    const Pin *pin = candidate->pins->len > 0 ? candidate->pins->pdata[0] : NULL;
    return pin == NULL ||
           (applied != NULL && g_strcmp0(json_get_string(applied, "sha256"), pin->version->sha256) == 0);
}

/* What is as declared may have become so by hand, or be managed again, or have other rules of removal. */
static void refresh(Planner *planner, const Candidate *candidate) {
    const ResourceRecord *record = candidate->record;
    const DesiredConnector *declared = candidate->declared;
    if (record == NULL || candidate->live == NULL || candidate->config == NULL || candidate->differs ||
        candidate->state_differs)
        return;
    g_autoptr(GHashTable) sensitive = render_sensitive_keys(declared, record, NULL);
    g_autoptr(json_t) stored = render_stored_config(candidate->live->config, sensitive, planner->key);
    const char *state = live_target_state(candidate->live);
    if (!record->kept && record->protected == declared->protected &&
        record->on_remove == declared->on_remove &&
        json_equal(stored, json_object_get(record->applied, "config")) && plugin_is_recorded(candidate) &&
        g_strcmp0(state, json_get_string(record->applied, "state")) == 0)
        return;
    ResourceRecord *fresh = resource_record_copy(record);
    json_object_set(fresh->applied, "config", stored);
    json_object_set_new(fresh->applied, "state", json_string(state));
    json_object_set_new(fresh->applied, "plugin", pins_plugin_json(candidate->pins));
    fresh->kept = false;
    fresh->protected = declared->protected;
    fresh->on_remove = declared->on_remove;
    planner_refresh(planner, fresh, record->uid, record->kept ? "managed again" : NULL);
}

bool plan_connectors(Planner *planner, GError **error) {
    g_autoptr(GPtrArray) changed = g_ptr_array_new_with_free_func((GDestroyNotify)candidate_free);
    g_autoptr(GPtrArray) unchanged = g_ptr_array_new_with_free_func((GDestroyNotify)candidate_free);
    const GPtrArray *connectors = planner->environment->connectors;
    for (guint i = 0; i < connectors->len; i++) {
        const DesiredConnector *declared = connectors->pdata[i];
        if (engine_is_target(planner->engine, declared->address) &&
            !examine(planner, declared, changed, unchanged, error))
            return false;
    }
    if (changed->len > 0)
        engine_progress(planner->engine, "asking the workers to check %u configs", changed->len);
    parallel_each(changed->pdata, changed->len, planner->engine->options.parallelism,
                  planner->engine->options.abort, validate, planner);
    for (guint i = 0; i < changed->len; i++) {
        report_validation(planner, changed->pdata[i]);
        add_action(planner, changed->pdata[i]);
    }
    for (guint i = 0; i < unchanged->len; i++)
        refresh(planner, unchanged->pdata[i]);
    return true;
}
