/* SPDX-License-Identifier: Apache-2.0 */
/* What a build made: its file, its version and its POM. */
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "pipeline/builder_private.h"
#include "plugin/pom.h"
#include "plugin/version.h"

#define POM_LIMIT ((gsize)4 * 1024 * 1024)
#define FLATTENED_POM ".flattened-pom.xml" /* as Maven's flatten plugin names it, beside the POM */
#define ARTIFACT_LIMIT ((guint64)4 * 1024 * 1024 * 1024)
#define ARTIFACT_HINT "say which file it is in " BUILD_FILE ": build: { artifact: \"…\" }"

static Pom *read_pom(const char *folder, const char *path, GError **error) {
    g_autofree char *found = build_file_find(folder, path);
    if (found == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, NULL,
                  "there is no file '%s' in the checkout", path);
        return NULL;
    }
    g_autoptr(GBytes) text = files_read(found, POM_LIMIT, error);
    return text != NULL ? pom_parse(text, path, error) : NULL;
}

static bool differs(const char *said, const char *wanted) {
    return said != NULL && !g_str_equal(said, wanted);
}

bool builder_check_pom(const char *folder, const BuildFile *build, const Coordinate *coordinate,
                       GError **error) {
    if (build->pom == NULL)
        return true;
    g_autoptr(Pom) pom = read_pom(folder, build->pom, error);
    if (pom == NULL)
        return false;
    if (!differs(pom->group, coordinate->group) && !differs(pom->artifact, coordinate->artifact))
        return true;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID,
              "make them the same in sluice.yaml and the POM, or name another POM in " BUILD_FILE,
              "%s is of %s:%s, but sluice.yaml builds %s:%s", build->pom,
              pom->group != NULL ? pom->group : "?", pom->artifact != NULL ? pom->artifact : "?",
              coordinate->group, coordinate->artifact);
    return false;
}

/* --- Its version ---------------------------------------------------------------------------------------- */

/* ARTIFACT-VERSION[-CLASSIFIER].EXTENSION → VERSION; NULL for another name. */
static char *version_in_name(const Coordinate *coordinate, const char *name) {
    g_autofree char *prefix = g_strconcat(coordinate->artifact, "-", NULL);
    g_autofree char *suffix = coordinate->classifier != NULL
                                  ? g_strconcat("-", coordinate->classifier, ".", coordinate->extension, NULL)
                                  : g_strconcat(".", coordinate->extension, NULL);
    gsize around = strlen(prefix) + strlen(suffix);
    if (!g_str_has_prefix(name, prefix) || !g_str_has_suffix(name, suffix) || strlen(name) <= around)
        return NULL;
    return g_strndup(name + strlen(prefix), strlen(name) - around);
}

/* The most reliable first: what Maven wrote into the jar, what the POM says itself, what the file is called.
 * *version is NULL where nothing says it. */
static bool find_version(const Coordinate *coordinate, const Pom *pom, const char *file, char **version,
                         GError **error) {
    g_autofree char *name = g_path_get_basename(file);
    if (!pom_built_version(file, coordinate, version, error))
        return false;
    if (*version == NULL && pom != NULL)
        *version = g_strdup(pom->version);
    if (*version == NULL)
        *version = version_in_name(coordinate, name);
    return true;
}

static bool version_can_be_published(const char *version) {
    VersionRequestKind kind = version_request_kind(version);
    return version_is_valid(version) && (kind == VERSION_EXACT || kind == VERSION_SNAPSHOT);
}

/* --- Its file ------------------------------------------------------------------------------------------- */

/* Whether a file is what builds make beside an artifact, by the end of its name. */
static bool is_companion(const Coordinate *coordinate, const char *file) {
    static const char *const classifiers[] = {"-sources", "-javadoc", "-tests", "-test-sources"};
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *version = version_in_name(coordinate, name);
    for (gsize i = 0; version != NULL && i < G_N_ELEMENTS(classifiers); i++)
        if (g_str_has_suffix(version, classifiers[i]))
            return true;
    return false;
}

/* Whether a file of the default pattern is the artifact: its name has its version and nothing more. */
static bool is_artifact(const Coordinate *coordinate, const char *file, const char *version) {
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *named = version_in_name(coordinate, name);
    return named != NULL && g_strcmp0(named, version) == 0;
}

static GPtrArray *matching_files(const char *folder, const char *pattern, GError **error) {
    g_autofree char *below = g_path_get_dirname(pattern);
    g_autofree char *name_pattern = g_path_get_basename(pattern);
    g_autofree char *listed = g_build_filename(folder, below, NULL);
    g_auto(GStrv) names = files_list(listed, error);
    if (names == NULL)
        return NULL;
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(below, *name, NULL);
        char *found = g_pattern_match_simple(name_pattern, *name) ? build_file_find(folder, path) : NULL;
        if (found != NULL)
            g_ptr_array_add(files, found);
    }
    return files;
}

static BuiltArtifact *artifact_new(const char *maven, const char *file, const char *version) {
    BuiltArtifact *artifact = g_new0(BuiltArtifact, 1);
    artifact->maven = g_strdup(maven);
    artifact->file = g_strdup(file);
    artifact->version = g_strdup(version);
    return artifact;
}

