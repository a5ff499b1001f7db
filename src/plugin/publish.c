/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/publish.h"

#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "plugin/archive_reader.h"
#include "plugin/checksum.h"
#include "plugin/coordinate.h"
#include "plugin/metadata.h"
#include "plugin/pom.h"
#include "plugin/transfer.h"
#include "plugin/version.h"

#define METADATA_LIMIT ((gsize)8 * 1024 * 1024)
#define POM_LIMIT ((gsize)4 * 1024 * 1024)

typedef struct {
    Repository *repository;
    const PublishRequest *request;
    Coordinate *coordinate;
    char *version;
    char *resolved;
    char *updated;      /* 20260131120000 */
    Metadata *snapshot; /* of a SNAPSHOT; else NULL */
    Pom *pom;
    char *sha256;
    bool existed;
} Publish;

static void publish_clear(Publish *publish) {
    coordinate_free(publish->coordinate);
    metadata_free(publish->snapshot);
    pom_free(publish->pom);
    g_free(publish->version);
    g_free(publish->resolved);
    g_free(publish->updated);
    g_free(publish->sha256);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Publish, publish_clear)

void published_free(Published *published) {
    if (published == NULL)
        return;
    g_free(published->maven);
    g_free(published->version);
    g_free(published->resolved);
    g_free(published->path);
    g_free(published->sha256);
    g_free(published);
}

static void tell(const Publish *publish, const char *what) {
    if (publish->request->progress != NULL)
        publish->request->progress(what, publish->request->user_data);
}

static const char *extension_of(const char *file) {
    static const char *const extensions[] = {"tar.gz", "tgz", "zip", "jar"};
    for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
        g_autofree char *suffix = g_strconcat(".", extensions[i], NULL);
        if (g_str_has_suffix(file, suffix))
            return extensions[i];
    }
    return NULL;
}

static bool read_pom(Publish *publish, GError **error) {
    const PublishRequest *request = publish->request;
    g_autoptr(GError) problem = NULL;
    if (request->pom != NULL) {
        g_autoptr(GBytes) text = files_read(request->pom, POM_LIMIT, error);
        publish->pom = text != NULL ? pom_parse(text, request->pom, error) : NULL;
        return publish->pom != NULL;
    }
    publish->pom = pom_find(request->file, &problem);
    if (problem == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool fail_coordinates(const char *message, GError **error) {
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT,
              "say them: --maven group:artifact --version 1.4.2, or name a POM: --pom FILE", "%s", message);
    return false;
}

static bool set_coordinate(Publish *publish, GError **error) {
    const PublishRequest *request = publish->request;
    const Pom *pom = publish->pom;
    const char *why = NULL;
    const char *extension = extension_of(request->file);
    if (request->maven == NULL && (pom == NULL || pom->group == NULL || pom->artifact == NULL))
        return fail_coordinates("its POM does not say group and artifact, or it has none", error);
    if (extension == NULL) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "it is no jar, zip, tar.gz or tgz");
        return false;
    }
    g_autofree char *text = request->maven != NULL
                                ? g_strdup(request->maven)
                                : g_strconcat(pom->group, ":", pom->artifact, ":", extension, NULL);
    publish->coordinate = coordinate_parse(text, &why);
    if (publish->coordinate != NULL && (strchr(text, ':') == strrchr(text, ':'))) {
        g_free(publish->coordinate->extension);
        publish->coordinate->extension = g_strdup(extension);
    }
    if (publish->coordinate != NULL)
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' are no coordinates: %s", text, why);
    return false;
}

static bool set_version(Publish *publish, GError **error) {
    const char *version = publish->request->version;
    if (version == NULL && publish->pom != NULL)
        version = publish->pom->version;
    if (version == NULL)
        return fail_coordinates("its POM does not say the version, or it has none", error);
    VersionRequestKind kind = version_request_kind(version);
    if (!version_is_valid(version) || (kind != VERSION_EXACT && kind != VERSION_SNAPSHOT)) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' is no version to publish", version);
        return false;
    }
    publish->version = g_strdup(version);
    return true;
}

static bool differs(const char *said, const char *wanted) {
    return said != NULL && !g_str_equal(said, wanted);
}

static const char *or_unsaid(const char *text) {
    return text != NULL ? text : "?";
}

