/* SPDX-License-Identifier: Apache-2.0 */
/* The whole pipeline on real Git repositories, a folder as Maven repository, and environments without
 * clusters: nothing is installed, but all is planned, approved, committed and pushed. */
#include "pipeline/pipeline.h"

#include <string.h>

#include "base/files.h"
#include "base/process.h"
#include "pipeline/pipeline_private.h"

#define PATIENCE (90 * G_USEC_PER_SEC)
#define POM(version)                                                                                       \
    "<project "                                                                                            \
    "xmlns='http://maven.apache.org/POM/4.0.0'><groupId>com.acme</groupId><artifactId>orders</artifactId>" \
    "<version>" version "</version></project>"
/* Waits for the file GO beside the plugin's repository where it is told to. */
#define BUILD                                                                                                \
    "build: { command: [sh, -ec, 'mkdir -p target; if [ -e wait ]; then touch %s/begun; while [ ! -e %s/go " \
    "]; do "                                                                                                 \
    "sleep 0.1; done; fi; cp content target/orders-$(cat version).jar'] }\n"

/* A first environment that asks for the plugin, on a worker that never answers; and one without workers. */
#define WITH_PLUGIN \
    "connect: { main: { url: \"http://127.0.0.1:1\" } }\nplugins: { orders: { version: latest } }\n"
#define WITH_MODULE "modules: { orders: { source: ../modules/orders } }\n"

typedef struct {
    char *folder, *work, *plugin;
    PipelineSettings *settings;
    Pipeline *pipeline;
} Setup;

/* --- Git ------------------------------------------------------------------------------------------------ */

static char *shell(const Setup *setup, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *script = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const char *const argv[] = {"sh", "-ec", script, NULL};
    g_autoptr(GError) error = NULL;
    char *output = process_output(&(ProcessSpec){.argv = argv, .directory = setup->folder}, &error);
    g_assert_no_error(error);
    return output;
}

#define SH(setup, ...)                                       \
    do {                                                     \
        g_autofree char *said = shell((setup), __VA_ARGS__); \
    } while (0)

static void put(const char *folder, const char *name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    files_write(path, text, strlen(text), 0644, &error);
    g_assert_no_error(error);
}

static void push(const Setup *setup, const char *repository, const char *message) {
    SH(setup,
       "cd %s; git add -A; git commit -qm '%s'; git pull -q --rebase 2>/dev/null || true; git push -q origin "
       "HEAD:main",
       repository, message);
}

static char *at_head(const Setup *setup, const char *path) {
    return shell(setup, "git -C declarations.git show main:%s 2>/dev/null || true", path);
}

/* --- Declarations --------------------------------------------------------------------------------------- */

static void declare_project(const Setup *setup, const char *environments) {
    put(setup->work, "sluice.yaml",
        "name: acme\nenvironments: [%s]\n"
        "repositories: { acme: { url: \"file://%s/maven\" } }\n"
        "plugins: { orders: { git: \"%s/plugin.git\", maven: \"com.acme:orders\" } }\n",
        environments, setup->folder, setup->folder);
}

static void declare_environment(const Setup *setup, const char *name, int approvals, const char *more) {
    g_autofree char *file = g_strdup_printf("environments/%s.yaml", name);
    put(setup->work, file, "policy: { approvals: %d }\n%s", approvals, more);
}

/* A plugin that builds VERSION with a content; `waits` until the file go is there. */
static void release(const Setup *setup, const char *version, const char *content, bool waits) {
    put(setup->plugin, "pom.xml", version[0] == '2' ? POM("2.0.0") : POM("1.0.0"));
    put(setup->plugin, ".sluice.yaml", BUILD, setup->folder, setup->folder);
    put(setup->plugin, "version", "%s", version);
    SH(setup,
       "cd plugin; rm -f x.zip wait; echo '%s' > entry; python3 -c 'import zipfile; "
       "z = zipfile.ZipFile(\"content\", \"w\"); z.write(\"entry\", \"com/acme/Orders.class\"); z.close()'",
       content);
    if (waits)
        put(setup->plugin, "wait", "x");
    push(setup, "plugin", version);
}

