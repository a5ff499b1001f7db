/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "pipeline/pipeline_private.h"

#define PROMOTION "promotion"
#define UNHOLD "unhold"
#define LOCK_LIMIT ((gsize)16 * 1024 * 1024)

char *promotion_neighbour(Pipeline *pipeline, const char *environment, int step) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    char **names = pipeline->project != NULL ? pipeline->project->environments : NULL;
    for (int i = 0; names != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], environment) == 0)
            return i + step >= 0 ? g_strdup(names[i + step]) : NULL;
    return NULL;
}

/* --- The lock in hand ----------------------------------------------------------------------------------- */

static json_t *changes_to_json(const GPtrArray *changes) {
    json_t *list = json_array();
    for (guint i = 0; i < changes->len; i++) {
        const PromotionChange *change = changes->pdata[i];
        bool plugin = change->plugin != NULL;
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "kind", plugin ? "plugin" : "module",
                                              "name", plugin ? change->plugin : change->instance, "before",
                                              json_string_or_null(change->before), "after",
                                              json_string_or_null(change->after)));
    }
    return list;
}

/* Instances whose plugins' versions are not held out of the target. */
static char **free_instances(const Environment *from, const Lock *target) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < from->instances->len; i++) {
        const Instance *instance = from->instances->pdata[i];
        bool held = instance->waiting;
        for (guint j = 0; j < instance->plugins->len && !held; j++) {
            const LockedPlugin *plugin = lock_find_plugin(from->lock, instance->plugins->pdata[j]);
            const LockedVersion *version = plugin != NULL ? locked_plugin_current(plugin) : NULL;
            held = version != NULL && (lock_holds(target, plugin->name, version->version) ||
                                       lock_holds(target, plugin->name, version->resolved));
        }
        if (!held)
            g_strv_builder_add(builder, instance->name);
    }
    return g_strv_builder_end(builder);
}

/* Of all of them, those that the target has too. */
static char **common_instances(char *const *instances, const Environment *to) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (char *const *name = instances; *name != NULL; name++)
        for (guint i = 0; i < to->instances->len; i++)
            if (g_str_equal(((const Instance *)to->instances->pdata[i])->name, *name))
                g_strv_builder_add(builder, *name);
    return g_strv_builder_end(builder);
}

static char **texts_of(const json_t *list) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const json_t *text;
    size_t index;
    json_array_foreach (list, index, text)
        g_strv_builder_add(builder, json_string_value(text));
    return g_strv_builder_end(builder);
}

/* Whether what an environment declares here has run, and was healthy. */
static bool is_good(const Environment *environment, const MarkRecord *mark) {
    g_autofree char *lock = lock_digest(environment->lock);
    return g_strcmp0(environment->digest, mark->good_digest) == 0 && g_strcmp0(lock, mark->good_lock) == 0;
}

/* NULL without an error where there is none that may be promoted: nobody asked for it (`proposed`), and FROM
 * has something newer here than what runs well there. */
static char **choose_instances(const Pipeline *pipeline, const Checkout *checkout, const char *from,
                               const char *to, bool proposed, GError **error) {
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, from);
    g_autoptr(Environment) source =
        declarations_load(pipeline, checkout->root, from, false, NULL, NULL, error);
    if (source == NULL || (proposed && !is_good(source, mark)))
        return NULL;
    g_autoptr(Environment) target = declarations_load(pipeline, checkout->root, to, false, NULL, NULL, error);
    if (target == NULL)
        return NULL;
    g_auto(GStrv) free = free_instances(source, target->lock);
    g_auto(GStrv) common = common_instances(free, target);
    /* All of them: plugins of no module go along. */
    bool all = g_strv_length(free) == source->instances->len;
    return all ? g_new0(char *, 1) : common[0] == NULL ? NULL : g_steal_pointer(&common);
}

/* A title of what moves. */
static void name_promotion(RunRecord *run, const char *from) {
    g_autoptr(GString) title = g_string_new(NULL);
    const json_t *change;
    size_t index;
    g_string_printf(title, "promote from %s", from);
    json_array_foreach (run->changes, index, change) {
        const char *after = json_get_string(change, "after");
        bool plugin = strcmp(json_get_string(change, "kind"), "plugin") == 0;
        g_string_append_printf(title, "%s %s %.*s", index > 0 ? "," : ":", json_get_string(change, "name"),
                               plugin ? 80 : 10, after != NULL ? after : "");
    }
    g_free(run->title);
    run->title = g_strdup(title->str);
}