static void free_artifact(gpointer artifact) {
    built_artifact_free(artifact);
}

/* BuiltArtifact: those files that can be meant. */
static GPtrArray *find_candidates(const BuildRequest *request, const BuildFile *build,
                                  const Coordinate *coordinate, const Pom *pom, GError **error) {
    g_autoptr(GPtrArray) files = matching_files(request->folder, build->artifact, error);
    g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func(free_artifact);
    for (guint i = 0; files != NULL && i < files->len; i++) {
        const char *file = files->pdata[i];
        g_autofree char *version = NULL;
        if (!build->artifact_said && is_companion(coordinate, file))
            continue;
        if (!find_version(coordinate, pom, file, &version, error))
            return NULL;
        if (build->artifact_said || is_artifact(coordinate, file, version))
            g_ptr_array_add(candidates, artifact_new(request->maven, file, version));
    }
    return files != NULL ? g_steal_pointer(&candidates) : NULL;
}

static bool fail_several(const GPtrArray *candidates, GError **error) {
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < candidates->len; i++) {
        const BuiltArtifact *candidate = candidates->pdata[i];
        g_autofree char *name = g_path_get_basename(candidate->file);
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", name);
    }
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, ARTIFACT_HINT,
              "the build made several files that could be the artifact: %s", names->str);
    return false;
}

static bool check_only_one(const GPtrArray *candidates, const BuildFile *build, GError **error) {
    if (candidates->len > 1)
        return fail_several(candidates, error);
    if (candidates->len == 0) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, ARTIFACT_HINT, "the build made no '%s'",
                  build->artifact);
        return false;
    }
    const BuiltArtifact *artifact = candidates->pdata[0];
    if (artifact->version != NULL && version_can_be_published(artifact->version))
        return true;
    g_autofree char *name = g_path_get_basename(artifact->file);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID,
              "a version is said by the POM, or by the file's name: ARTIFACT-VERSION.EXTENSION",
              "cannot tell the version of '%s'%s%s", name, artifact->version != NULL ? ": it says " : "",
              artifact->version != NULL ? artifact->version : "");
    return false;
}

/* --- Its POM -------------------------------------------------------------------------------------------- */

static bool is_of(const Pom *pom, const Coordinate *coordinate, const char *version) {
    return g_strcmp0(pom->group, coordinate->group) == 0 &&
           g_strcmp0(pom->artifact, coordinate->artifact) == 0 && g_strcmp0(pom->version, version) == 0;
}

/* Maven can resolve nothing by a POM that leaves its coordinates to Maven: such a one is published only as
 * the flatten plugin wrote it. */
static char *find_pom(const BuildRequest *request, const BuildFile *build, const Coordinate *coordinate,
                      const char *version) {
    g_autofree char *folder = build->pom != NULL ? g_path_get_dirname(build->pom) : NULL;
    g_autofree char *flattened = folder != NULL ? g_build_filename(folder, FLATTENED_POM, NULL) : NULL;
    const char *const paths[] = {flattened, build->pom};
    for (gsize i = 0; i < G_N_ELEMENTS(paths) && paths[i] != NULL; i++) {
        g_autoptr(Pom) pom = read_pom(request->folder, paths[i], NULL);
        if (pom != NULL && is_of(pom, coordinate, version))
            return build_file_find(request->folder, paths[i]);
    }
    if (build->pom != NULL)
        run_log_line(request->log,
                     "%s does not say %s itself: the POM that is published has nothing but the coordinates "
                     "(Maven's flatten plugin makes a better one)",
                     build->pom, version);
    return NULL;
}

static bool measure(BuiltArtifact *artifact, GError **error) {
    struct stat information;
    bool is_there = stat(artifact->file, &information) == 0;
    if (is_there && (guint64)information.st_size > ARTIFACT_LIMIT) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, NULL, "'%s' is larger than 4 GiB",
                  artifact->file);
        return false;
    }
    artifact->size = is_there ? (guint64)information.st_size : 0;
    artifact->sha256 = hash_file(HASH_SHA256, artifact->file, error);
    return artifact->sha256 != NULL;
}

BuiltArtifact *builder_find(const BuildRequest *request, const BuildFile *build, const Coordinate *coordinate,
                            GError **error) {
    g_autoptr(Pom) pom = NULL;
    if (build->pom != NULL) {
        pom = read_pom(request->folder, build->pom, error);
        if (pom == NULL)
            return NULL;
    }
    g_autoptr(GPtrArray) candidates = find_candidates(request, build, coordinate, pom, error);
    if (candidates == NULL || !check_only_one(candidates, build, error))
        return NULL;
    g_autoptr(BuiltArtifact) artifact = g_ptr_array_steal_index(candidates, 0);
    artifact->pom = find_pom(request, build, coordinate, artifact->version);
    if (!measure(artifact, error))
        return NULL;
    run_log_line(request->log, "built %s %s, %" G_GUINT64_FORMAT " bytes, SHA-256 %s", artifact->maven,
                 artifact->version, artifact->size, artifact->sha256);
    return g_steal_pointer(&artifact);
}