/* Maven trusts the POM: one of other coordinates would be resolved and then refused. */
static bool check_pom(Publish *publish, GError **error) {
    const Pom *pom = publish->pom;
    const Coordinate *coordinate = publish->coordinate;
    if (pom == NULL) {
        publish->pom = pom_make(coordinate, publish->version);
        return true;
    }
    if (!differs(pom->group, coordinate->group) && !differs(pom->artifact, coordinate->artifact) &&
        !differs(pom->version, publish->version))
        return true;
    g_autofree char *text = coordinate_to_text(coordinate);
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, "name the right POM: --pom FILE",
              "its POM is of %s:%s:%s, not of %s:%s", or_unsaid(pom->group), or_unsaid(pom->artifact),
              or_unsaid(pom->version), text, publish->version);
    return false;
}

static char *time_text(const char *format) {
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return g_date_time_format(now, format);
}

/* The metadata of a folder, empty where there is none yet. */
static Metadata *read_metadata(const Publish *publish, const char *path, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = transfer_read(publish->repository, path, METADATA_LIMIT, &problem);
    if (g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND))
        return metadata_new();
    if (bytes == NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return metadata_parse(text != NULL ? text : "", length, path, error);
}

/* The path of maven-metadata.xml, of the artifact or (`version` not NULL) of a SNAPSHOT. */
static char *metadata_path(const Publish *publish, const char *version) {
    g_autofree char *folder = coordinate_folder(publish->coordinate);
    return g_strconcat(folder, "/", version != NULL ? version : "", version != NULL ? "/" : "",
                       COORDINATE_METADATA, NULL);
}

/* A SNAPSHOT's build is the next number at this second. */
static bool number_build(Publish *publish, GError **error) {
    g_autofree char *path = metadata_path(publish, publish->version);
    Metadata *metadata = publish->snapshot = read_metadata(publish, path, error);
    if (metadata == NULL)
        return false;
    g_free(metadata->timestamp);
    metadata->timestamp = time_text("%Y%m%d.%H%M%S");
    metadata->build_number++;
    g_autofree char *base = g_strndup(publish->version, strlen(publish->version) - strlen("SNAPSHOT"));
    publish->resolved = g_strdup_printf("%s%s-%u", base, metadata->timestamp, metadata->build_number);
    const Coordinate *coordinate = publish->coordinate;
    metadata_set_file(metadata, coordinate->extension, coordinate->classifier, publish->resolved,
                      publish->updated);
    metadata_set_file(metadata, "pom", NULL, publish->resolved, publish->updated);
    return true;
}

static bool prepare(Publish *publish, GError **error) {
    publish->updated = time_text("%Y%m%d%H%M%S");
    publish->sha256 = hash_file(HASH_SHA256, publish->request->file, error);
    if (publish->sha256 == NULL || !read_pom(publish, error) || !set_coordinate(publish, error) ||
        !set_version(publish, error) || !check_pom(publish, error))
        return false;
    if (version_is_snapshot(publish->version))
        return number_build(publish, error);
    publish->resolved = g_strdup(publish->version);
    return true;
}