static void set_up(Setup *setup, gconstpointer unused) {
    setup->folder = files_make_temporary(g_get_tmp_dir(), "sluice-pipeline-", NULL);
    setup->work = g_build_filename(setup->folder, "work", NULL);
    setup->plugin = g_build_filename(setup->folder, "plugin", NULL);
    SH(setup, "mkdir maven; for name in declarations plugin; do git init -q --bare -b main $name.git; done;"
              "git clone -q declarations.git work 2>/dev/null; git clone -q plugin.git plugin 2>/dev/null");
    PipelineSettings *settings = setup->settings = pipeline_settings_new();
    g_autofree char *data = g_build_filename(setup->folder, "data", NULL);
    pipeline_settings_set_data(settings, data);
    settings->git = g_build_filename(setup->folder, "declarations.git", NULL);
    settings->branch = g_strdup("main");
    settings->poll_ms = 500;
    settings->observe_ms = 2000;
    g_strfreev(settings->build_from);
    const char *const from[] = {setup->folder, NULL};
    settings->build_from = g_strdupv((char **)from);
    settings->committer_name = g_strdup("Sluice");
    settings->committer_email = g_strdup("sluice@acme.example");
    pipeline_settings_add(settings, "dev");
    pipeline_settings_add(settings, "prod");
}

static void stop(Setup *setup) {
    g_clear_pointer(&setup->pipeline, pipeline_close);
}

static void tear_down(Setup *setup, gconstpointer unused) {
    stop(setup);
    pipeline_settings_free(setup->settings);
    g_assert_true(files_remove_tree(setup->folder, NULL));
    g_free(setup->folder);
    g_free(setup->work);
    g_free(setup->plugin);
}

static void open_only(Setup *setup) {
    g_autoptr(GError) error = NULL;
    setup->pipeline = pipeline_open(setup->settings, &error);
    g_assert_no_error(error);
}

static void start(Setup *setup) {
    open_only(setup);
    pipeline_start(setup->pipeline);
}

/* --- Looking -------------------------------------------------------------------------------------------- */

static json_t *runs_of(const Setup *setup, const char *subject) {
    return pipeline_runs(setup->pipeline, &(RunFilter){.subject = subject, .limit = 100});
}

/* The newest run of a subject that has a state and (NULL: any) a cause; a new reference, NULL: none. */
static json_t *find_run(const Setup *setup, const char *subject, const char *state, const char *cause) {
    g_autoptr(json_t) answer = runs_of(setup, subject);
    json_t *run;
    size_t index;
    json_array_foreach (json_object_get(answer, "runs"), index, run)
        if (strcmp(json_get_string(run, "state"), state) == 0 &&
            (cause == NULL || strcmp(json_get_string(run, "cause"), cause) == 0))
            return json_incref(run);
    return NULL;
}

static guint count_runs(const Setup *setup, const char *subject) {
    g_autoptr(json_t) answer = runs_of(setup, subject);
    return (guint)json_array_size(json_object_get(answer, "runs"));
}

static void give_up(const Setup *setup, const char *wanted) {
    g_autoptr(json_t) all = runs_of(setup, NULL);
    g_autoptr(json_t) overview = pipeline_overview(setup->pipeline);
    g_autofree char *runs = json_pretty(all), *rest = json_pretty(overview);
    g_error("no %s: %s%s", wanted, runs, rest);
}

static json_t *wait_run(const Setup *setup, const char *subject, const char *state, const char *cause) {
    gint64 until = g_get_monotonic_time() + PATIENCE;
    while (g_get_monotonic_time() < until) {
        json_t *run = find_run(setup, subject, state, cause);
        if (run != NULL)
            return run;
        g_usleep(20 * 1000);
    }
    g_autofree char *wanted = g_strdup_printf("%s of %s (%s)", state, subject, cause != NULL ? cause : "any");
    give_up(setup, wanted);
    return NULL;
}

static void expect_run(const Setup *setup, const char *subject, const char *state, const char *cause) {
    g_autoptr(json_t) run = wait_run(setup, subject, state, cause);
}

/* Until the branch's newest commit was looked at and nothing is worked on. */
static void wait_quiet(const Setup *setup) {
    gint64 until = g_get_monotonic_time() + PATIENCE;
    while (g_get_monotonic_time() < until) {
        g_autofree char *head = shell(setup, "git -C declarations.git rev-parse main");
        g_autoptr(json_t) overview = pipeline_overview(setup->pipeline);
        const char *seen = json_get_string(json_object_get(overview, "declarations"), "commit");
        g_autoptr(json_t) open =
            pipeline_runs(setup->pipeline, &(RunFilter){.open_only = true, .limit = 100});
        bool idle = true;
        const json_t *run;
        size_t index;
        json_array_foreach (json_object_get(open, "runs"), index, run)
            idle = idle && strcmp(json_get_string(run, "state"), "waiting") == 0;
        if (idle && g_strcmp0(g_strchomp(head), seen) == 0)
            return;
        g_usleep(200 * 1000);
    }
    give_up(setup, "quiet");
}

static Person *someone(const char *name) {
    Person *person = person_new(name);
    person->roles = ROLE_VIEWER | ROLE_OPERATOR | ROLE_APPROVER;
    return person;
}

static json_t *environment(const Setup *setup, const char *name) {
    g_autoptr(GError) error = NULL;
    json_t *value = pipeline_environment(setup->pipeline, name, &error);
    g_assert_no_error(error);
    return value;
}

