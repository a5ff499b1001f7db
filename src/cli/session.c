/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/git.h"
#include "pipeline/rollout.h"

#define PARALLELISM_MOST 100

void session_options_clear(SessionOptions *options) {
    g_strfreev(options->variables);
    g_strfreev(options->targets);
    g_strfreev(options->accept_upgrade);
}

void session_close(Session *session) {
    if (session == NULL)
        return;
    g_clear_pointer(&session->engine, engine_close);
    g_clear_pointer(&session->progress, progress_free);
    environment_free(session->environment);
    g_free(session->root);
    g_free(session->by);
    g_free(session);
}

char *session_root(GError **error) {
    return declare_find_root(".", error);
}

/* "Name <mail>" of Git, else user@host. */
static char *who(const char *root) {
    char *identity = git_identity(root);
    return identity != NULL ? identity : g_strdup_printf("%s@%s", g_get_user_name(), g_get_host_name());
}

/* Words for people, whatever the output's format. */
static void print_diagnostics(const Invocation *invocation, const Diagnostics *diagnostics) {
    g_autofree char *text = diagnostics_format(diagnostics, invocation->colour_error);
    fputs(text, stderr);
}

static Environment *load(const Session *session, const char *environment, bool secrets,
                         const SessionOptions *options, GError **error) {
    const DeclareOptions declare = {
        .resolve_secrets = secrets,
        .variables = options != NULL ? (const char *const *)options->variables : NULL,
        .lock_text = options != NULL ? options->lock_text : NULL,
    };
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    Environment *loaded = declare_load(session->root, environment, &declare, diagnostics, &problem);
    print_diagnostics(session->invocation, diagnostics);
    if (loaded == NULL && !g_error_matches(problem, DECLARE_ERROR, DECLARE_ERROR_INVALID))
        g_propagate_error(error, g_steal_pointer(&problem));
    return loaded;
}

Session *session_load(const Invocation *invocation, const char *environment, bool secrets,
                      const SessionOptions *options, GError **error) {
    g_autoptr(Session) session = g_new0(Session, 1);
    session->invocation = invocation;
    session->root = session_root(error);
    if (session->root == NULL)
        return NULL;
    session->environment = load(session, environment, secrets, options, error);
    if (session->environment == NULL)
        return NULL;
    session->by = who(session->root);
    return g_steal_pointer(&session);
}

void session_show_progress(Session *session, FILE *words) {
    if (session->progress == NULL)
        session->progress = progress_new(words);
}

void session_hide_progress(Session *session) {
    g_clear_pointer(&session->progress, progress_free);
}

void session_progress(const char *what, gpointer user_data) {
    const Session *session = user_data;
    if (session->progress != NULL)
        progress_update(session->progress, "%s", what);
}

static bool check_parallelism(const SessionOptions *options, GError **error) {
    if (options->parallelism >= 0 && options->parallelism <= PARALLELISM_MOST)
        return true;
    g_autofree char *hint = g_strdup_printf("give a number from 1 to %d", PARALLELISM_MOST);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "--parallelism can't be %d", options->parallelism);
    return false;
}

static Engine *open_engine(Session *session, const SessionOptions *options, GError **error) {
    const EngineOptions engine = {
        .environment = session->environment,
        .rollout_drivers = rollout_driver,
        .by = session->by,
        .accept_upgrade = (const char *const *)options->accept_upgrade,
        .targets = (const char *const *)options->targets,
        .parallelism = (guint)options->parallelism,
        .no_rollback = options->no_rollback,
        .lease_wait_ms = options->lease_wait_ms,
        .stop = session->invocation->stop,
        .abort = session->invocation->abort,
        .progress = session_progress,
        .user_data = session,
    };
    return engine_open(&engine, error);
}

Session *session_open(const Invocation *invocation, const char *environment, const SessionOptions *options,
                      FILE *words, GError **error) {
    if (!check_parallelism(options, error))
        return NULL;
    g_autoptr(Session) session = session_load(invocation, environment, true, options, error);
    if (session == NULL)
        return NULL;
    session_show_progress(session, words);
    session->engine = open_engine(session, options, error);
    return session->engine != NULL ? g_steal_pointer(&session) : NULL;
}

Live *session_observe(Session *session, GError **error) {
    Live *live = live_observe(session->engine, error);
    session_hide_progress(session);
    return live;
}