/* What FROM has, and TO may have: PromotionChange; maybe empty. */
static GPtrArray *promote_lock(const Checkout *checkout, const char *from, const char *to,
                               char *const *instances, bool dry_run, GError **error) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    GPtrArray *changes = declare_promote(checkout->root, from, to, (const char *const *)instances, dry_run,
                                         NULL, diagnostics, &problem);
    if (changes != NULL)
        return changes;
    declarations_name_mistake(diagnostics, problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

/* Writes TO's lock in the checkout as a promotion makes it, and keeps it in the run. */
static bool promote(const Checkout *checkout, const char *from, char *const *instances, RunRecord *run,
                    GError **error) {
    g_autoptr(GPtrArray) changes = promote_lock(checkout, from, run->subject, instances, false, error);
    if (changes == NULL)
        return false;
    if (changes->len == 0)
        return true;
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", checkout->root, run->subject);
    run->lock = files_read_text(path, LOCK_LIMIT, error);
    g_autoptr(Lock) lock = run->lock != NULL ? lock_read(path, error) : NULL;
    if (lock == NULL)
        return false;
    g_free(run->locked);
    run->locked = lock_digest(lock);
    json_decref(run->changes);
    run->changes = changes_to_json(changes);
    name_promotion(run, from);
    return true;
}

static void drop_holds(Lock *lock, const char *plugin) {
    for (guint i = lock->holds->len; i-- > 0;)
        if (g_str_equal(((const LockHold *)lock->holds->pdata[i])->plugin, plugin))
            g_ptr_array_remove_index(lock->holds, i);
}

static const char *unheld_plugin(const RunRecord *run) {
    return json_get_string(json_array_get(run->changes, 0), "name");
}

/* The first environment asks for the newest again; one after it is proposed to, once nothing is held. */
static bool let_in(const Pipeline *pipeline, const Checkout *checkout, RunRecord *run, GError **error) {
    g_autoptr(Environment) environment =
        declarations_load(pipeline, checkout->root, run->subject, false, NULL, NULL, error);
    g_autoptr(Project) project =
        environment != NULL ? declarations_project(pipeline, checkout->root, run->subject, error) : NULL;
    if (project == NULL)
        return false;
    g_autoptr(Lock) lock = lock_copy(environment->lock);
    const char *plugin = unheld_plugin(run);
    const char *const names[] = {plugin, NULL};
    const LockRequest request = {
        .requests = environment->plugins,
        .repositories = project->repositories,
        .unhold = names,
        .root = checkout->root,
        .cancellable = pipeline->stop,
    };
    g_autoptr(GPtrArray) changes = environment->first ? lock_resolve(lock, &request, error) : NULL;
    if (environment->first && changes == NULL)
        return false;
    drop_holds(lock, plugin);
    g_autoptr(json_t) json = lock_to_json(lock);
    run->lock = json_pretty(json);
    g_free(run->locked);
    run->locked = lock_digest(lock);
    return lock_write(lock, environment->lock_path, error);
}

static bool has_been_read(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    return pipeline->project != NULL;
}

bool promotion_prepare(Work *work, GError **error) {
    Pipeline *pipeline = work->pipeline;
    RunRecord *run = work->run;
    g_auto(Checkout) checkout = {0};
    g_clear_pointer(&run->lock, g_free);
    if (!work_check_out(work, &checkout, error))
        return false;
    g_free(run->base);
    run->base = g_strdup(run->commit);
    if (g_str_equal(run->cause, UNHOLD))
        return let_in(pipeline, &checkout, run, error);
    g_autofree char *from = promotion_neighbour(pipeline, run->subject, -1);
    if (from == NULL && !has_been_read(pipeline)) {
        pipeline_set_unread(error);
        return false;
    }
    GError *problem = NULL;
    g_auto(GStrv) instances =
        run->instances != NULL ? texts_of(run->instances)
        : from != NULL ? choose_instances(pipeline, &checkout, from, run->subject, run->by == NULL, &problem)
                       : NULL;
    if (problem != NULL)
        g_propagate_error(error, problem);
    return problem == NULL && (instances == NULL || promote(&checkout, from, instances, run, error));
}

int promotion_count(Pipeline *pipeline, const Checkout *checkout, const char *from, const char *to) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) instances = choose_instances(pipeline, checkout, from, to, false, &error);
    g_autoptr(GPtrArray) changes =
        instances != NULL ? promote_lock(checkout, from, to, instances, true, &error) : NULL;
    return error != NULL ? -1 : changes != NULL ? (int)changes->len : 0;
}

bool promotion_has_lock_in_hand(const RunRecord *run) {
    return strcmp(run->cause, PROMOTION) == 0 || strcmp(run->cause, UNHOLD) == 0;
}

char *promotion_fingerprint(const RunRecord *run) {
    if (strcmp(run->cause, PROMOTION) != 0)
        return NULL;
    GString *text = g_string_new(NULL);
    const json_t *change;
    size_t index;
    json_array_foreach (run->changes, index, change)
        g_string_append_printf(text, "%s %s %s\n", json_get_string(change, "kind"),
                               json_get_string(change, "name"), json_get_string(change, "after"));
    return g_string_free(text, FALSE);
}

