/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploading an artifact to a Maven-layout repository: the file, its POM, checksums (md5, sha1, sha256,
 * sha512), and maven-metadata.xml, so that Maven resolves it. A release that is there with the same bytes is
 * success; with others PLUGIN_ERROR_EXISTS.
 */
#pragma once

#include "plugin/repository.h"

typedef struct {
    const char *file;
    const char *pom; /* NULL: FILE's META-INF/maven/…/pom.xml, else one beside it, else made from `maven` and
                        `version` */
    const char *maven;   /* coordinates; NULL: from the POM */
    const char *version; /* NULL: from the POM */
    void (*progress)(const char *what, gpointer user_data);
    gpointer user_data;
    GCancellable *cancellable;
} PublishRequest;

typedef struct {
    char *maven; /* group:artifact[:extension[:classifier]] */
    char *version;
    char *resolved; /* a SNAPSHOT's time-stamped form */
    char *path;
    char *sha256;
    bool existed; /* it was there already, byte for byte */
} Published;
void published_free(Published *published);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Published, published_free)

Published *plugin_publish(Repository *repository, const PublishRequest *request, GError **error);
