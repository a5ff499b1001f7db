/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_pipeline.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/ulid.h"

enum { TICK_MS = 700, TICKS_PER_STEP = 6 };

struct Pipeline {
    GMutex lock;
    GCond stopped;
    json_t *canned;
    char *folder;
    PipelineListener listener;
    gpointer listener_data;
    GThread *life;
    bool stopping;
    guint ticks;
    char *not_ready;
    GHashTable *deliveries;
    GString *hints, *acts;
};

Pipeline *pipeline_open(const PipelineSettings *settings, GError **error) {
    Pipeline *pipeline = g_new0(Pipeline, 1);
    pipeline->canned = json_read_file(CANNED, (gsize)1024 * 1024, error);
    g_assert_nonnull(pipeline->canned);
    pipeline->folder = g_strdup(settings->data);
    g_mkdir_with_parents(pipeline->folder, 0700);
    g_cond_init(&pipeline->stopped);
    g_mutex_init(&pipeline->lock);
    pipeline->deliveries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    pipeline->hints = g_string_new(NULL);
    pipeline->acts = g_string_new(NULL);
    return pipeline;
}

void pipeline_close(Pipeline *pipeline) {
    json_decref(pipeline->canned);
    g_free(pipeline->folder);
    g_free(pipeline->not_ready);
    g_hash_table_unref(pipeline->deliveries);
    g_string_free(pipeline->hints, true);
    g_string_free(pipeline->acts, true);
    g_cond_clear(&pipeline->stopped);
    g_mutex_clear(&pipeline->lock);
    g_free(pipeline);
}

void pipeline_listen(Pipeline *pipeline, PipelineListener listener, gpointer user_data) {
    pipeline->listener = listener;
    pipeline->listener_data = user_data;
}

/* --- Runs ----------------------------------------------------------------------------------------------- */

static json_t *runs_of(Pipeline *pipeline) {
    return json_object_get(pipeline->canned, "runs");
}

static json_t *find(json_t *list, const char *key, const char *name) {
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        if (g_strcmp0(json_get_string(item, key), name) == 0)
            return item;
    }
    return NULL;
}

static json_t *find_run(Pipeline *pipeline, const char *id, GError **error) {
    json_t *run = find(runs_of(pipeline), "id", id);
    if (run == NULL)
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no run '%s'", id);
    return run;
}

/* A Run of a RunDetail. */
static json_t *summary(const json_t *detail) {
    static const char *const DETAILS[] = {"steps",    "artifact", "changes", "plan",
                                          "approval", "trace",    "pushed"};
    json_t *run = json_copy((json_t *)detail);
    for (gsize i = 0; i < G_N_ELEMENTS(DETAILS); i++)
        json_object_del(run, DETAILS[i]);
    return run;
}

void fake_pipeline_tell(Pipeline *pipeline, const char *kind, json_t *value) {
    if (pipeline->listener != NULL)
        pipeline->listener(kind, value, pipeline->listener_data);
    json_decref(value);
}

static void set_state(Pipeline *pipeline, json_t *run, const char *state, bool open) {
    g_autofree char *now = files_now();
    json_object_set_new(run, "state", json_string(state));
    json_object_set_new(run, "open", json_boolean(open));
    if (!open) {
        json_object_set_new(run, "ended", json_string(now));
        json_object_set_new(run, "good", json_boolean(g_str_equal(state, "done")));
    }
    fake_pipeline_tell(pipeline, "run", summary(run));
    if (g_strcmp0(json_get_string(run, "kind"), "deploy") == 0)
        fake_pipeline_tell(pipeline, "environment",
                           json_pack("{s:O}", "name", json_object_get(run, "subject")));
}

static char *log_path(Pipeline *pipeline, const char *run) {
    return g_strdup_printf("%s/%s.log", pipeline->folder, run);
}