static void start_with_dev(Setup *setup, int approvals, const char *more) {
    declare_project(setup, "dev");
    declare_environment(setup, "dev", approvals, more);
    push(setup, "work", "first");
    start(setup);
}

/* --- Opening -------------------------------------------------------------------------------------------- */

static void a_data_folder_has_one_server(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    open_only(setup);
    g_assert_null(pipeline_open(setup->settings, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "another sluice"));
    stop(setup);
    open_only(setup);
}

static void what_can_not_be_read_is_told(Setup *setup, gconstpointer unused) {
    start(setup);
    gint64 until = g_get_monotonic_time() + PATIENCE;
    g_autofree char *why = pipeline_not_ready(setup->pipeline);
    while (strstr(why, "main") == NULL && g_get_monotonic_time() < until) {
        g_usleep(20 * 1000);
        g_free(why);
        why = pipeline_not_ready(setup->pipeline);
    }
    g_assert_nonnull(strstr(why, "there is no branch 'main'"));
}

/* --- Commits -------------------------------------------------------------------------------------------- */

static void a_push_runs_each_environment_that_it_touches(Setup *setup, gconstpointer unused) {
    declare_project(setup, "dev, prod");
    declare_environment(setup, "dev", 0, "");
    declare_environment(setup, "prod", 0, "");
    push(setup, "work", "first");
    start(setup);
    expect_run(setup, "dev", "done", "push");
    expect_run(setup, "prod", "done", "push");
    declare_environment(setup, "prod", 0, "# another\n");
    push(setup, "work", "prod alone");
    wait_quiet(setup);
    put(setup->work, "README.md", "nothing to run\n");
    push(setup, "work", "none");
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, "dev"), ==, 1);
    g_assert_cmpuint(count_runs(setup, "prod"), ==, 2);
    stop(setup);
    start(setup);
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, NULL), ==, 3);
}

static void declarations_may_lie_in_a_folder(Setup *setup, gconstpointer unused) {
    g_free(setup->settings->folder);
    setup->settings->folder = g_strdup("kafka");
    g_free(setup->work);
    setup->work = g_build_filename(setup->folder, "work", "kafka", NULL);
    declare_project(setup, "dev");
    declare_environment(setup, "dev", 0, WITH_PLUGIN);
    release(setup, "1.0.0", "one", false);
    push(setup, "work", "first");
    start(setup);
    expect_run(setup, "orders", "done", NULL);
    expect_run(setup, "dev", "planning", "build");
    g_autofree char *lock = at_head(setup, "kafka/environments/dev.lock");
    g_assert_nonnull(strstr(lock, "1.0.0"));
}

static void a_mistake_is_behind_with_its_place(Setup *setup, gconstpointer unused) {
    start_with_dev(setup, 0, "");
    expect_run(setup, "dev", "done", "push");
    declare_environment(setup, "dev", 0, "modulles: {}\n");
    push(setup, "work", "a mistake");
    g_autoptr(json_t) run = wait_run(setup, "dev", "behind", "push");
    g_assert_nonnull(strstr(json_get_string(run, "message"), "environments/dev.yaml:2:"));
    g_assert_nonnull(strstr(json_get_string(run, "message"), "modulles"));
    g_autoptr(json_t) behind = environment(setup, "dev");
    g_assert_cmpstr(json_get_string(json_object_get(behind, "behind"), "run"), ==,
                    json_get_string(run, "id"));
    stop(setup);
    put(setup->work, "README.md", "the same mistake\n");
    push(setup, "work", "elsewhere");
    start(setup);
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, "dev"), ==, 2);
    declare_environment(setup, "dev", 0, "# right\n");
    push(setup, "work", "mended");
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, "dev"), ==, 3);
    g_autoptr(json_t) good = environment(setup, "dev");
    g_assert_true(json_is_null(json_object_get(good, "behind")));
}

static void a_branch_may_be_rewritten(Setup *setup, gconstpointer unused) {
    declare_project(setup, "dev");
    declare_environment(setup, "dev", 0, "");
    push(setup, "work", "first");
    declare_environment(setup, "dev", 0, "# second\n");
    push(setup, "work", "second");
    start(setup);
    wait_quiet(setup);
    SH(setup, "cd work; git reset -q --hard HEAD~1; echo '# other' >> environments/dev.yaml;"
              "git commit -qam other; git push -qf origin HEAD:main");
    wait_quiet(setup);
    g_autoptr(json_t) run = find_run(setup, "dev", "done", "push");
    g_assert_cmpstr(json_get_string(run, "title"), ==, "other");
}

/* --- Builds --------------------------------------------------------------------------------------------- */

