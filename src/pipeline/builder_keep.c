/* SPDX-License-Identifier: Apache-2.0 */
/* Built artifacts beyond their checkout: DATA/artifacts/SHA256/NAME, NAME.pom, NAME.json; and published. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "pipeline/builder.h"
#include "plugin/names.h"
#include "plugin/pom.h"

#define RECORD_FORMAT "sluice.artifact/1"
#define RECORD_LIMIT ((gsize)64 * 1024)
#define POM_LIMIT ((gsize)4 * 1024 * 1024)
#define PIECE (256 * 1024)

static bool fail_errno(const char *path, GError **error) {
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "cannot keep '%s': %s", path,
              g_strerror(errno));
    return false;
}

static char *folder_of(const char *data, const char *sha256) {
    return g_build_filename(data, "artifacts", sha256, NULL);
}

static bool has_bytes(const char *path, const char *sha256) {
    g_autofree char *there = hash_file(HASH_SHA256, path, NULL);
    return g_strcmp0(there, sha256) == 0;
}

/* --- Copying -------------------------------------------------------------------------------------------- */

static bool write_piece(int to, const guint8 *piece, gsize length) {
    while (length > 0) {
        ssize_t written = TEMP_FAILURE_RETRY(write(to, piece, length));
        if (written < 0)
            return false;
        piece += written;
        length -= (gsize)written;
    }
    return true;
}

/* Copies all bytes to the disk; *sha256 is of those that were copied. */
static bool pour(int from, int to, char **sha256) {
    g_autoptr(Hash) hash = hash_new(HASH_SHA256);
    g_autofree guint8 *piece = g_malloc(PIECE);
    for (;;) {
        ssize_t length = TEMP_FAILURE_RETRY(read(from, piece, PIECE));
        if (length < 0 || (length > 0 && !write_piece(to, piece, (gsize)length)))
            return false;
        if (length == 0)
            break;
        hash_update(hash, piece, (gsize)length);
    }
    *sha256 = hash_finish(hash);
    return fsync(to) == 0;
}

static bool check_bytes(const BuiltArtifact *artifact, const char *copied, GError **error) {
    if (g_str_equal(copied, artifact->sha256))
        return true;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED,
              "does the build leave something running? build it again", "'%s' changed after it was built",
              artifact->file);
    return false;
}

/* Copies the artifact's file to the open `to`, named `temporary`, and gives it its name. */
static bool copy_to(const BuiltArtifact *artifact, int to, const char *temporary, const char *path,
                    GError **error) {
    g_autofree char *copied = NULL;
    int from = open(artifact->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool poured = from >= 0 && pour(from, to, &copied);
    if (!poured)
        fail_errno(artifact->file, error);
    if (from >= 0)
        close(from);
    return poured && check_bytes(artifact, copied, error) &&
           (rename(temporary, path) == 0 || fail_errno(path, error));
}

static bool copy_file(const BuiltArtifact *artifact, const char *path, GError **error) {
    if (has_bytes(path, artifact->sha256))
        return true;
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    int to = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0644);
    if (to < 0)
        return fail_errno(path, error);
    bool copied = copy_to(artifact, to, temporary, path, error);
    close(to);
    if (!copied)
        unlink(temporary);
    return copied;
}

static bool sync_folder(const char *folder, GError **error) {
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    if (!synced)
        fail_errno(folder, error);
    if (descriptor >= 0)
        close(descriptor);
    return synced;
}

/* --- Keeping -------------------------------------------------------------------------------------------- */

static GBytes *pom_text(const BuiltArtifact *artifact, const Coordinate *coordinate, GError **error) {
    if (artifact->pom != NULL)
        return files_read(artifact->pom, POM_LIMIT, error);
    g_autoptr(Pom) made = pom_make(coordinate, artifact->version);
    return g_bytes_ref(made->text);
}