static void append(Pipeline *pipeline, const char *run, const char *text) {
    g_autofree char *path = log_path(pipeline, run);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(write(file, text, strlen(text)), ==, (gssize)strlen(text));
    struct stat status;
    fstat(file, &status);
    close(file);
    fake_pipeline_tell(pipeline, "log",
                       json_pack("{s:s,s:I}", "run", run, "size", (json_int_t)status.st_size));
}

void fake_pipeline_log(Pipeline *pipeline, const char *run, const char *text) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    append(pipeline, run, text);
}

void fake_pipeline_end(Pipeline *pipeline, const char *run) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    set_state(pipeline, find_run(pipeline, run, NULL), "done", false);
}

/* --- A life of its own ---------------------------------------------------------------------------------- */

static const struct {
    const char *state;
    const char *next;
} PROGRESS[] = {
    {"queued", "planning"},     {"checking_out", "building"}, {"building", "publishing"},
    {"publishing", "locking"},  {"locking", "done"},          {"planning", "applying"},
    {"committing", "applying"}, {"applying", "verifying"},    {"verifying", "done"},
};

static void step_run(Pipeline *pipeline, json_t *run) {
    const char *state = json_get_string(run, "state"), *id = json_get_string(run, "id");
    if (!json_get_boolean(run, "open", false) || g_str_equal(state, "waiting"))
        return;
    g_autofree char *now = files_now();
    g_autofree char *line = g_strdup_printf("%s %s  line %u of what happens\n", now, state, pipeline->ticks);
    append(pipeline, id, line);
    for (gsize i = 0; pipeline->ticks % TICKS_PER_STEP == 0 && i < G_N_ELEMENTS(PROGRESS); i++)
        if (g_str_equal(PROGRESS[i].state, state)) {
            set_state(pipeline, run, PROGRESS[i].next, !g_str_equal(PROGRESS[i].next, "done"));
            return;
        }
}

static gpointer live(gpointer data) {
    Pipeline *pipeline = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    while (!pipeline->stopping) {
        size_t i;
        json_t *run;
        json_array_foreach (runs_of(pipeline), i, run) {
            step_run(pipeline, run);
        }
        pipeline->ticks++;
        g_cond_wait_until(&pipeline->stopped, &pipeline->lock,
                          g_get_monotonic_time() + TICK_MS * G_TIME_SPAN_MILLISECOND);
    }
    return NULL;
}

void pipeline_start(Pipeline *pipeline) {
    pipeline->life = g_thread_new("life", live, pipeline);
}

void pipeline_stop(Pipeline *pipeline) {
    g_mutex_lock(&pipeline->lock);
    pipeline->stopping = true;
    g_cond_broadcast(&pipeline->stopped);
    g_mutex_unlock(&pipeline->lock);
    g_clear_pointer(&pipeline->life, g_thread_join);
}

/* --- Hints ---------------------------------------------------------------------------------------------- */

static void note(GString *list, const char *word) {
    g_string_append_printf(list, "%s%s", list->len > 0 ? " " : "", word);
}

char *fake_pipeline_hints(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    return g_strdup(pipeline->hints->str);
}

char *fake_pipeline_acts(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    return g_strdup(pipeline->acts->str);
}

void fake_pipeline_not_ready(Pipeline *pipeline, const char *why) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    g_free(pipeline->not_ready);
    pipeline->not_ready = g_strdup(why);
}

char *pipeline_not_ready(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    return g_strdup(pipeline->not_ready);
}

bool pipeline_hint(Pipeline *pipeline, const char *url) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    note(pipeline->hints, url);
    return strstr(url, "orders-source") != NULL;
}

bool pipeline_take_delivery(Pipeline *pipeline, const char *provider, const char *id) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    return g_hash_table_add(pipeline->deliveries, g_strconcat(provider, "/", id, NULL));
}

/* --- Telling -------------------------------------------------------------------------------------------- */

json_t *pipeline_overview(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    return json_deep_copy(json_object_get(pipeline->canned, "overview"));
}