static void a_build_is_published_locked_and_deployed(Setup *setup, gconstpointer unused) {
    declare_project(setup, "dev");
    declare_environment(setup, "dev", 0, WITH_PLUGIN);
    release(setup, "1.0.0", "one", false);
    push(setup, "work", "first");
    start(setup);
    g_autoptr(json_t) build = wait_run(setup, "orders", "done", "push");
    g_autoptr(json_t) deploy = wait_run(setup, "dev", "planning", "build");
    g_assert_cmpstr(json_get_string(build, "version"), ==, "1.0.0");
    g_assert_cmpstr(json_get_string(deploy, "parent"), ==, json_get_string(build, "id"));
    g_autofree char *lock = at_head(setup, "environments/dev.lock");
    g_assert_nonnull(strstr(lock, json_get_string(build, "commit")));
    g_autofree char *message = shell(setup, "git -C declarations.git log -1 --format=%%B%%ae main");
    g_autofree char *trailer =
        g_strdup_printf("Sluice-Run: %s\nSluice-Act: lock\n", json_get_string(build, "id"));
    g_assert_nonnull(strstr(message, trailer));
    g_assert_nonnull(strstr(message, "sluice@acme.example"));
    SH(setup, "test -e maven/com/acme/orders/1.0.0/orders-1.0.0.jar");
}

static void other_bytes_of_a_release_are_refused(Setup *setup, gconstpointer unused) {
    declare_project(setup, "dev");
    declare_environment(setup, "dev", 0, WITH_PLUGIN);
    release(setup, "1.0.0", "one", false);
    push(setup, "work", "first");
    start(setup);
    expect_run(setup, "orders", "done", "push");
    release(setup, "1.0.0", "other", false);
    g_autoptr(json_t) failed = wait_run(setup, "orders", "failed", "push");
    g_assert_nonnull(strstr(json_get_string(failed, "hint"), "version"));
}

static bool exists(const Setup *setup, const char *name) {
    g_autofree char *path = g_build_filename(setup->folder, name, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void a_build_that_was_cut_off_goes_on(Setup *setup, gconstpointer unused) {
    declare_project(setup, "dev");
    declare_environment(setup, "dev", 0, WITH_PLUGIN);
    release(setup, "1.0.0", "one", true);
    push(setup, "work", "first");
    start(setup);
    gint64 until = g_get_monotonic_time() + PATIENCE;
    while (!exists(setup, "begun") && g_get_monotonic_time() < until)
        g_usleep(20 * 1000);
    g_autoptr(json_t) begun = wait_run(setup, "orders", "building", "push");
    stop(setup);
    put(setup->folder, "go", "x");
    start(setup);
    g_autoptr(json_t) done = wait_run(setup, "orders", "done", "push");
    g_assert_cmpstr(json_get_string(done, "id"), ==, json_get_string(begun, "id"));
    expect_run(setup, "dev", "planning", "build");
    g_assert_cmpuint(count_runs(setup, "orders"), ==, 1);
}

/* --- Promotions ----------------------------------------------------------------------------------------- */

static void start_with_promotion(Setup *setup) {
    declare_project(setup, "dev, prod");
    put(setup->work, "modules/orders/module.yaml", "variables: {}\n");
    declare_environment(setup, "dev", 0, WITH_MODULE);
    declare_environment(setup, "prod", 1, WITH_MODULE);
    push(setup, "work", "first");
    start(setup);
}

static json_t *approve(const Setup *setup, const char *run, const char *name, GError **error) {
    g_autoptr(Person) person = someone(name);
    g_autoptr(json_t) detail = pipeline_run(setup->pipeline, run, person, NULL);
    return pipeline_approve(setup->pipeline, run, json_get_string(json_object_get(detail, "plan"), "digest"),
                            person, error);
}

static void a_promotion_is_committed_once_it_is_approved(Setup *setup, gconstpointer unused) {
    start_with_promotion(setup);
    g_autoptr(json_t) waiting = wait_run(setup, "prod", "waiting", "promotion");
    g_autofree char *pin = shell(setup, "git -C declarations.git rev-parse main");
    g_autofree char *title = g_strdup_printf("promote from dev: orders %.10s", pin);
    g_assert_cmpstr(json_get_string(waiting, "title"), ==, title);
    wait_quiet(setup);
    g_autoptr(json_t) before = environment(setup, "prod");
    g_assert_cmpint(json_get_integer(before, "promotable", -1), ==, 1);
    g_autofree char *none = at_head(setup, "environments/prod.lock");
    g_assert_cmpstr(none, ==, "");
    stop(setup);
    start(setup);
    wait_quiet(setup);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) approved = approve(setup, json_get_string(waiting, "id"), "second", &error);
    g_assert_no_error(error);
    g_autoptr(json_t) done = wait_run(setup, "prod", "done", "promotion");
    g_assert_cmpstr(json_get_string(done, "id"), ==, json_get_string(waiting, "id"));
    g_autofree char *lock = at_head(setup, "environments/prod.lock");
    g_assert_nonnull(strstr(lock, g_strchomp(pin)));
    g_autofree char *message = shell(setup, "git -C declarations.git log -1 --format=%%B main");
    g_assert_nonnull(strstr(message, "Approved by second."));
    g_assert_nonnull(strstr(message, "Sluice-Act: commit"));
    wait_quiet(setup);
    g_autoptr(json_t) after = environment(setup, "prod");
    g_assert_cmpint(json_get_integer(after, "promotable", -1), ==, 0);
    g_autoptr(json_t) late = approve(setup, json_get_string(waiting, "id"), "third", &error);
    g_assert_null(late);
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT);
}