/* Whether something is at `path`; its SHA-256 in *sha256. */
static bool look(const Publish *publish, const char *path, char **sha256, GError **error) {
    g_autoptr(GError) problem = NULL;
    *sha256 = transfer_hash(publish->repository, path, &problem);
    if (problem == NULL || g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool check_there(Publish *publish, const char *path, GError **error) {
    g_autofree char *there = NULL;
    if (!look(publish, path, &there, error))
        return false;
    publish->existed = there != NULL;
    if (there == NULL || g_str_equal(there, publish->sha256))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_EXISTS, "raise the version",
              "version %s is in repository '%s' already, with other bytes", publish->version,
              repository_id(publish->repository));
    return false;
}

static bool put_text(const Publish *publish, const char *path, const char *text, GError **error) {
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    return transfer_put(publish->repository, path, bytes, error);
}

/* Writes the four digests of what is at `path`: of `file`, or of `bytes` where that is NULL. */
static bool put_checksums(const Publish *publish, const char *path, GBytes *bytes, const char *file,
                          GError **error) {
    gsize length = 0;
    const void *data = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
    for (gsize i = 0; i < CHECKSUM_COUNT; i++) {
        g_autofree char *beside = g_strconcat(path, checksums[i].suffix, NULL);
        g_autofree char *digest = file != NULL ? hash_file(checksums[i].kind, file, error)
                                               : hash_bytes(checksums[i].kind, data, length);
        if (digest == NULL || !put_text(publish, beside, digest, error))
            return false;
    }
    return true;
}

static bool put_bytes(const Publish *publish, const char *path, GBytes *bytes, GError **error) {
    return transfer_put(publish->repository, path, bytes, error) &&
           put_checksums(publish, path, bytes, NULL, error);
}

static bool has_checksums(const Publish *publish, const char *path, bool *has, GError **error) {
    *has = true;
    for (gsize i = 0; *has && i < CHECKSUM_COUNT; i++) {
        g_autofree char *beside = g_strconcat(path, checksums[i].suffix, NULL);
        g_autofree char *there = NULL;
        if (!look(publish, beside, &there, error))
            return false;
        *has = there != NULL;
    }
    return true;
}

/* An upload that was cut off is completed: what is there already is not written again. */
static bool put_artifact(const Publish *publish, const char *path, GError **error) {
    bool has = false;
    if (publish->existed && !has_checksums(publish, path, &has, error))
        return false;
    if (!publish->existed && !transfer_put_file(publish->repository, path, publish->request->file, error))
        return false;
    return has || put_checksums(publish, path, NULL, publish->request->file, error);
}

static bool put_pom(const Publish *publish, GError **error) {
    g_autoptr(Coordinate) coordinate = coordinate_sibling(publish->coordinate, "pom");
    g_autofree char *path = coordinate_path(coordinate, publish->version, publish->resolved);
    g_autofree char *there = NULL;
    if (!look(publish, path, &there, error))
        return false;
    return there != NULL || put_bytes(publish, path, publish->pom->text, error);
}

static bool put_metadata(const Publish *publish, const Metadata *metadata, const char *version,
                         GError **error) {
    g_autofree char *path = metadata_path(publish, version);
    char *text = metadata_format(metadata, publish->coordinate, version, publish->updated);
    g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
    return put_bytes(publish, path, bytes, error);
}

/* Last, so that nobody is told of what is not there yet. */
static bool list_version(const Publish *publish, GError **error) {
    if (publish->snapshot != NULL && !put_metadata(publish, publish->snapshot, publish->version, error))
        return false;
    g_autofree char *path = metadata_path(publish, NULL);
    g_autoptr(Metadata) metadata = read_metadata(publish, path, error);
    if (metadata == NULL)
        return false;
    guint before = metadata->versions->len;
    metadata_add_version(metadata, publish->version);
    bool is_new = metadata->versions->len > before;
    return (!is_new && publish->snapshot == NULL) || put_metadata(publish, metadata, NULL, error);
}

static bool verify(const Publish *publish, const char *path, GError **error) {
    g_autofree char *there = transfer_hash(publish->repository, path, error);
    if (there == NULL)
        return false;
    if (g_str_equal(there, publish->sha256))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY,
              "is something between us and it that changes files?",
              "'%s' is not what was uploaded: its SHA-256 is %s, not %s", path, there, publish->sha256);
    return false;
}

static bool upload(Publish *publish, const char *path, GError **error) {
    bool is_release = publish->snapshot == NULL;
    if (is_release && !check_there(publish, path, error))
        return false;
    tell(publish, path);
    return put_artifact(publish, path, error) && verify(publish, path, error) && put_pom(publish, error) &&
           list_version(publish, error);
}

static Published *describe(const Publish *publish, const char *path) {
    Published *published = g_new0(Published, 1);
    published->maven = coordinate_to_text(publish->coordinate);
    published->version = g_strdup(publish->version);
    published->resolved = g_strdup(publish->resolved);
    published->path = g_strdup(path);
    published->sha256 = g_strdup(publish->sha256);
    published->existed = publish->existed;
    return published;
}

static Published *run(Publish *publish, GError **error) {
    if (!prepare(publish, error))
        return NULL;
    g_autofree char *path = coordinate_path(publish->coordinate, publish->version, publish->resolved);
    return upload(publish, path, error) ? describe(publish, path) : NULL;
}

Published *plugin_publish(Repository *repository, const PublishRequest *request, GError **error) {
    g_auto(Publish) publish = {.repository = repository, .request = request};
    repository_set_direct(repository);
    repository_set_cancellable(repository, request->cancellable);
    Published *published = run(&publish, error);
    if (published == NULL)
        g_prefix_error(error, "cannot publish '%s': ", request->file);
    return published;
}
