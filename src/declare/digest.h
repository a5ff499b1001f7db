/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests over files: of what an environment was rendered from, and of a module's folder.
 */
#pragma once

#include "declare/loader.h"

/* "sha256:…" over names and bytes of the files that the loader read, and the command line's variables. */
char *digest_of_files(const Loader *loader);

/* "sha256:…" over the sorted path, mode and SHA-256 of a folder's files. NULL with an error. */
char *digest_of_tree(const char *folder, GError **error);

/* The same of a folder of a Git repository at a commit. */
char *digest_of_commit(GitRepository *git, const char *commit, const char *folder, GError **error);