static void who_wrote_it_can_not_approve_it(Setup *setup, gconstpointer unused) {
    start_with_promotion(setup);
    g_autoptr(json_t) waiting = wait_run(setup, "prod", "waiting", "promotion");
    g_autoptr(Person) ada = someone("ada");
    g_strfreev(ada->emails);
    const char *const emails[] = {"ada@acme.example", NULL};
    ada->emails = g_strdupv((char **)emails);
    g_autoptr(json_t) detail = pipeline_run(setup->pipeline, json_get_string(waiting, "id"), ada, NULL);
    const json_t *approval = json_object_get(detail, "approval");
    g_assert_false(json_get_boolean(approval, "may", true));
    g_assert_nonnull(strstr(json_get_string(approval, "why_not"), "wrote"));
}

static void what_was_rejected_is_not_proposed_again(Setup *setup, gconstpointer unused) {
    start_with_promotion(setup);
    g_autoptr(json_t) waiting = wait_run(setup, "prod", "waiting", "promotion");
    g_autoptr(Person) boss = someone("boss");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rejected =
        pipeline_reject(setup->pipeline, json_get_string(waiting, "id"), "not now", boss, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_get_string(rejected, "message"), ==, "boss: not now");
    g_autoptr(json_t) prod = environment(setup, "prod");
    g_assert_true(json_is_null(json_object_get(prod, "behind")));
    guint before = count_runs(setup, "prod");
    stop(setup);
    start(setup);
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, "prod"), ==, before);
    g_autoptr(json_t) asked = pipeline_promote(setup->pipeline, "prod", NULL, boss, &error);
    g_assert_no_error(error);
    expect_run(setup, "prod", "waiting", "promotion");
    g_assert_null(approve(setup, json_get_string(asked, "id"), "boss", &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED);
}

static void a_promotion_that_can_not_be_made_says_why(Setup *setup, gconstpointer unused) {
    declare_project(setup, "dev, prod");
    put(setup->work, "modules/orders/module.yaml", "variables: {}\n");
    declare_environment(setup, "dev", 0, WITH_MODULE);
    declare_environment(setup, "prod", 0, WITH_MODULE);
    push(setup, "work", "first");
    start(setup);
    expect_run(setup, "prod", "done", "promotion");
    put(setup->work, "modules/orders/module.yaml", "variables: { url: { type: string } }\n");
    declare_environment(setup, "dev", 0,
                        "modules: { orders: { source: ../modules/orders, variables: { url: x } } }\n");
    push(setup, "work", "a variable that prod misses");
    g_autoptr(json_t) failed = wait_run(setup, "prod", "failed", "promotion");
    g_assert_nonnull(strstr(json_get_string(failed, "message"), "url"));
    wait_quiet(setup);
    g_autoptr(json_t) prod = environment(setup, "prod");
    g_assert_true(json_is_null(json_object_get(prod, "behind")));
    guint before = count_runs(setup, "prod");
    stop(setup);
    start(setup);
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, "prod"), ==, before);
}

static void settings_are_asked_for_by_those_before(Setup *setup, gconstpointer unused) {
    start_with_dev(setup, 1, "");
    expect_run(setup, "dev", "done", "push");
    declare_environment(setup, "dev", 0, "");
    push(setup, "work", "nobody has to ask me");
    g_autoptr(json_t) waiting = wait_run(setup, "dev", "waiting", "push");
    g_autoptr(Person) boss = someone("boss");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rejected =
        pipeline_reject(setup->pipeline, json_get_string(waiting, "id"), NULL, boss, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) dev = environment(setup, "dev");
    g_assert_true(json_is_object(json_object_get(dev, "behind")));
    g_autoptr(json_t) asked = pipeline_retry(setup->pipeline, json_get_string(waiting, "id"), boss, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) again = wait_run(setup, "dev", "waiting", "retry");
    g_autoptr(json_t) approved = approve(setup, json_get_string(again, "id"), "second", &error);
    g_assert_no_error(error);
    expect_run(setup, "dev", "done", "retry");
}