/* --- Proposing ------------------------------------------------------------------------------------------ */

/* A run that promotes to `to` what the branch has now, asked for by a person (NULL: proposed). Its lock is
 * NULL, without an error, where nothing moves. */
static RunRecord *propose(Pipeline *pipeline, const char *to, const char *const *instances, const char *by,
                          GError **error) {
    RunRecord *run = run_record_new(RUN_DEPLOY, to, PROMOTION, run_stage_text(RUN_QUEUED));
    run->commit = pipeline_head(pipeline);
    run->by = g_strdup(by);
    for (; instances != NULL && *instances != NULL; instances++) {
        if (run->instances == NULL)
            run->instances = json_array();
        json_array_append_new(run->instances, json_string(*instances));
    }
    Work work = {.pipeline = pipeline, .run = run};
    promotion_prepare(&work, error);
    g_autofree char *folder = pipeline_path(pipeline, "runs", run->id, NULL);
    files_remove_tree(folder, NULL);
    return run;
}

static bool wants_proposals(Pipeline *pipeline, const char *to, GError **error) {
    g_autofree char *relative = g_build_filename(pipeline->settings->folder, NULL);
    g_autofree char *root = pipeline_path(pipeline, "head", relative, NULL);
    g_autoptr(Environment) environment = declarations_load(pipeline, root, to, false, NULL, NULL, error);
    return environment != NULL && strcmp(environment->policy.promotion, "propose") == 0;
}

/* Another run that makes a proposal needless: it is on its way with the same lock, or could not be planned
 * from the same commit. */
static bool is_same_proposal(const RunRecord *other, const RunRecord *run, const char *fingerprint) {
    RunStage stage = run_stage_of(other);
    g_autofree char *others = promotion_fingerprint(other);
    if (stage == RUN_FAILED)
        return g_strcmp0(other->commit, run->commit) == 0 && g_strcmp0(others, fingerprint) == 0;
    return !run_stage_has_ended(stage) && run->locked != NULL && g_strcmp0(other->locked, run->locked) == 0;
}

/* The same change is on its way already, or was not wanted. */
static bool is_known(Pipeline *pipeline, const RunRecord *run) {
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, run->subject);
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    g_autofree char *fingerprint = promotion_fingerprint(run);
    if (g_strcmp0(mark->declined, fingerprint) == 0)
        return true;
    for (guint i = 0; i < runs->len; i++) {
        const RunRecord *other = runs->pdata[i];
        if (other->kind == RUN_DEPLOY && g_str_equal(other->subject, run->subject) &&
            is_same_proposal(other, run, fingerprint))
            return true;
    }
    return false;
}

/* A commit of a person's goes first: one that has not run yet proposes again when it has, and one that failed
 * is not tried again as part of a promotion. */
static bool is_busy(Pipeline *pipeline, const char *to) {
    g_autoptr(RunRecord) queued = runs_find(pipeline, RUN_DEPLOY, to, run_stage_can_be_superseded);
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, to);
    bool of_a_commit = queued != NULL && !promotion_has_lock_in_hand(queued) && !drift_is_cause(queued);
    return of_a_commit || mark->behind_commit != NULL;
}

/* One that can't be prepared is a run too, which fails with what is wrong: nobody would know. */
void promotion_propose(Pipeline *pipeline, const char *from) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    g_autofree char *to = promotion_neighbour(pipeline, from, 1);
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, from);
    g_autoptr(GError) error = NULL, problem = NULL;
    if (to == NULL || mark->good_commit == NULL || is_busy(pipeline, to) ||
        !wants_proposals(pipeline, to, &problem))
        return;
    g_autoptr(RunRecord) run = propose(pipeline, to, NULL, NULL, &error);
    if ((error == NULL && run->lock == NULL) || is_known(pipeline, run))
        return;
    if (error != NULL)
        name_promotion(run, from);
    runs_add(pipeline, run, NULL, NULL, NULL);
}

/* --- Asked for by a person ------------------------------------------------------------------------------ */

/* With the declarations held: a poll that has taken in a newer commit tells of it before we ask which is the
 * newest, or the run asked for would take the place of that commit's. */

static bool check_operator(const Person *person, GError **error) {
    if ((person->roles & ROLE_OPERATOR) != 0)
        return true;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED, NULL, "%s has not the role operator",
              person->name);
    return false;
}

static bool check_environment(Pipeline *pipeline, const char *name, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    if (pipeline->project != NULL &&
        g_strv_contains((const char *const *)pipeline->project->environments, name))
        return true;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no environment '%s'", name);
    return false;
}

