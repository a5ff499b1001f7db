/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which classes an artifact carries: its ServiceLoader manifests, and the names of its classes, read from a
 * jar or from the jars inside an archive. Nothing of it is run.
 */
#pragma once

#include "plugin/plugin.h"

typedef struct Manifest Manifest;

/* Reads a jar, zip, tar.gz or tgz on this machine. */
Manifest *manifest_read(const char *path, GError **error);
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/* Whether the artifact carries the class ("com.acme.Source"). */
bool manifest_has_class(const Manifest *manifest, const char *class_name);

/* Connector, converter, transform and predicate classes that its ServiceLoader manifests name: char *,
 * NULL-terminated, sorted; owned by the manifest. */
const char *const *manifest_services(const Manifest *manifest);
