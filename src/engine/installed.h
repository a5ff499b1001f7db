/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What workers have installed, against what the lock says. A version in Maven is not the version that a class
 * reports, so the two are matched: by what the lock has learnt (`reports`), by equality, or, after a roll, by
 * elimination: one version came, and one locked version has no match.
 */
#pragma once

#include "engine/live.h"

/* The classes that a locked version is known by: those of its reports, else what its artifact's manifests
 * name (fetched into the cache when it isn't there). A new NULL-terminated array; empty where it names none.
 */
char **installed_classes(Engine *engine, const Lock *lock, const LockedPlugin *plugin,
                         const LockedVersion *version, GError **error);

/* The version that `class_name` of a locked version reports on this worker; NULL where the worker lacks it,
 * or it can't be told. Owned by the worker or lock. */
const char *installed_report(const LiveWorker *worker, const LockedPlugin *plugin,
                             const LockedVersion *version, const char *class_name);

/* The hint where a version doesn't show on a worker that was rolled. */
#define INSTALLED_SAME_VERSION_HINT \
    "does its version() still say what an earlier release said? Connect tells versions apart by it alone"

/* What a worker that seems to lack a version reports and no locked version explains, as the end of a hint:
 * what came by its roll, if anything did. NULL where there is nothing. The caller frees it. */
char *installed_guess(const LiveWorker *worker, const LockedPlugin *plugin, const LockedVersion *version,
                      const char *class_name);

/* A hint with a guess (may be NULL) at its end. The caller frees it. */
char *installed_hint(const char *usual, const char *guess);

/* As installed_report() on every worker of a cluster that answered; NULL where one lacks it: *lacking (may be
 * NULL) is that one then. */
const char *installed_report_everywhere(const LiveCluster *cluster, const LockedPlugin *plugin,
                                        const LockedVersion *version, const char *class_name,
                                        const LiveWorker **lacking);

/* Whether a locked plugin is for a Connect cluster. */
bool installed_is_for(const LockedPlugin *plugin, const char *cluster);

/* Whether a worker has every locked version of the plugin; else *guess (may be NULL) is an installed_guess().
 */
bool installed_is_complete(Engine *engine, const Lock *lock, const LiveWorker *worker,
                           const LockedPlugin *plugin, bool *complete, char **guess, GError **error);

/* The distinct versions, newest last, that a worker reports for any class of the plugin, joined with ", ";
 * NULL where none. The caller frees it. */
char *installed_versions(const LiveWorker *worker, char **classes);

/* Whether any worker that answered knows the class; any version. */
bool installed_has_class(const LiveCluster *cluster, const char *class_name);

/* Whether a cluster's workers load several versions of a plugin side by side (Connect 4.1, KIP-891). */
bool installed_side_by_side(const LiveCluster *cluster);

/* Every class that the cluster's first worker knows; for "did you mean". A new NULL-terminated array of
 * borrowed names. */
const char **installed_class_names(const LiveCluster *cluster);