static json_t *find_environment(Pipeline *pipeline, const char *name, GError **error) {
    json_t *overview = json_object_get(pipeline->canned, "overview");
    json_t *environment = find(json_object_get(overview, "environments"), "name", name);
    if (environment == NULL)
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, "there are dev and prod",
                  "there is no environment '%s'", name);
    return environment;
}

json_t *pipeline_environment(Pipeline *pipeline, const char *name, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    json_t *environment = find_environment(pipeline, name, error);
    return environment != NULL ? json_deep_copy(environment) : NULL;
}

static bool fits(const RunFilter *filter, const json_t *run) {
    return (filter->subject == NULL || g_str_equal(filter->subject, json_get_string(run, "subject"))) &&
           (!filter->open_only || json_get_boolean(run, "open", false)) &&
           (filter->before == NULL || strcmp(json_get_string(run, "id"), filter->before) < 0);
}

json_t *pipeline_runs(Pipeline *pipeline, const RunFilter *filter) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    json_t *list = json_array(), *run;
    size_t i;
    json_array_foreach (runs_of(pipeline), i, run) {
        if (json_array_size(list) < filter->limit && fits(filter, run))
            json_array_append_new(list, summary(run));
    }
    return json_pack("{s:o}", "runs", list);
}

json_t *pipeline_run(Pipeline *pipeline, const char *id, const Person *reader, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    json_t *run = find_run(pipeline, id, error);
    if (run == NULL)
        return NULL;
    json_t *copy = json_deep_copy(run), *approval = json_object_get(copy, "approval");
    bool may = (reader->roles & ROLE_APPROVER) != 0;
    if (json_is_object(approval)) {
        json_object_set_new(approval, "may", json_boolean(may));
        json_object_set_new(approval, "why_not",
                            may ? json_null() : json_string("this needs the role approver"));
    }
    return copy;
}

json_t *pipeline_audit(Pipeline *pipeline, guint limit, const char *before, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    json_t *list = json_array(), *entry;
    size_t i;
    json_array_foreach (json_object_get(pipeline->canned, "audit"), i, entry) {
        if (json_array_size(list) < limit &&
            (before == NULL || strcmp(json_get_string(entry, "id"), before) < 0))
            json_array_append(list, entry);
    }
    json_t *copy = json_pack("{s:o}", "entries", json_deep_copy(list));
    json_decref(list);
    return copy;
}

char *pipeline_log_path(Pipeline *pipeline, const char *id, bool *open, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    const json_t *run = find_run(pipeline, id, error);
    if (run == NULL)
        return NULL;
    *open = json_get_boolean(run, "open", false);
    return log_path(pipeline, id);
}

/* --- What people do ------------------------------------------------------------------------------------- */

static void act(Pipeline *pipeline, const char *what, const Person *person, const char *run,
                const char *environment, const char *detail) {
    g_autofree char *id = ulid_new(), *now = files_now();
    g_autofree char *words = g_strconcat(what, " ", person->name, NULL);
    note(pipeline->acts, words);
    json_array_insert_new(json_object_get(pipeline->canned, "audit"), 0,
                          json_pack("{s:s,s:s,s:s,s:s,s:s?,s:s?,s:n,s:s?}", "id", id, "at", now, "by",
                                    person->name, "act", what, "run", run, "environment", environment,
                                    "digest", "detail", detail));
}

void pipeline_note(Pipeline *pipeline, const char *what, const Person *person) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    act(pipeline, what, person, NULL, NULL, NULL);
}

static json_t *find_waiting(Pipeline *pipeline, const char *id, GError **error) {
    json_t *run = find_run(pipeline, id, error);
    if (run == NULL || g_str_equal(json_get_string(run, "state"), "waiting"))
        return run;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL, "the run doesn't wait: it is %s",
              json_get_string(run, "state"));
    return NULL;
}

