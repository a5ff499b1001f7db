/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a plugin folder: folders are made beside, and each comes into place, or goes, by one rename.
 */
#pragma once

#include "plugin/plugin.h"

/* Holds a plugin folder so that no other process changes it. */
typedef struct Install Install;

/* Makes the folder where it is missing and waits until nobody else changes it. What a process that was killed
 * left is removed. */
Install *install_open(const char *folder, GCancellable *cancellable, GError **error);

/* Puts back what install_place() did, unless install_keep() was called; removes what is beside. */
void install_close(Install *install);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Install, install_close)

/* Unpacks an artifact (`path` says by its end what it is) beside, as a folder of that name. May be called
 * from several threads, for different names. */
bool install_stage(Install *install, const char *artifact, const char *path, const char *name,
                   GError **error);

/* Puts a staged folder in its place; the former one of that name goes. */
bool install_place(Install *install, const char *name, GError **error);

/* What was placed stays. */
void install_keep(Install *install);

/* Removes a folder. */
bool install_remove(Install *install, const char *name, GError **error);

/* Whether there is such a folder, and whether there is anything of that name. */
bool install_has_folder(const Install *install, const char *name);
bool install_has(const Install *install, const char *name);