/* --- Runs ----------------------------------------------------------------------------------------------- */

static void advance(const Setup *setup, const char *id, RunEvent event) {
    g_autoptr(GError) error = NULL;
    g_autoptr(RunRecord) stored = ledger_run(setup->pipeline->ledger, id);
    g_autoptr(RunRecord) run = run_record_copy(stored);
    g_assert_true(run_advance(run, event));
    pipeline_commit(setup->pipeline, run, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
}

static char *add(const Setup *setup) {
    g_autoptr(GError) error = NULL;
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, "dev", "push", "queued");
    run->commit = g_strdup("0123456789012345678901234567890123456789");
    runs_add(setup->pipeline, run, NULL, NULL, &error);
    g_assert_no_error(error);
    return g_strdup(run->id);
}

static void assert_state(const Setup *setup, const char *id, const char *state) {
    g_autoptr(RunRecord) run = ledger_run(setup->pipeline->ledger, id);
    g_assert_cmpstr(run->state, ==, state);
}

static void a_newer_run_takes_the_place_of_what_has_not_begun(Setup *setup, gconstpointer unused) {
    open_only(setup);
    g_autofree char *first = add(setup), *second = add(setup);
    assert_state(setup, first, "superseded");
    advance(setup, second, RUN_EVENT_OK);
    g_autofree char *third = add(setup);
    assert_state(setup, second, "planning");
    assert_state(setup, third, "queued");
}

/* It was planning when the newer one came: both would wait, and the older could be approved last. */
static void a_run_that_begins_takes_the_place_of_an_older_that_waits(Setup *setup, gconstpointer unused) {
    open_only(setup);
    g_autofree char *older = add(setup);
    advance(setup, older, RUN_EVENT_OK);
    g_autofree char *newer = add(setup);
    advance(setup, older, RUN_EVENT_ASK);
    assert_state(setup, older, "waiting");
    work_on(setup->pipeline, newer);
    assert_state(setup, older, "superseded");
}

static void what_is_queued_is_looked_at_anew_after_a_revert(Setup *setup, gconstpointer unused) {
    open_only(setup);
    g_autofree char *reverting = add(setup);
    advance(setup, reverting, RUN_EVENT_OK);
    g_autofree char *queued = add(setup);
    g_autoptr(RunRecord) run = ledger_run(setup->pipeline->ledger, reverting);
    g_autoptr(RunRecord) dropped = runs_drop_queued(setup->pipeline, run, "sha256:reverted");
    g_assert_cmpstr(dropped->id, ==, queued);
    g_assert_cmpstr(dropped->state, ==, "superseded");
}

static void what_is_queued_with_the_reverted_lock_stays(Setup *setup, gconstpointer unused) {
    open_only(setup);
    g_autofree char *reverting = add(setup);
    advance(setup, reverting, RUN_EVENT_OK);
    g_autoptr(RunRecord) newer = run_record_new(RUN_DEPLOY, "dev", "push", "queued");
    newer->locked = g_strdup("sha256:reverted");
    g_assert_true(runs_add(setup->pipeline, newer, NULL, NULL, NULL));
    g_autoptr(RunRecord) run = ledger_run(setup->pipeline->ledger, reverting);
    g_assert_null(runs_drop_queued(setup->pipeline, run, "sha256:reverted"));
}

