/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command that works on an environment needs: its declarations, and an engine with its progress line.
 *
 *     g_auto(SessionOptions) options = {0};
 *     const GOptionEntry entries[] = {SESSION_ENTRY_VARIABLES(options), …, {NULL}};
 *     …
 *     g_autoptr(Session) session = session_open(invocation, environment, &options, stderr, error);
 *     if (session == NULL)
 *         return EXIT_ERROR;
 */
#pragma once

#include "cli/command.h"
#include "declare/declare.h"
#include "engine/engine.h"
#include "engine/live.h"

typedef struct {
    char **variables;      /* --var, owned */
    char **targets;        /* --target, owned */
    char **accept_upgrade; /* --accept-upgrade, owned */
    int parallelism;       /* --parallelism; 0: the engine's own */
    gboolean no_rollback;
    guint lease_wait_ms;
    const char *lock_text; /* a lock to render with instead of the file's; borrowed */
} SessionOptions;
void session_options_clear(SessionOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SessionOptions, session_options_clear)

/* Rows for a command's table of options. */
#define SESSION_ENTRY_VARIABLES(options)                                                    \
    {                                                                                       \
        "var", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options).variables,                       \
            "Set a variable of an instance, over the environment's value; may be repeated", \
            "INSTANCE.NAME=VALUE"                                                           \
    }
#define SESSION_ENTRY_TARGETS(options)                                                             \
    {                                                                                              \
        "target", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options).targets,                             \
            "Only this address, instance, or what begins with PREFIX/; may be repeated", "ADDRESS" \
    }
#define SESSION_ENTRY_ACCEPT_UPGRADE(options)                                                              \
    {                                                                                                      \
        "accept-upgrade", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options).accept_upgrade,                      \
            "Let a rollout upgrade this connector, which is not Sluice's and not pinned; may be repeated", \
            "CONNECTOR"                                                                                    \
    }
#define SESSION_ENTRY_PARALLELISM(options)                             \
    {                                                                  \
        "parallelism", 0, 0, G_OPTION_ARG_INT, &(options).parallelism, \
            "At most N actions at once (default: 10)", "N"             \
    }

typedef struct {
    const Invocation *invocation;
    char *root; /* absolute folder of sluice.yaml */
    char *by;   /* who we are, for the state */
    Environment *environment;
    Progress *progress; /* NULL while nothing is shown */
    Engine *engine;     /* NULL after session_load() */
} Session;
void session_close(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_close)

/* The root of the declarations that the command works in; the caller frees it. */
char *session_root(GError **error);

/* Reads the declarations of an environment. With `secrets` the values of env and secret are read, and one
 * that is unset is a mistake. NULL without an error when there were mistakes, which were printed. */
Session *session_load(const Invocation *invocation, const char *environment, bool secrets,
                      const SessionOptions *options, GError **error);

/* As session_load() with secrets; then opens the engine. Options are borrowed. The progress line is drawn on
 * `words`, the stream that what is printed meanwhile goes to. */
Session *session_open(const Invocation *invocation, const char *environment, const SessionOptions *options,
                      FILE *words, GError **error);

/* Observes what is live; the progress line is gone afterwards. */
Live *session_observe(Session *session, GError **error);

/* Draws and erases the progress line: nothing else may be printed on its stream meanwhile. */
void session_show_progress(Session *session, FILE *words);
void session_hide_progress(Session *session);

/* For the `progress` of requests to lower folders; `user_data` is the session. */
void session_progress(const char *what, gpointer user_data);