/* Stores a run that a person asked for; gives it as the API's Run. */
static json_t *add_asked(Pipeline *pipeline, RunRecord *run, const char *act, const char *detail,
                         const Person *person, GError **error) {
    g_free(run->by);
    run->by = g_strdup(person->name);
    json_t *audit =
        audit_record(person->name, act, run->id, run->kind == RUN_DEPLOY ? run->subject : NULL, NULL, detail);
    return runs_add(pipeline, run, NULL, audit, error) ? view_run(run) : NULL;
}

json_t *pipeline_promote(Pipeline *pipeline, const char *environment, const char *const *instances,
                         const Person *person, GError **error) {
    if (!check_operator(person, error) || !check_environment(pipeline, environment, error))
        return NULL;
    g_autofree char *from = promotion_neighbour(pipeline, environment, -1);
    if (from == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, NULL,
                  "nothing is promoted to '%s', the first environment", environment);
        return NULL;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    GError *problem = NULL;
    g_autoptr(RunRecord) run = propose(pipeline, environment, instances, person->name, &problem);
    if (problem == NULL && run->lock == NULL)
        error_set(&problem, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL,
                  "'%s' has nothing that '%s' lacks, or it is held", from, environment);
    if (problem != NULL) {
        g_propagate_error(error, problem);
        return NULL;
    }
    return add_asked(pipeline, run, "promote", run->title, person, error);
}

json_t *pipeline_unhold(Pipeline *pipeline, const char *environment, const char *plugin, const Person *person,
                        GError **error) {
    if (!check_operator(person, error) || !check_environment(pipeline, environment, error))
        return NULL;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, environment, UNHOLD, run_stage_text(RUN_QUEUED));
    run->commit = pipeline_head(pipeline);
    run->title = g_strdup_printf("let in what is held of %s", plugin);
    run->changes = json_pack("[{s:s, s:s, s:n, s:n}]", "kind", "plugin", "name", plugin, "before", "after");
    g_autoptr(GitRepository) mirror = declarations_mirror(pipeline);
    g_autoptr(Lock) lock = declarations_lock_at(mirror, pipeline->settings, run->commit, environment, error);
    if (lock == NULL)
        return NULL;
    guint holds = lock->holds->len;
    drop_holds(lock, plugin);
    if (lock->holds->len < holds)
        return add_asked(pipeline, run, "unhold", plugin, person, error);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL, "no version of '%s' is held out of '%s'",
              plugin, environment);
    return NULL;
}

json_t *pipeline_deploy(Pipeline *pipeline, const char *environment, const Person *person, GError **error) {
    if (!check_operator(person, error) || !check_environment(pipeline, environment, error))
        return NULL;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, environment, "deploy", run_stage_text(RUN_QUEUED));
    run->commit = pipeline_head(pipeline);
    run->title = g_strdup("what is declared now");
    return add_asked(pipeline, run, "deploy", NULL, person, error);
}

/* What is retried by being asked for once more. */
static json_t *ask_again(Pipeline *pipeline, const RunRecord *old, const Person *person, GError **error) {
    if (strcmp(old->cause, UNHOLD) == 0)
        return pipeline_unhold(pipeline, old->subject, unheld_plugin(old), person, error);
    g_auto(GStrv) instances = texts_of(old->instances);
    return pipeline_promote(pipeline, old->subject, (const char *const *)instances, person, error);
}

static bool check_retry(Pipeline *pipeline, const RunRecord *old, GError **error) {
    if (!run_stage_has_ended(run_stage_of(old))) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL, "the run has not ended");
        return false;
    }
    if (old->kind == RUN_DEPLOY)
        return check_environment(pipeline, old->subject, error);
    /* It would take the newer one's place. */
    g_autoptr(RunRecord) queued = runs_find(pipeline, RUN_BUILD, old->subject, run_stage_can_be_superseded);
    if (queued == NULL)
        return true;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL, "a build of '%s' waits already: run %s",
              old->subject, queued->id);
    return false;
}

/* A build is of the same commit; a deploy of what is declared now; a promotion is proposed again. */
json_t *pipeline_retry(Pipeline *pipeline, const char *id, const Person *person, GError **error) {
    g_autoptr(RunRecord) old = ledger_run(pipeline->ledger, id);
    if (old == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no run '%s'", id);
        return NULL;
    }
    if (!check_operator(person, error) || !check_retry(pipeline, old, error))
        return NULL;
    if (promotion_has_lock_in_hand(old))
        return ask_again(pipeline, old, person, error);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    g_autoptr(RunRecord) run = run_record_new(old->kind, old->subject, "retry", run_stage_text(RUN_QUEUED));
    run->commit = old->kind == RUN_BUILD ? g_strdup(old->commit) : pipeline_head(pipeline);
    run->git = g_strdup(old->git);
    run->branch = g_strdup(old->branch);
    run->title = g_strdup(old->title);
    run->parent = g_strdup(old->id);
    return add_asked(pipeline, run, "retry", old->id, person, error);
}