static void a_build_is_not_retried_over_a_newer_one(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    open_only(setup);
    g_autoptr(RunRecord) old = run_record_new(RUN_BUILD, "orders", "push", "failed");
    g_autoptr(RunRecord) newer = run_record_new(RUN_BUILD, "orders", "push", "queued");
    g_assert_true(runs_add(setup->pipeline, old, NULL, NULL, NULL));
    g_assert_true(runs_add(setup->pipeline, newer, NULL, NULL, NULL));
    g_autoptr(Person) boss = someone("boss");
    g_assert_null(pipeline_retry(setup->pipeline, old->id, boss, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT);
    assert_state(setup, newer->id, "queued");
}

static void what_a_run_is_of_may_be_gone(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    open_only(setup);
    g_autoptr(RunRecord) old = run_record_new(RUN_DEPLOY, "gone", "push", "behind");
    g_assert_true(runs_add(setup->pipeline, old, NULL, NULL, NULL));
    g_autoptr(Person) boss = someone("boss");
    g_assert_null(pipeline_retry(setup->pipeline, old->id, boss, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND);
}

/* --- Of what is not as it was -------------------------------------------------------------------------- */

#define DEAD "connect: { main: { url: \"http://127.0.0.1:1\" } }\n"

static void what_is_tried_again_keeps_its_turn(Setup *setup, gconstpointer unused) {
    start_with_dev(setup, 0, DEAD);
    g_autoptr(json_t) run = wait_run(setup, "dev", "planning", "push");
    const char *older = json_get_string(run, "id");
    stop(setup);
    open_only(setup);
    advance(setup, older, RUN_EVENT_OK);
    advance(setup, older, RUN_EVENT_OK);
    g_autoptr(RunRecord) newer = run_record_new(RUN_DEPLOY, "dev", "deploy", "queued");
    newer->commit = g_strdup(json_get_string(run, "commit"));
    g_assert_true(runs_add(setup->pipeline, newer, NULL, NULL, NULL));
    pipeline_start(setup->pipeline);
    g_usleep(4 * G_USEC_PER_SEC);
    assert_state(setup, older, "verifying");
    assert_state(setup, newer->id, "queued");
}

static void what_has_not_begun_to_apply_makes_room(Setup *setup, gconstpointer unused) {
    start_with_dev(setup, 0, DEAD);
    g_autoptr(json_t) older = wait_run(setup, "dev", "planning", "push");
    declare_environment(setup, "dev", 0, "");
    push(setup, "work", "no worker");
    expect_run(setup, "dev", "done", "push");
    assert_state(setup, json_get_string(older, "id"), "superseded");
}

static void what_is_not_listed_does_not_keep_the_server_from_starting(Setup *setup, gconstpointer unused) {
    g_strfreev(setup->settings->build_from);
    setup->settings->build_from = g_new0(char *, 1);
    start_with_dev(setup, 0, "");
    expect_run(setup, "orders", "failed", "push");
    wait_quiet(setup);
    stop(setup);
    start(setup);
    wait_quiet(setup);
    g_assert_cmpuint(count_runs(setup, "orders"), ==, 1);
}

static void a_revert_of_nothing_leaves_what_is_queued(Setup *setup, gconstpointer unused) {
    start_with_dev(setup, 0, "");
    g_autoptr(json_t) good = wait_run(setup, "dev", "done", "push");
    stop(setup);
    open_only(setup);
    g_autoptr(RunRecord) reverting = run_record_new(RUN_DEPLOY, "dev", "push", "reverting");
    reverting->commit = g_strdup(json_get_string(good, "commit"));
    reverting->reverts =
        json_pack("[{s:s, s:s, s:s}]", "kind", "plugin", "name", "orders", "version", "1.0.0");
    g_assert_true(runs_add(setup->pipeline, reverting, NULL, NULL, NULL));
    g_autofree char *queued = add(setup);
    work_on(setup->pipeline, reverting->id);
    assert_state(setup, reverting->id, "rolled_back");
    assert_state(setup, queued, "queued");
}

static void a_build_sends_nothing_to_an_address_that_is_not_accepted(Setup *setup, gconstpointer unused) {
    start_with_dev(setup, 1, "");
    expect_run(setup, "dev", "done", "push");
    SH(setup, "mkdir elsewhere; sed -i 's|/maven|/elsewhere|' work/sluice.yaml");
    push(setup, "work", "another repository");
    expect_run(setup, "dev", "waiting", "push");
    release(setup, "1.0.0", "one", false);
    g_autoptr(json_t) failed = wait_run(setup, "orders", "failed", "push");
    g_assert_nonnull(strstr(json_get_string(failed, "message"), "has not accepted the address"));
    g_autofree char *there = shell(setup, "find elsewhere -type f");
    g_assert_cmpstr(there, ==, "");
    g_autoptr(json_t) waiting = wait_run(setup, "dev", "waiting", "push");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) approved = approve(setup, json_get_string(waiting, "id"), "second", &error);
    g_assert_no_error(error);
    wait_quiet(setup);
    g_autoptr(Person) boss = someone("boss");
    g_autoptr(json_t) asked = pipeline_retry(setup->pipeline, json_get_string(failed, "id"), boss, &error);
    g_assert_no_error(error);
    expect_run(setup, "orders", "failed", "retry"); /* dev doesn't ask for it, but it is published */
    SH(setup, "test -e elsewhere/com/acme/orders/1.0.0/orders-1.0.0.jar");
}

/* What it pushed before it was planned anew. */
static void another_lock_of_the_run_is_not_the_one_in_hand(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    start_with_promotion(setup);
    g_autoptr(json_t) waiting = wait_run(setup, "prod", "waiting", "promotion");
    const char *id = json_get_string(waiting, "id");
    wait_quiet(setup);
    stop(setup);
    g_autoptr(Lock) lock = lock_new("prod");
    g_autofree char *path = g_build_filename(setup->work, "environments", "prod.lock", NULL);
    lock_add_hold(lock, "orders", "1.0.0", "a test", id);
    g_assert_true(lock_write(lock, path, &error));
    g_autofree char *message = g_strdup_printf("prod: before\n\nSluice-Run: %s\nSluice-Act: commit", id);
    push(setup, "work", message);
    open_only(setup);
    advance(setup, id, RUN_EVENT_LOCK);
    work_on(setup->pipeline, id);
    assert_state(setup, id, "planning");
}

static void settings_that_are_gone_are_asked_for(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    start_with_dev(setup, 0, "");
    expect_run(setup, "dev", "done", "push");
    stop(setup);
    open_only(setup);
    g_autoptr(MarkRecord) stored = ledger_mark(setup->pipeline->ledger, "dev");
    g_autoptr(MarkRecord) mark = mark_record_copy(stored);
    g_free(mark->settings_commit);
    mark->settings_commit = g_strdup("0123456789012345678901234567890123456789");
    g_assert_true(ledger_commit(setup->pipeline->ledger, &(LedgerChange){.mark = mark}, &error));
    stop(setup);
    declare_environment(setup, "dev", 0, "timing: { settle: 1s }\n");
    push(setup, "work", "a change");
    start(setup);
    g_autoptr(json_t) waiting = wait_run(setup, "dev", "waiting", "push");
    g_autoptr(json_t) approved = approve(setup, json_get_string(waiting, "id"), "second", &error);
    g_assert_no_error(error);
    wait_quiet(setup);
    g_autoptr(MarkRecord) after = ledger_mark(setup->pipeline->ledger, "dev");
    g_assert_cmpstr(after->settings_commit, ==, json_get_string(waiting, "commit"));
}

/* A backup of server.db alone: there is no mirror yet when the runs in it go on. */
static void a_commit_that_is_not_fetched_yet_is_waited_for(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    start_with_dev(setup, 1, "");
    expect_run(setup, "dev", "done", "push");
    stop(setup);
    open_only(setup);
    g_autofree char *queued = add(setup);
    SH(setup, "rm -rf data/declarations.git");
    work_on(setup->pipeline, queued);
    assert_state(setup, queued, "planning");
}

/* Git and the cache of artifacts as nobody has set them up; before there are threads. The caller removes and
 * frees the folder. */
static char *private_home(void) {
    char *home = files_make_temporary(g_get_tmp_dir(), "sluice-home-", NULL);
    put(home, "gitconfig",
        "[user]\nname = Ada Lovelace\nemail = ada@acme.example\n[init]\ndefaultBranch = main\n");
    g_autofree char *config = g_build_filename(home, "gitconfig", NULL);
    g_setenv("GIT_CONFIG_GLOBAL", config, TRUE);
    g_setenv("GIT_CONFIG_NOSYSTEM", "1", TRUE);
    g_setenv("XDG_CACHE_HOME", home, TRUE);
    return home;
}

#define TEST(rule) g_test_add("/pipeline/" #rule, Setup, NULL, set_up, rule, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_autofree char *home = private_home();
    TEST(a_data_folder_has_one_server);
    TEST(what_can_not_be_read_is_told);
    TEST(a_push_runs_each_environment_that_it_touches);
    TEST(declarations_may_lie_in_a_folder);
    TEST(a_mistake_is_behind_with_its_place);
    TEST(a_branch_may_be_rewritten);
    TEST(a_build_is_published_locked_and_deployed);
    TEST(other_bytes_of_a_release_are_refused);
    TEST(a_build_that_was_cut_off_goes_on);
    TEST(a_promotion_is_committed_once_it_is_approved);
    TEST(who_wrote_it_can_not_approve_it);
    TEST(what_was_rejected_is_not_proposed_again);
    TEST(a_promotion_that_can_not_be_made_says_why);
    TEST(settings_are_asked_for_by_those_before);
    TEST(a_newer_run_takes_the_place_of_what_has_not_begun);
    TEST(a_run_that_begins_takes_the_place_of_an_older_that_waits);
    TEST(what_is_queued_is_looked_at_anew_after_a_revert);
    TEST(what_is_queued_with_the_reverted_lock_stays);
    TEST(a_build_is_not_retried_over_a_newer_one);
    TEST(what_a_run_is_of_may_be_gone);
    TEST(what_is_tried_again_keeps_its_turn);
    TEST(what_has_not_begun_to_apply_makes_room);
    TEST(what_is_not_listed_does_not_keep_the_server_from_starting);
    TEST(a_revert_of_nothing_leaves_what_is_queued);
    TEST(a_build_sends_nothing_to_an_address_that_is_not_accepted);
    TEST(another_lock_of_the_run_is_not_the_one_in_hand);
    TEST(settings_that_are_gone_are_asked_for);
    TEST(a_commit_that_is_not_fetched_yet_is_waited_for);
    int status = g_test_run();
    files_remove_tree(home, NULL);
    return status;
}
