/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/rollout_private.h"
#include "plugin/fetch.h"
#include "sandbox/sandbox.h"

/* Nothing is removed here: the workers still run, and may be reading what they run. */
static bool install(const RolloutRequest *request, const char *folder, GError **error) {
    g_autoptr(GPtrArray) locks = g_ptr_array_new();
    g_ptr_array_add(locks, (gpointer)request->lock);
    const FetchRequest fetch = {
        .locks = locks,
        .connect = request->cluster->name,
        .to = folder,
        .repositories = request->environment->repositories,
        .root = request->environment->root,
        .replace = true,
        .progress = request->progress,
        .user_data = request->user_data,
        .cancellable = request->cancellable,
    };
    g_autoptr(GPtrArray) fetched = plugin_fetch(&fetch, error);
    return fetched != NULL;
}

bool rollout_begin_sandbox(const RolloutRequest *request, GError **error) {
    const char *name = request->cluster->rollout.sandbox;
    const SandboxOptions options = {
        .name = name,
        .progress = request->progress,
        .user_data = request->user_data,
        .cancellable = request->cancellable,
    };
    g_autoptr(Sandbox) sandbox = sandbox_inspect(name, error);
    return sandbox != NULL && install(request, sandbox->plugins, error) &&
           sandbox_roll(name, &options, error);
}

bool rollout_begin_folder(const RolloutRequest *request, GError **error) {
    const RolloutSpec *spec = &request->cluster->rollout;
    if (!install(request, spec->plugins, error))
        return false;
    return spec->command == NULL || spec->command[0] == NULL || rollout_run_command(request, error);
}

static bool has_stopped_worker(const Sandbox *sandbox) {
    for (guint i = 0; i < sandbox->workers->len; i++)
        if (!((const SandboxWorker *)sandbox->workers->pdata[i])->alive)
            return true;
    return false;
}

static bool mend_sandbox(const char *name, GCancellable *cancellable) {
    g_autoptr(Sandbox) sandbox = sandbox_inspect(name, NULL);
    if (sandbox == NULL || !sandbox->alive || !has_stopped_worker(sandbox))
        return false;
    const SandboxOptions options = {
        .name = name, .workers = sandbox->workers->len, .cancellable = cancellable};
    g_autoptr(Sandbox) mended = sandbox_up(&options, NULL);
    return mended != NULL;
}

bool rollout_mend(const Environment *environment, GCancellable *cancellable) {
    bool mended = false;
    for (guint i = 0; i < environment->connect->len; i++) {
        const RolloutSpec *spec = &((const ConnectCluster *)environment->connect->pdata[i])->rollout;
        if (spec->kind == ROLLOUT_LOCAL_SANDBOX)
            mended = mend_sandbox(spec->sandbox, cancellable) || mended;
    }
    return mended;
}
