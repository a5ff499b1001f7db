/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git for tests: with a configuration of their own, and a shell.
 */
#pragma once

/* Runs a script in `folder`, and expects success; gives back what it says. */
char *shell(const char *folder, const char *script);
/* The same, what it says left out. */
void sh(const char *folder, const char *script);

/* From now on git is set up for Ada Lovelace <ada@acme.example> alone, in a folder of the test's: the caller
 * removes and frees it. */
char *git_home(void);
