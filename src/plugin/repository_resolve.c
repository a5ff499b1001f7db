/* SPDX-License-Identifier: Apache-2.0 */
/* From what is asked for to one version of a repository. */
#include <string.h>

#include "plugin/coordinate.h"
#include "plugin/metadata.h"
#include "plugin/transfer.h"
#include "plugin/version.h"

#define METADATA_LIMIT ((gsize)8 * 1024 * 1024)

/* The metadata of a folder of the repository. */
static Metadata *read_metadata(Repository *repository, const char *folder, GError **error) {
    g_autofree char *path = g_build_path("/", folder, COORDINATE_METADATA, NULL);
    g_autoptr(GBytes) bytes = transfer_read(repository, path, METADATA_LIMIT, error);
    if (bytes == NULL)
        return NULL;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return metadata_parse(text != NULL ? text : "", length, path, error);
}

static ResolvedVersion *resolved_new(const Coordinate *coordinate, const char *version,
                                     const char *resolved) {
    ResolvedVersion *made = g_new0(ResolvedVersion, 1);
    made->version = g_strdup(version);
    made->resolved = g_strdup(resolved);
    made->path = coordinate_path(coordinate, version, resolved);
    return made;
}

/* 1.5-20260131.120000-3 is a build of 1.5-SNAPSHOT; NULL for what is not such a build. */
static char *snapshot_of_build(const char *version) {
    g_autoptr(GRegex) build = g_regex_new("^(.+)-[0-9]{8}\\.[0-9]{6}-[0-9]+$", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(build, version, 0, &match))
        return NULL;
    g_autofree char *base = g_match_info_fetch(match, 1);
    return g_strconcat(base, "-SNAPSHOT", NULL);
}

static ResolvedVersion *resolve_exact(const Coordinate *coordinate, const char *version) {
    g_autofree char *snapshot = snapshot_of_build(version);
    return resolved_new(coordinate, snapshot != NULL ? snapshot : version, version);
}

/* A SNAPSHOT without metadata is a file of that very name: so do folders that nobody deployed to. */
static ResolvedVersion *resolve_snapshot(Repository *repository, const Coordinate *coordinate,
                                         const char *version, GError **error) {
    g_autofree char *folder = coordinate_folder(coordinate);
    g_autofree char *version_folder = g_build_path("/", folder, version, NULL);
    g_autoptr(GError) problem = NULL;
    g_autoptr(Metadata) metadata = read_metadata(repository, version_folder, &problem);
    if (metadata == NULL && !g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    g_autofree char *build =
        metadata != NULL ? metadata_snapshot(metadata, coordinate, version) : g_strdup(version);
    return resolved_new(coordinate, version, build);
}

static char *hint_of(const Metadata *metadata) {
    g_autofree char *there = metadata_describe(metadata);
    return there != NULL ? g_strdup_printf("it has %s", there) : NULL;
}

char *repository_describe_versions(Repository *repository, const Coordinate *coordinate) {
    g_autofree char *folder = coordinate_folder(coordinate);
    g_autoptr(Metadata) metadata = read_metadata(repository, folder, NULL);
    return metadata != NULL ? hint_of(metadata) : NULL;
}

static void set_no_version(const Metadata *metadata, const char *requested, GError **error) {
    g_autofree char *hint = hint_of(metadata);
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND, hint, "no version matches '%s'", requested);
}

/* What latest, release or a range means. A SNAPSHOT can be refused by its build: then the next one below it
 * is asked. */
static ResolvedVersion *resolve_listed(Repository *repository, const Coordinate *coordinate,
                                       const char *requested, const char *const *refuse, GError **error) {
    g_autofree char *folder = coordinate_folder(coordinate);
    g_autoptr(Metadata) metadata = read_metadata(repository, folder, error);
    if (metadata == NULL)
        return NULL;
    g_autoptr(GStrvBuilder) refused = g_strv_builder_new();
    if (refuse != NULL)
        g_strv_builder_addv(refused, (const char **)refuse);
    for (;;) {
        g_auto(GStrv) refused_now = g_strv_builder_end(refused);
        const char *chosen = metadata_choose(metadata, requested, (const char *const *)refused_now);
        if (chosen == NULL) {
            set_no_version(metadata, requested, error);
            return NULL;
        }
        if (!version_is_snapshot(chosen))
            return resolved_new(coordinate, chosen, chosen);
        g_autoptr(ResolvedVersion) snapshot = resolve_snapshot(repository, coordinate, chosen, error);
        if (snapshot == NULL || !g_strv_contains((const char *const *)refused_now, snapshot->resolved))
            return g_steal_pointer(&snapshot);
        g_strv_builder_addv(refused, (const char **)refused_now);
        g_strv_builder_add(refused, chosen);
    }
}

static ResolvedVersion *resolve(Repository *repository, const Coordinate *coordinate, const char *requested,
                                const char *const *refuse, GError **error) {
    const char *why = NULL;
    if (!version_request_is_valid(requested, &why)) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' is no version: %s", requested, why);
        return NULL;
    }
    switch (version_request_kind(requested)) {
    case VERSION_EXACT:
        return resolve_exact(coordinate, requested);
    case VERSION_SNAPSHOT:
        return resolve_snapshot(repository, coordinate, requested, error);
    case VERSION_RANGE:
    case VERSION_LATEST:
    case VERSION_RELEASE:
        return resolve_listed(repository, coordinate, requested, refuse, error);
    case VERSION_PROMOTED:
        break;
    }
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, "'sluice promote' puts it into the lock",
              "a promoted version is in no repository");
    return NULL;
}

ResolvedVersion *repository_resolve(Repository *repository, const Coordinate *coordinate,
                                    const char *requested, const char *const *refuse, GError **error) {
    ResolvedVersion *resolved = resolve(repository, coordinate, requested, refuse, error);
    if (resolved == NULL) {
        g_autofree char *text = coordinate_to_text(coordinate);
        g_prefix_error(error, "cannot resolve %s in repository '%s': ", text, repository_id(repository));
    }
    return resolved;
}
