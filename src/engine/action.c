/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/action.h"

#include "engine/recover.h"

ActionRun *action_run_new(Engine *engine, const PlanAction *action, const Live *live,
                          const ResourceRecord *stamp) {
    ActionRun *run = g_new0(ActionRun, 1);
    run->engine = engine;
    run->action = action;
    run->live = live;
    run->stamp = stamp;
    run->result = g_new0(ActionResult, 1);
    run->result->action = action;
    return run;
}

void action_run_free(ActionRun *run) {
    json_decref(run->config);
    g_clear_pointer(&run->sensitive, g_hash_table_unref);
    g_clear_pointer(&run->record_after, resource_record_unref);
    g_free(run->version);
    g_free(run->uid);
    g_free(run->before);
    g_free(run->after);
    g_free(run);
}

void action_end(ActionRun *run, Outcome outcome, RecordFate fate, GError *error) {
    run->result->outcome = outcome;
    run->fate = fate;
    g_clear_error(&run->result->error);
    run->result->error = error;
}

static void set_text(char **place, const char *text) {
    g_free(*place);
    *place = g_strdup(text);
}

static ResourceRecord *first_record(const ActionRun *run, ResourceKind kind) {
    const PlanAction *action = run->action;
    ResourceRecord *record = resource_record_new(kind, action->address, action->cluster, action->name);
    g_autofree char *uid = recovery_uid(run->engine, action->address);
    if (uid != NULL)
        set_text(&record->uid, uid);
    return record;
}

ResourceRecord *action_record(const ActionRun *run, ResourceKind kind) {
    const PlanAction *action = run->action;
    ResourceRecord *record =
        action->record != NULL ? resource_record_copy(action->record) : first_record(run, kind);
    set_text(&record->at, run->stamp->at);
    set_text(&record->by, run->stamp->by);
    set_text(&record->commit, run->stamp->commit);
    set_text(&record->plan, run->stamp->plan);
    set_text(&record->apply, run->stamp->apply);
    return record;
}
