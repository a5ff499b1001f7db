/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A declarations repository in a temporary folder, to be changed by a test.
 */
#pragma once

#include "declare/declare.h"

typedef struct {
    char *root;
    Diagnostics *diagnostics; /* of the last load */
} Fixture;

/* One module, orders; environments dev and prod; not in Git. */
void fixture_init(Fixture *fixture);
void fixture_clear(Fixture *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

void fixture_write(const Fixture *fixture, const char *path, const char *text);

/* Runs git in the root, and expects success; gives its output. */
char *fixture_git(const Fixture *fixture, const char *first, ...) G_GNUC_NULL_TERMINATED;
/* Makes the root a Git repository if need be, and commits everything; gives the commit. */
char *fixture_commit(const Fixture *fixture);

/* Loads an environment without secrets; NULL when it has mistakes. */
Environment *fixture_load(Fixture *fixture, const char *name);
/* All that was said by the last load; owned by the caller. */
char *fixture_said(const Fixture *fixture);

/* The value of a connector's config key. */
const char *fixture_config(const Environment *environment, const char *address, const char *key);
