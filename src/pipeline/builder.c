/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/builder.h"

#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/process.h"
#include "base/sensitive.h"
#include "pipeline/builder_private.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define MESSAGE_LINES 10
#define MESSAGE_SIZE 4000

void built_artifact_free(BuiltArtifact *artifact) {
    if (artifact == NULL)
        return;
    g_free(artifact->file);
    g_free(artifact->pom);
    g_free(artifact->maven);
    g_free(artifact->version);
    g_free(artifact->sha256);
    g_free(artifact);
}

bool builder_checkout(GitRepository *mirror, const char *commit, const char *folder, GError **error) {
    return files_remove_tree(folder, error) && git_export(mirror, commit, "", folder, error);
}

/* --- What a build sees ---------------------------------------------------------------------------------- */

/* user:password of an address, and the password alone. */
static void mask_userinfo(RunLog *log, const char *value) {
    const char *start = strstr(value, "://");
    const char *end = start != NULL ? strchr(start, '@') : NULL;
    if (end == NULL)
        return;
    g_autofree char *userinfo = g_strndup(start + 3, end - start - 3);
    const char *colon = strchr(userinfo, ':');
    run_log_mask(log, colon != NULL ? colon + 1 : userinfo);
}

static void mask_secrets(const BuildRequest *request) {
    for (const char *const *name = request->env; name != NULL && *name != NULL; name++) {
        const char *value = g_getenv(*name);
        if (value == NULL)
            continue;
        if (sensitive_key_name(*name))
            run_log_mask(request->log, value);
        mask_userinfo(request->log, value);
    }
}

static char **names_seen(const BuildRequest *request) {
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_strv_builder_add(names, "PATH");
    for (const char *const *name = request->env; name != NULL && *name != NULL; name++)
        g_strv_builder_add(names, *name);
    return g_strv_builder_end(names);
}

static char **values_given(const char *home, const char *temporary) {
    const struct {
        const char *name, *value;
    } variables[] = {
        {"LANG", "C.UTF-8"},   {"LC_ALL", "C.UTF-8"},  {"HOME", home},
        {"TMPDIR", temporary}, {"PATH", DEFAULT_PATH},
    };
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        g_autofree char *line = g_strconcat(variables[i].name, "=", variables[i].value, NULL);
        if (!g_str_equal(variables[i].name, "PATH") || g_getenv("PATH") == NULL)
            g_strv_builder_add(lines, line);
    }
    return g_strv_builder_end(lines);
}

static bool make_private(const char *folder, GError **error) {
    if (!files_make_folder(folder, error))
        return false;
    if (chmod(folder, 0700) == 0)
        return true;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "cannot make '%s' a folder of our own",
              folder);
    return false;
}

/* --- The build ------------------------------------------------------------------------------------------ */

/* What it says goes into the log; the last lines are kept, as they came, for a message. */
typedef struct {
    RunLog *log;
    GQueue last;
} Output;

static void output_clear(Output *output) {
    g_queue_clear_full(&output->last, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Output, output_clear)

static void take_line(const char *text, gpointer user_data) {
    Output *output = user_data;
    run_log_line(output->log, "%s", text);
    g_queue_push_tail(&output->last, g_strdup(text));
    if (output->last.length > MESSAGE_LINES)
        g_free(g_queue_pop_head(&output->last));
}

static char *last_said(const Output *output) {
    g_autoptr(GString) lines = g_string_new(NULL);
    for (const GList *line = output->last.head; line != NULL; line = line->next)
        g_string_append_printf(lines, "%s\n", (const char *)line->data);
    g_autofree char *masked = run_log_masked(output->log, lines->str);
    return process_last_lines(masked, MESSAGE_LINES, MESSAGE_SIZE);
}

static bool fail_status(const Output *output, const char *program, int status, GError **error) {
    g_autofree char *said = last_said(output);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_COMMAND, NULL, "the build '%s' ended with status %d%s%s",
              program, status, *said != '\0' ? ":\n" : "", said);
    return false;
}

/* Only lateness is ours to explain: the rest says itself what is wrong. */
static bool fail_process(GError *cause, const BuildFile *build, GError **error) {
    if (!g_error_matches(cause, BASE_ERROR, BASE_ERROR_TIMEOUT)) {
        g_propagate_prefixed_error(error, cause, "cannot build: ");
        return false;
    }
    g_error_free(cause);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_COMMAND,
              "give it more in " BUILD_FILE ": build: { timeout: 1h }",
              "the build '%s' did not end within %u s", build->command[0], build->timeout_ms / 1000);
    return false;
}

/* What is run: the build's command, or the server's own with it at its end. */
static char **words_of(const BuildRequest *request, const BuildFile *build) {
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    if (request->run != NULL)
        g_strv_builder_addv(words, (const char **)request->run);
    g_strv_builder_addv(words, (const char **)build->command);
    return g_strv_builder_end(words);
}

static bool run_command(const BuildRequest *request, const BuildFile *build, GError **error) {
    g_autofree char *home = g_canonicalize_filename(request->home, NULL);
    g_autofree char *temporary = g_build_filename(home, "tmp", NULL);
    if (!make_private(home, error) || !files_remove_tree(temporary, error) || !make_private(temporary, error))
        return false;
    g_auto(GStrv) words = words_of(request, build);
    g_auto(GStrv) names = names_seen(request);
    g_auto(GStrv) values = values_given(home, temporary);
    g_auto(Output) output = {.log = request->log, .last = G_QUEUE_INIT};
    const ProcessSpec spec = {
        .argv = (const char *const *)words,
        .directory = request->folder,
        .clear_env_but = (const char *const *)names,
        .set_env = (const char *const *)values,
        .timeout_ms = build->timeout_ms,
        .end_group = true,
        .line = take_line,
        .user_data = &output,
        .cancellable = request->cancellable,
    };
    GError *cause = NULL;
    g_autoptr(ProcessResult) result = process_run(&spec, &cause);
    if (result == NULL)
        return fail_process(cause, build, error);
    return result->status == 0 || fail_status(&output, build->command[0], result->status, error);
}

static BuildFile *read_build_file(const BuildRequest *request, const Coordinate *coordinate, GError **error) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    BuildFile *build = build_file_read(request->folder, coordinate, diagnostics);
    if (build != NULL)
        return build;
    g_autofree char *mistakes = g_strchomp(diagnostics_format(diagnostics, false));
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, NULL, BUILD_FILE " has mistakes:\n%s", mistakes);
    return NULL;
}

static void say_what_follows(const BuildRequest *request, const BuildFile *build) {
    g_autofree char *modules = g_build_filename(request->folder, ".gitmodules", NULL);
    g_autofree char *command = g_strjoinv(" ", build->command);
    if (g_file_test(modules, G_FILE_TEST_EXISTS))
        run_log_line(request->log, "submodules are not checked out: their folders are empty");
    run_log_line(request->log, "$ %s", command);
}

BuiltArtifact *builder_build(const BuildRequest *request, GError **error) {
    const char *why = NULL;
    g_autoptr(Coordinate) coordinate = coordinate_parse(request->maven, &why);
    if (coordinate == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, NULL, "'%s' are no coordinates: %s",
                  request->maven, why);
        return NULL;
    }
    mask_secrets(request);
    g_autoptr(BuildFile) build = read_build_file(request, coordinate, error);
    if (build == NULL || !builder_check_pom(request->folder, build, coordinate, error))
        return NULL;
    say_what_follows(request, build);
    if (!run_command(request, build, error))
        return NULL;
    return builder_find(request, build, coordinate, error);
}