static bool write_pom(const BuiltArtifact *artifact, const Coordinate *coordinate, const char *path,
                      GError **error) {
    g_autoptr(GBytes) text = pom_text(artifact, coordinate, error);
    gsize length = 0;
    const char *data = text != NULL ? g_bytes_get_data(text, &length) : NULL;
    return text != NULL && files_write(path, data != NULL ? data : "", length, 0644, error);
}

static bool write_record(const BuiltArtifact *artifact, const char *path, GError **error) {
    g_autoptr(json_t) record =
        json_pack("{s:s, s:s, s:s, s:I}", "format", RECORD_FORMAT, "maven", artifact->maven, "version",
                  artifact->version, "size", (json_int_t)artifact->size);
    g_autofree char *text = json_pretty(record);
    return files_write(path, text, strlen(text), 0644, error);
}

/* The record last: what it describes is there then. */
static bool keep_all(const BuiltArtifact *artifact, const Coordinate *coordinate, const char *folder,
                     const char *file, GError **error) {
    g_autofree char *pom = g_strconcat(file, ".pom", NULL);
    g_autofree char *record = g_strconcat(file, ".json", NULL);
    g_autofree char *above = g_path_get_dirname(folder);
    return files_make_folder(folder, error) && copy_file(artifact, file, error) &&
           write_pom(artifact, coordinate, pom, error) && write_record(artifact, record, error) &&
           sync_folder(folder, error) && sync_folder(above, error);
}

/* By its coordinates: what the build called it is a stranger's word. */
static char *name_of(const Coordinate *coordinate, const char *version) {
    return g_strconcat(coordinate->artifact, "-", version, coordinate->classifier != NULL ? "-" : "",
                       coordinate->classifier != NULL ? coordinate->classifier : "", ".",
                       coordinate->extension, NULL);
}

static void point_to(BuiltArtifact *artifact, const char *file) {
    g_free(artifact->file);
    g_free(artifact->pom);
    artifact->file = g_strdup(file);
    artifact->pom = g_strconcat(file, ".pom", NULL);
}

bool builder_keep(BuiltArtifact *artifact, const char *data, GError **error) {
    g_autoptr(Coordinate) coordinate = coordinate_parse(artifact->maven, NULL);
    g_return_val_if_fail(coordinate != NULL, false);
    g_autofree char *folder = folder_of(data, artifact->sha256);
    g_autofree char *name = name_of(coordinate, artifact->version);
    g_autofree char *file = g_build_filename(folder, name, NULL);
    if (!keep_all(artifact, coordinate, folder, file, error))
        return false;
    point_to(artifact, file);
    return true;
}

/* --- Finding again -------------------------------------------------------------------------------------- */

static BuiltArtifact *fail_kept(const char *name, const char *why, GError **error) {
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, "build it again",
              "the built '%s' is not kept: %s", name, why);
    return NULL;
}

static BuiltArtifact *read_record(const char *path, const char *sha256, GError **error) {
    g_autoptr(json_t) record = json_read_file(path, RECORD_LIMIT, error);
    if (record == NULL)
        return NULL;
    const char *maven = json_get_string(record, "maven"), *version = json_get_string(record, "version");
    g_autoptr(Coordinate) coordinate = maven != NULL ? coordinate_parse(maven, NULL) : NULL;
    if (coordinate == NULL || version == NULL ||
        g_strcmp0(json_get_string(record, "format"), RECORD_FORMAT) != 0) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "'%s' is no record of an artifact",
                  path);
        return NULL;
    }
    BuiltArtifact *artifact = g_new0(BuiltArtifact, 1);
    artifact->maven = g_strdup(maven);
    artifact->version = g_strdup(version);
    artifact->sha256 = g_strdup(sha256);
    artifact->size = (guint64)json_get_integer(record, "size", 0);
    return artifact;
}

