/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of an environment as they are written at a commit: policy, addresses, rollouts, repositories.
 * Those that ran last decide about a change of them.
 */
#pragma once

#include "pipeline/pipeline_private.h"

typedef struct {
    Checkout checkout;
    Environment *environment; /* without the server's trust, for its policy; NULL: the commit is gone */
    json_t *values;           /* key → text, secrets hidden */
    char *digest;
} RunSettings;
void run_settings_clear(RunSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunSettings, run_settings_clear)

/* Reads those of an environment at a commit into the run's folder. A commit that is gone, as after the data
 * folder was lost and the branch rewritten, is no error: nothing is known of its settings then. */
bool run_settings_read(Work *work, const char *environment, const char *commit, RunSettings *settings,
                       GError **error);

/* Whether the two files in which they stand are the same at both commits. */
bool run_settings_are_same(const Work *work, const char *environment, const char *one, const char *other);

/* Whether every repository that the environment has now was at the same address in its settings that ran
 * last, where these asked for approval: a build goes nowhere else. False with an error. */
bool run_settings_check_repositories(Work *work, const char *environment, const char *commit,
                                     const GPtrArray *repositories, GError **error);
