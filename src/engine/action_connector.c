/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "connect/secrets.h"
#include "engine/action.h"
#include "engine/health.h"
#include "engine/installed.h"

static Connect *client_of(const ActionRun *run) {
    return engine_cluster(run->engine, run->action->cluster)->connect;
}

static ConnectCall call_of(const ActionRun *run) {
    return (ConnectCall){
        .deadline_ms = run->engine->environment->timing.deadline_ms,
        .cancellable = run->engine->options.abort,
        .waiting = run->engine->options.progress,
        .user_data = run->engine->options.user_data,
    };
}

static RunState parse_state(const char *name) {
    for (RunState state = RUN_STATE_RUNNING; state <= RUN_STATE_STOPPED; state++)
        if (strcmp(run_state_name(state), name) == 0)
            return state;
    return RUN_STATE_RUNNING;
}

/* ---- preparing ---- */

static bool refuse(ActionRun *run, GError *error) {
    action_end(run, OUTCOME_FAILED, RECORD_AS_BEFORE, error);
    return false;
}

static bool check_versions(ActionRun *run, const GPtrArray *pins) {
    const Pin *deferred = pins_deferred(pins);
    if (deferred == NULL)
        return true;
    GError *error = NULL;
    g_autofree char *hint = installed_hint(INSTALLED_SAME_VERSION_HINT, deferred->guess);
    error_set(&error, ENGINE_ERROR, ENGINE_ERROR_REFUSED, hint,
              "no version of %s that worker %s reports belongs to %s %s", deferred->class_name,
              deferred->lacking, deferred->plugin->name, deferred->version->version);
    return refuse(run, error);
}

/* What could not be asked when the plan was made: what the class says of the config, and which of its keys
 * are passwords. */
static bool validate(ActionRun *run) {
    const PlanAction *action = run->action;
    if (action->passwords != NULL)
        return true;
    g_autoptr(json_t) config = json_copy(run->config);
    json_object_set_new(config, "name", json_string(action->name));
    g_autoptr(GHashTable) passwords = NULL;
    GError *error = NULL;
    ConnectCall call = call_of(run);
    g_autoptr(GPtrArray) problems = connect_validate(client_of(run), action->connector->class_name, config,
                                                     run->sensitive, &passwords, &call, &error);
    if (problems == NULL)
        return refuse(run, error);
    if (problems->len > 0) {
        const ConfigProblem *problem = problems->pdata[0];
        error_set(&error, ENGINE_ERROR, ENGINE_ERROR_REFUSED, NULL, "%s: %s", problem->key, problem->message);
        return refuse(run, error);
    }
    g_hash_table_unref(run->sensitive);
    run->sensitive = render_sensitive_keys(action->connector, action->record, passwords);
    return true;
}

static bool prepare_declared(ActionRun *run) {
    const PlanAction *action = run->action;
    const LiveCluster *cluster = live_cluster(run->live, action->cluster);
    GError *error = NULL;
    g_autoptr(GPtrArray) pins =
        pins_of(run->engine, run->engine->environment->lock, cluster, action->connector, &error);
    if (pins == NULL)
        return refuse(run, error);
    if (!check_versions(run, pins))
        return false;
    run->config = render_config(action->connector, pins);
    run->sensitive = render_sensitive_keys(action->connector, action->record, action->passwords);
    run->version = pins->len > 0 ? g_strdup(((const Pin *)pins->pdata[0])->reported) : NULL;
    if (action->operation != PLAN_STATE && !validate(run))
        return false;
    const char *state = run_state_name(action->connector->state);
    ResourceRecord *record = action_record(run, RESOURCE_CONNECTOR);
    json_decref(record->applied);
    record->applied = json_pack("{s:o,s:s,s:o}", "config",
                                render_stored_config(run->config, run->sensitive, engine_key(run->engine)),
                                "state", state, "plugin", pins_plugin_json(pins));
    record->kept = false;
    record->protected = action->connector->protected;
    record->on_remove = action->connector->on_remove;
    run->record_after = record;
    run->after = render_hash(engine_key(run->engine), run->config, state);
    return true;
}