BuiltArtifact *builder_kept(const char *data, const char *sha256, const char *name, GError **error) {
    if (!hex_is_valid(sha256, 64) || !path_is_contained(name) || strchr(name, '/') != NULL)
        return fail_kept(name, "it is no name of one", error);
    g_autofree char *folder = folder_of(data, sha256);
    g_autofree char *file = g_build_filename(folder, name, NULL);
    g_autofree char *record = g_strconcat(file, ".json", NULL);
    g_autoptr(GError) cause = NULL;
    g_autoptr(BuiltArtifact) artifact = read_record(record, sha256, &cause);
    if (artifact == NULL)
        return fail_kept(name, cause->message, error);
    point_to(artifact, file);
    if (!has_bytes(file, sha256))
        return fail_kept(name, "its bytes are not there, or others", error);
    if (!g_file_test(artifact->pom, G_FILE_TEST_IS_REGULAR))
        return fail_kept(name, "its POM is not there", error);
    return g_steal_pointer(&artifact);
}

/* --- Publishing ----------------------------------------------------------------------------------------- */

static const RepositorySpec *only_repository(const GPtrArray *repositories, GError **error) {
    if (repositories->len == 1)
        return repositories->pdata[0];
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, "name it in sluice.yaml: repository: ID",
              repositories->len == 0 ? "there is no repository to publish to"
                                     : "there are several repositories to publish to");
    return NULL;
}

static const RepositorySpec *find_repository(const GPtrArray *repositories, const char *id, GError **error) {
    if (id == NULL)
        return only_repository(repositories, error);
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (guint i = 0; i < repositories->len; i++) {
        const RepositorySpec *spec = repositories->pdata[i];
        if (g_str_equal(spec->id, id))
            return spec;
        g_ptr_array_add(ids, spec->id);
    }
    g_ptr_array_add(ids, NULL);
    g_autofree char *hint = diagnostics_did_you_mean(id, (const char *const *)ids->pdata);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID, hint, "there is no repository '%s'", id);
    return NULL;
}

static void tell(const char *what, gpointer log) {
    run_log_line(log, "uploading %s", what);
}

static Published *fail_publish(const BuiltArtifact *artifact, const RepositorySpec *spec, GError *cause,
                               GError **error) {
    if (!g_error_matches(cause, PLUGIN_ERROR, PLUGIN_ERROR_EXISTS)) {
        g_propagate_prefixed_error(error, cause, "cannot publish to '%s': ", spec->id);
        return NULL;
    }
    g_error_free(cause);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, "raise the version in the POM",
              "%s of %s is in the repository '%s' with other bytes", artifact->version, artifact->maven,
              spec->id);
    return NULL;
}

static Published *publish(const BuiltArtifact *artifact, const RepositorySpec *spec, RunLog *log,
                          GCancellable *cancellable, GError **error) {
    g_autoptr(Repository) repository = repository_open(spec, error);
    if (repository == NULL)
        return NULL;
    run_log_line(log, "publishing %s %s to '%s', %s", artifact->maven, artifact->version, spec->id,
                 repository_url(repository));
    const PublishRequest request = {
        .file = artifact->file,
        .pom = artifact->pom,
        .maven = artifact->maven,
        .version = artifact->version,
        .progress = tell,
        .user_data = log,
        .cancellable = cancellable,
    };
    GError *cause = NULL;
    Published *published = plugin_publish(repository, &request, &cause);
    return published != NULL ? published : fail_publish(artifact, spec, cause, error);
}

static void mask_credentials(RunLog *log, const RepositorySpec *spec) {
    const char *const secrets[] = {spec->password, spec->token};
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
        if (secrets[i] != NULL)
            run_log_mask(log, secrets[i]);
}

bool builder_publish(const BuiltArtifact *artifact, const GPtrArray *repositories, const char *repository_id,
                     RunLog *log, GCancellable *cancellable, Published **out, GError **error) {
    const RepositorySpec *spec = find_repository(repositories, repository_id, error);
    if (spec == NULL)
        return false;
    mask_credentials(log, spec);
    g_autoptr(Published) published = publish(artifact, spec, log, cancellable, error);
    if (published == NULL)
        return false;
    run_log_line(log, published->existed ? "it is there already, byte for byte: %s" : "published as %s",
                 published->resolved);
    if (out != NULL)
        *out = g_steal_pointer(&published);
    return true;
}
