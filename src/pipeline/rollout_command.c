/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/process.h"
#include "pipeline/rollout_private.h"

/* A chart that waits for its pods takes minutes; one that takes longer than this hangs. */
#define COMMAND_TIMEOUT_MS (60 * 60 * 1000)
#define OUTPUT_LIMIT ((gsize)64 * 1024 * 1024)
#define MESSAGE_LINES 10
#define MESSAGE_SIZE 4000

static char **command_environment(const RolloutRequest *request) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const struct {
        const char *name, *value;
    } variables[] = {
        {"SLUICE_ENVIRONMENT", request->environment->name},
        {"SLUICE_CONNECT", request->cluster->name},
        {"SLUICE_LOCK", request->lock_path},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        g_autofree char *line = g_strconcat(variables[i].name, "=", variables[i].value, NULL);
        g_strv_builder_add(builder, line);
    }
    return g_strv_builder_end(builder);
}

static void set_command_error(const RolloutRequest *request, const ProcessResult *result, GError **error) {
    g_autofree char *complaint = process_last_lines(result->error_output, MESSAGE_LINES, MESSAGE_SIZE);
    g_autofree char *output = process_last_lines(result->output, MESSAGE_LINES, MESSAGE_SIZE);
    const char *said = *complaint != '\0' ? complaint : output;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_COMMAND,
              "the workers keep what they have; once the command works, apply again",
              "the rollout command '%s' of '%s' ended with status %d%s%s",
              request->cluster->rollout.command[0], request->cluster->name, result->status,
              *said != '\0' ? ":\n" : "", said);
}

bool rollout_run_command(const RolloutRequest *request, GError **error) {
    g_auto(GStrv) environment = command_environment(request);
    const ProcessSpec spec = {
        .argv = (const char *const *)request->cluster->rollout.command,
        .directory = request->environment->root,
        .set_env = (const char *const *)environment,
        .timeout_ms = COMMAND_TIMEOUT_MS,
        .limit = OUTPUT_LIMIT,
        .tee_stderr = true,
        .cancellable = request->cancellable,
    };
    if (request->progress != NULL) {
        g_autofree char *what =
            g_strdup_printf("rolling out to %s: %s", request->cluster->name, spec.argv[0]);
        request->progress(what, request->user_data);
    }
    g_autoptr(ProcessResult) result = process_run(&spec, error);
    if (result == NULL)
        return false;
    if (result->status != 0)
        set_command_error(request, result, error);
    return result->status == 0;
}

bool rollout_begin_command(const RolloutRequest *request, GError **error) {
    return rollout_run_command(request, error);
}