static bool prepare_pin(ActionRun *run) {
    const PlanAction *action = run->action;
    const PlanChange *pin = action->changes->pdata[0];
    const char *name = pin->key + strlen("config.");
    run->config = json_copy(action->live_connector->config);
    json_object_set_new(run->config, name, json_string(pin->new_value));
    run->sensitive = render_sensitive_keys(NULL, action->record, NULL);
    run->version = g_strdup(pin->new_value);
    run->record_after = action_record(run, RESOURCE_CONNECTOR);
    json_object_set_new(json_object_get(run->record_after->applied, "config"), name,
                        json_string(pin->new_value));
    run->after = render_hash(engine_key(run->engine), run->config, live_target_state(action->live_connector));
    return true;
}

static bool prepare_removal(ActionRun *run) {
    const PlanAction *action = run->action;
    if (!action->stop_only) {
        run->after = g_strdup("absent");
        return true;
    }
    run->record_after = action_record(run, RESOURCE_CONNECTOR);
    run->record_after->kept = true;
    json_object_set_new(run->record_after->applied, "state", json_string(run_state_name(RUN_STATE_STOPPED)));
    run->after = render_hash(engine_key(run->engine), action->live_connector->config,
                             run_state_name(RUN_STATE_STOPPED));
    return true;
}

bool action_prepare_connector(ActionRun *run) {
    const PlanAction *action = run->action;
    run->before = g_strdup(action->base_live);
    bool prepared = action->phase == PHASE_PINS                ? prepare_pin(run)
                    : action->phase == PHASE_DELETE_CONNECTORS ? prepare_removal(run)
                                                               : prepare_declared(run);
    if (prepared)
        run->uid = g_strdup(run->record_after != NULL ? run->record_after->uid : action->record->uid);
    return prepared;
}

/* ---- running ---- */