json_t *pipeline_approve(Pipeline *pipeline, const char *id, const char *digest, const Person *person,
                         GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    json_t *run = find_waiting(pipeline, id, error);
    if (run == NULL)
        return NULL;
    if (g_strcmp0(json_get_string(json_object_get(run, "plan"), "digest"), digest) != 0) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, "look at the plan again",
                  "the plan has another digest by now");
        return NULL;
    }
    g_autofree char *now = files_now();
    json_t *approval = json_object_get(run, "approval"), *given = json_object_get(approval, "given");
    json_array_append_new(given, json_pack("{s:s,s:s}", "by", person->name, "at", now));
    act(pipeline, "approve", person, id, json_get_string(run, "subject"), NULL);
    bool enough = (gint64)json_array_size(given) >= json_get_integer(approval, "needed", 1);
    set_state(pipeline, run, enough ? "committing" : "waiting", true);
    return json_deep_copy(run);
}

json_t *pipeline_reject(Pipeline *pipeline, const char *id, const char *reason, const Person *person,
                        GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    json_t *run = find_waiting(pipeline, id, error);
    if (run == NULL)
        return NULL;
    act(pipeline, "reject", person, id, json_get_string(run, "subject"), reason);
    set_state(pipeline, run, "rejected", false);
    return json_deep_copy(run);
}

static json_t *add_run(Pipeline *pipeline, const char *kind, const char *subject, const char *cause,
                       const Person *person) {
    g_autofree char *id = ulid_new(), *now = files_now();
    json_t *run = json_pack(
        "{s:s,s:s,s:s,s:s,s:b,s:n,s:s,s:n,s:n,s:n,s:n,s:s,s:s,s:n,s:n,s:n,s:n,s:[],s:n,s:[],s:n,s:n,s:n,s:n}",
        "id", id, "kind", kind, "subject", subject, "state", "queued", "open", 1, "good", "cause", cause,
        "title", "commit", "version", "parent", "by", person->name, "created", now, "started", "ended",
        "message", "hint", "steps", "artifact", "changes", "plan", "approval", "trace", "pushed");
    json_array_insert_new(runs_of(pipeline), 0, run);
    act(pipeline, cause, person, id, subject, NULL);
    fake_pipeline_tell(pipeline, "run", summary(run));
    return summary(run);
}

json_t *pipeline_retry(Pipeline *pipeline, const char *id, const Person *person, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    const json_t *run = find_run(pipeline, id, error);
    if (run == NULL)
        return NULL;
    if (!json_get_boolean(run, "open", false))
        return add_run(pipeline, json_get_string(run, "kind"), json_get_string(run, "subject"), "retry",
                       person);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL, "the run has not ended");
    return NULL;
}

static json_t *start_deploy(Pipeline *pipeline, const char *environment, const char *cause,
                            const Person *person, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
    if (find_environment(pipeline, environment, error) == NULL)
        return NULL;
    return add_run(pipeline, "deploy", environment, cause, person);
}

json_t *pipeline_deploy(Pipeline *pipeline, const char *environment, const Person *person, GError **error) {
    return start_deploy(pipeline, environment, "deploy", person, error);
}

json_t *pipeline_promote(Pipeline *pipeline, const char *environment, const char *const *instances,
                         const Person *person, GError **error) {
    return start_deploy(pipeline, environment, "promotion", person, error);
}

json_t *pipeline_unhold(Pipeline *pipeline, const char *environment, const char *plugin, const Person *person,
                        GError **error) {
    return start_deploy(pipeline, environment, "unhold", person, error);
}

json_t *pipeline_counts(Pipeline *pipeline) {
    return json_pack("{s:{s:{s:i,s:i},s:{s:i}},s:i,s:{s:b,s:b},s:{s:b,s:b},s:i,s:i,s:f,s:i,s:f,s:i}", "runs",
                     "build", "done", 3, "failed", 1, "deploy", "waiting", 1, "waiting", 1, "behind", "dev",
                     0, "prod", 1, "healthy", "dev", 1, "prod", 0, "polls", 12, "poll_failures", 1,
                     "build_seconds_sum", 90.5, "build_seconds_count", 3, "deploy_seconds_sum", 31.25,
                     "deploy_seconds_count", 2);
}