/* The connector as it is right before the change; *connector NULL where there is none. */
static bool read_live(ActionRun *run, Connector **connector, GError **error) {
    ConnectCall call = call_of(run);
    g_autoptr(GError) problem = NULL;
    *connector = connect_get(client_of(run), run->action->name, &call, &problem);
    if (*connector != NULL || g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool is_as(ActionRun *run, const Connector *connector, const char *hash) {
    g_autofree char *now = live_hash_connector(engine_key(run->engine), connector);
    return strcmp(now, hash) == 0;
}

/* After an answer that says nothing, or "already exists": was it done? */
static bool was_done(ActionRun *run, GError **error) {
    g_autoptr(Connector) connector = NULL;
    g_autoptr(GError) problem = NULL;
    if (!read_live(run, &connector, &problem) || !is_as(run, connector, run->after))
        return false;
    g_clear_error(error);
    return true;
}

static bool may_be_done(const GError *error) {
    return g_error_matches(error, CONNECT_ERROR, CONNECT_ERROR_UNKNOWN) ||
           g_error_matches(error, CONNECT_ERROR, CONNECT_ERROR_EXISTS) ||
           g_error_matches(error, CONNECT_ERROR, CONNECT_ERROR_BUSY);
}

/* One that exists in spite of what was read a moment ago came from a call of ours that was cut off, when it
 * is what we would have made. */
static bool create(ActionRun *run, GError **error) {
    ConnectCall call = call_of(run);
    const PlanAction *action = run->action;
    g_autoptr(GError) problem = NULL;
    g_autoptr(Connector) made = NULL;
    if (connect_create(client_of(run), action->name, run->config, live_state_name(action->connector->state),
                       run->sensitive, &call, &problem))
        return true;
    if (g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_EXISTS) && read_live(run, &made, NULL) &&
        made != NULL && json_equal(made->config, run->config))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool put_config(ActionRun *run, const Connector *now, GError **error) {
    ConnectCall call = call_of(run);
    if (run->action->operation == PLAN_CREATE && now == NULL)
        return create(run, error);
    return json_equal(run->config, now->config) ||
           connect_configure(client_of(run), run->action->name, run->config, run->sensitive, &call, error);
}

static RunState wanted_state(const ActionRun *run, const Connector *before) {
    if (run->action->stop_only)
        return RUN_STATE_STOPPED;
    if (run->action->connector != NULL)
        return run->action->connector->state;
    return parse_state(live_target_state(before));
}

static bool put_state(ActionRun *run, const Connector *before, GError **error) {
    RunState wanted = wanted_state(run, before);
    if (before == NULL || strcmp(live_target_state(before), run_state_name(wanted)) == 0)
        return true;
    ConnectCall call = call_of(run);
    return connect_set_state(client_of(run), run->action->name, live_state_name(wanted), &call, error);
}

static bool change(ActionRun *run, const Connector *before, GError **error) {
    bool changed = (run->config == NULL || put_config(run, before, error)) && put_state(run, before, error);
    return changed || (error != NULL && may_be_done(*error) && was_done(run, error));
}

static bool wait_healthy(ActionRun *run, const Connector *before, RunState state, const char *version,
                         char **trace, GError **error) {
    const HealthWatch watch = {
        .name = run->action->name,
        .before = before,
        .state = state,
        .version = version,
        .timing = &run->engine->environment->timing,
        .abort = run->engine->options.abort,
    };
    return health_wait(client_of(run), &watch, trace, error);
}

/* Puts back what was there; a connector that was not there goes. */
static bool put_back(ActionRun *run, const Connector *before, GError **error) {
    ConnectCall call = call_of(run);
    Connect *connect = client_of(run);
    const char *name = run->action->name;
    if (before == NULL)
        return connect_delete(connect, name, &call, error);
    RunState state = parse_state(live_target_state(before));
    g_autoptr(Connector) failed = NULL;
    return read_live(run, &failed, error) &&
           connect_configure(connect, name, before->config, run->sensitive, &call, error) &&
           connect_set_state(connect, name, live_state_name(state), &call, error) &&
           wait_healthy(run, failed, state, json_get_string(before->config, "connector.plugin.version"), NULL,
                        error);
}

static void roll_back(ActionRun *run, const Connector *before, GError *why) {
    engine_progress(run->engine, "putting back %s", run->action->address);
    g_autoptr(GError) problem = NULL;
    if (state_check_lease(run->engine->state, &problem) && put_back(run, before, &problem)) {
        action_end(run, OUTCOME_ROLLED_BACK, RECORD_AS_BEFORE, why);
        return;
    }
    error_add_hint(why, "the way back failed too: %s", problem->message);
    action_end(run, OUTCOME_STUCK, RECORD_UNKNOWN, why);
}

/* Why an unhealthy connector keeps what it was given; NULL: it goes back. */
static const char *reason_to_stay(const ActionRun *run, const Connector *before, bool was_failing) {
    if (was_failing)
        return "it had failed before the change too: the new config stays";
    if (run->engine->options.no_rollback)
        return "the new config stays, as --no-rollback says";
    if (before != NULL && run->action->operation == PLAN_UPDATE && json_equal(run->config, before->config))
        return "its plugin was replaced under the same version: put the former one back into the lock and "
               "apply";
    return NULL;
}

static void end_unhealthy(ActionRun *run, const Connector *before, bool was_failing, GError *error) {
    const char *reason = reason_to_stay(run, before, was_failing);
    if (!g_error_matches(error, ENGINE_ERROR, ENGINE_ERROR_UNHEALTHY)) {
        action_end(run, OUTCOME_FAILED, RECORD_UNKNOWN, error);
    } else if (reason != NULL) {
        error_add_hint(error, "%s", reason);
        action_end(run, OUTCOME_FAILED, RECORD_AFTER, error);
    } else {
        roll_back(run, before, error);
    }
}

static void end_unchanged(ActionRun *run, GError *error) {
    g_autoptr(Connector) now = NULL;
    bool may_come_late = g_error_matches(error, CONNECT_ERROR, CONNECT_ERROR_UNKNOWN);
    bool same = !may_come_late && read_live(run, &now, NULL) && is_as(run, now, run->before);
    action_end(run, OUTCOME_FAILED, same ? RECORD_AS_BEFORE : RECORD_UNKNOWN, error);
}

/* What a task says may quote values: those that the declarations call sensitive are taken out. */
static void redact_trace(ActionRun *run) {
    if (run->result->trace == NULL)
        return;
    g_autoptr(Secrets) secrets = secrets_new(run->config, run->sensitive);
    char *clean = secrets_redact(secrets, run->result->trace);
    g_free(run->result->trace);
    run->result->trace = clean;
}

/* `now` is what the change begins at, `before` what the way back leads to. */
static void run_change(ActionRun *run, const Connector *now, const Connector *before) {
    GError *error = NULL;
    bool was_failing = before != NULL && health_has_failed(before, NULL);
    if (!change(run, now, &error)) {
        end_unchanged(run, error);
    } else if (wait_healthy(run, now, wanted_state(run, now), run->version, &run->result->trace, &error)) {
        action_end(run, OUTCOME_DONE, RECORD_AFTER, NULL);
    } else {
        redact_trace(run);
        end_unhealthy(run, before, was_failing, error);
    }
}

/* Offsets are in the state before what they belong to is gone. */
static bool record_offsets(ActionRun *run, const char *why, GError **error) {
    ConnectCall call = call_of(run);
    g_autoptr(json_t) offsets = connect_offsets(client_of(run), run->action->name, &call, error);
    if (offsets == NULL) {
        g_prefix_error(error, "its offsets can't be recorded: ");
        return false;
    }
    g_autoptr(StateBatch) batch = state_batch_new();
    state_put_offsets(batch, run->uid, why, offsets);
    return state_commit(run->engine->state, batch, error);
}

static bool remove_connector(ActionRun *run, const Connector *before, GError **error) {
    ConnectCall call = call_of(run);
    Connect *connect = client_of(run);
    const char *name = run->action->name;
    if (!connect_set_state(connect, name, "STOPPED", &call, error) ||
        !wait_healthy(run, before, RUN_STATE_STOPPED, NULL, NULL, error))
        return false;
    return record_offsets(run, run->action->stop_only ? "stop" : "delete", error) &&
           (run->action->stop_only || connect_delete(connect, name, &call, error));
}

static void run_removal(ActionRun *run, const Connector *before) {
    GError *error = NULL;
    if (remove_connector(run, before, &error))
        action_end(run, OUTCOME_DONE, RECORD_AFTER, NULL);
    else if (g_error_matches(error, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND)) {
        g_clear_error(&error);
        action_end(run, OUTCOME_DONE, RECORD_AFTER, NULL);
    } else {
        action_end(run, OUTCOME_FAILED, RECORD_UNKNOWN, error);
    }
}

static GError *moved(const ActionRun *run) {
    GError *error = NULL;
    error_set(&error, ENGINE_ERROR, ENGINE_ERROR_MOVED, "run the plan again",
              "'%s' was changed by someone else meanwhile", run->action->name);
    return error;
}

/* The last call of an apply that was killed may land after we looked: then part of our way is gone already.
 */
static bool is_under_way(const ActionRun *run, const Connector *now) {
    bool removal = run->action->phase == PHASE_DELETE_CONNECTORS;
    if (now == NULL || !removal)
        return now == NULL ? removal : json_equal(now->config, run->config);
    return json_equal(now->config, run->action->live_connector->config) &&
           strcmp(live_target_state(now), run_state_name(RUN_STATE_STOPPED)) == 0;
}

void action_run_connector(ActionRun *run) {
    g_autoptr(Connector) now = NULL;
    GError *error = NULL;
    if (!state_check_lease(run->engine->state, &error) || !read_live(run, &now, &error)) {
        action_end(run, OUTCOME_FAILED, RECORD_AS_BEFORE, error);
        return;
    }
    bool as_planned = is_as(run, now, run->before);
    if (!as_planned && !is_under_way(run, now))
        action_end(run, OUTCOME_FAILED, RECORD_AS_BEFORE, moved(run));
    else if (run->action->phase == PHASE_DELETE_CONNECTORS)
        run_removal(run, now);
    else
        run_change(run, now, as_planned ? now : run->action->live_connector);
}
