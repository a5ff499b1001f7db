/* SPDX-License-Identifier: Apache-2.0 */
/* From what the declarations ask for to what the lock says. */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "plugin/archive_reader.h"
#include "plugin/checksum.h"
#include "plugin/coordinate.h"
#include "plugin/lock.h"
#include "plugin/manifest.h"
#include "plugin/sources.h"
#include "plugin/tasks.h"
#include "plugin/transfer.h"
#include "plugin/version.h"

enum { KEPT_VERSIONS = 3, SHORT_SHA = 12 };

/* A plugin that has to be resolved. */
typedef struct {
    const PluginRequest *request;
    const Lock *lock;
    char *file;                /* as the lock writes it; NULL: not of a file */
    const LockedVersion *kept; /* what stays, and is only checked; NULL: it is resolved */
    LockedVersion *found;
} Job;

typedef struct {
    const LockRequest *request;
    const char *cache;
    Sources *sources;
} Work;

static void job_free(gpointer data) {
    Job *job = data;
    g_free(job->file);
    locked_version_free(job->found);
    g_free(job);
}

/* A file below the root is locked relative to it, so that the lock is the same on every machine. */
static char *locked_file(const char *file, const char *root) {
    if (file == NULL)
        return NULL;
    g_autofree char *prefix = root != NULL ? g_strconcat(root, "/", NULL) : NULL;
    return g_strdup(prefix != NULL && g_str_has_prefix(file, prefix) ? file + strlen(prefix) : file);
}

static bool is_listed(const char *const *names, const char *name) {
    return names != NULL && g_strv_contains(names, name);
}

static bool is_promoted(const PluginRequest *request) {
    return request->version != NULL && version_request_kind(request->version) == VERSION_PROMOTED;
}

static bool is_held(const Lock *lock, const char *plugin, const LockedVersion *version) {
    return lock_holds(lock, plugin, version->version) || lock_holds(lock, plugin, version->resolved);
}

static bool same_source(const LockedPlugin *plugin, const PluginRequest *request, const char *file) {
    const LockedVersion *current = locked_plugin_current(plugin);
    bool other_repository =
        request->repository != NULL && g_strcmp0(request->repository, current->repository) != 0;
    return g_strcmp0(plugin->maven, request->maven) == 0 && g_strcmp0(plugin->url, request->url) == 0 &&
           g_strcmp0(plugin->file, file) == 0 && !other_repository;
}

bool locked_plugin_is_from(const LockedPlugin *plugin, const PluginRequest *request, const char *root) {
    g_autofree char *file = locked_file(request->file, root);
    return same_source(plugin, request, file);
}

bool locked_plugin_fits(const LockedPlugin *plugin, const PluginRequest *request) {
    if (request->version == NULL)
        return true;
    VersionRequestKind kind = version_request_kind(request->version);
    return kind == VERSION_LATEST || kind == VERSION_RELEASE || kind == VERSION_PROMOTED ||
           version_matches(request->version, locked_plugin_current(plugin)->version);
}

/* Whether what is locked is still what is asked for. */
static bool is_satisfied(const LockedPlugin *plugin, const PluginRequest *request, const char *file,
                         const Lock *lock) {
    const LockedVersion *current = locked_plugin_current(plugin);
    bool other_bytes = request->sha256 != NULL && !g_str_equal(request->sha256, current->sha256);
    return same_source(plugin, request, file) && g_strcmp0(plugin->requested, request->version) == 0 &&
           !other_bytes && !is_held(lock, plugin->name, current);
}

static bool needs_work(const LockRequest *request, const Lock *lock, const PluginRequest *asked,
                       const char *file) {
    const LockedPlugin *plugin = lock_find_plugin(lock, asked->name);
    if (is_promoted(asked))
        return false;
    return plugin == NULL || request->upgrade_all || is_listed(request->upgrade, asked->name) ||
           is_listed(request->unhold, asked->name) || !is_satisfied(plugin, asked, file, lock);
}

static void add_job(GPtrArray *jobs, const LockRequest *request, const Lock *lock,
                    const PluginRequest *asked) {
    g_autofree char *file = locked_file(asked->file, request->root);
    const LockedPlugin *plugin = lock_find_plugin(lock, asked->name);
    bool resolves = needs_work(request, lock, asked, file);
    if (!resolves && (plugin == NULL || asked->sha512 == NULL))
        return;
    Job *job = g_new0(Job, 1);
    job->request = asked;
    job->lock = lock;
    job->file = g_steal_pointer(&file);
    job->kept = resolves ? NULL : locked_plugin_current(plugin);
    g_ptr_array_add(jobs, job);
}

static GPtrArray *find_jobs(const LockRequest *request, const Lock *lock) {
    GPtrArray *jobs = g_ptr_array_new_with_free_func(job_free);
    for (guint i = 0; i < request->requests->len; i++)
        add_job(jobs, request, lock, request->requests->pdata[i]);
    return jobs;
}

static bool check_held(const Job *job, const LockedVersion *version, GError **error) {
    const Lock *lock = job->lock;
    for (guint i = 0; i < lock->holds->len; i++) {
        const LockHold *hold = lock->holds->pdata[i];
        bool is_it =
            g_str_equal(hold->plugin, job->request->name) &&
            (g_str_equal(hold->version, version->version) || g_str_equal(hold->version, version->resolved));
        if (!is_it)
            continue;
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_HELD, NULL, "version %s is held out of '%s': %s",
                  hold->version, lock->environment, hold->why);
        if (error != NULL)
            error_add_hint(*error, "let it in with 'sluice lock %s --unhold %s'", lock->environment,
                           hold->plugin);
        return false;
    }
    return true;
}

static GStrv held_versions(const Job *job) {
    g_autoptr(GStrvBuilder) held = g_strv_builder_new();
    for (guint i = 0; i < job->lock->holds->len; i++) {
        const LockHold *hold = job->lock->holds->pdata[i];
        if (g_str_equal(hold->plugin, job->request->name))
            g_strv_builder_add(held, hold->version);
    }
    return g_strv_builder_end(held);
}

static const char *repository_of(const Job *job, const LockRequest *request, GError **error) {
    if (job->request->repository != NULL)
        return job->request->repository;
    guint count = request->repositories != NULL ? request->repositories->len : 0;
    if (count == 1)
        return ((const RepositorySpec *)request->repositories->pdata[0])->id;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED,
              count == 0 ? "declare one in sluice.yaml under 'repositories:'"
                         : "say which with 'repository: ID' where the plugin is declared",
              count == 0 ? "no repository is declared" : "there are several repositories");
    return NULL;
}

/* The same artifact as one that is locked already: a release, or one build of a SNAPSHOT, never changes. */
static const LockedVersion *find_locked(const Job *job, const char *repository,
                                        const ResolvedVersion *resolved) {
    const LockedPlugin *plugin = lock_find_plugin(job->lock, job->request->name);
    bool may_change = version_is_snapshot(resolved->resolved);
    for (guint i = 0; plugin != NULL && !may_change && i < plugin->versions->len; i++) {
        const LockedVersion *version = plugin->versions->pdata[i];
        if (g_strcmp0(version->repository, repository) == 0 && g_str_equal(version->path, resolved->path) &&
            g_str_equal(version->resolved, resolved->resolved))
            return version;
    }
    return NULL;
}

static bool check_sha512(const PluginRequest *request, const char *file, GError **error) {
    if (request->sha512 == NULL)
        return true;
    g_autofree char *found = hash_file(HASH_SHA512, file, error);
    if (found == NULL)
        return false;
    if (g_str_equal(request->sha512, found))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY,
              "correct the declaration if you know why the artifact is another one",
              "its SHA-512 is %s, but %s is declared", found, request->sha512);
    return false;
}

static bool check_archive(const char *path, const char *file, GError **error) {
    if (archive_kind(path) == ARCHIVE_UNKNOWN) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, "give a zip its extension: group:artifact:zip",
                  "'%s' is no jar, zip, tar.gz or tgz", path);
        return false;
    }
    g_autoptr(Manifest) manifest = manifest_read(file, error);
    if (manifest == NULL)
        g_prefix_error(error, "'%s' was downloaded, but is no plugin: ", path);
    return manifest != NULL;
}

static LockedVersion *version_new(const char *version, const char *resolved, const char *repository,
                                  const char *path, const CachedFile *file) {
    LockedVersion *made = g_new0(LockedVersion, 1);
    made->version = g_strdup(version);
    made->resolved = g_strdup(resolved);
    made->repository = g_strdup(repository);
    made->path = g_strdup(path);
    made->size = file->size;
    made->sha256 = g_strdup(file->sha256);
    return made;
}

static CachedFile *download(const Job *job, const Work *work, const char *repository, const char *path,
                            GError **error) {
    CacheProgress progress = {job->request->name, work->request->progress, work->request->user_data};
    g_autoptr(CachedFile) file = sources_download(work->sources, repository, path, work->cache,
                                                  job->request->sha256, 0, &progress, error);
    return file != NULL && check_sha512(job->request, file->path, error) ? g_steal_pointer(&file) : NULL;
}

static LockedVersion *lock_downloaded(const Job *job, const Work *work, const char *repository,
                                      const ResolvedVersion *resolved, GError **error) {
    g_autoptr(CachedFile) file = download(job, work, repository, resolved->path, error);
    Repository *from = sources_repository(work->sources, repository, NULL);
    if (file == NULL || !checksum_verify(from, resolved->path, file->path, error) ||
        !check_archive(resolved->path, file->path, error))
        return NULL;
    return version_new(resolved->version, resolved->resolved, repository, resolved->path, file);
}

/* The version was taken at its word, and is not there. */
static void add_versions_hint(Repository *repository, const Coordinate *coordinate, GError *error) {
    g_autofree char *hint = g_error_matches(error, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND)
                                ? repository_describe_versions(repository, coordinate)
                                : NULL;
    if (hint != NULL)
        error_add_hint(error, "%s", hint);
}

static LockedVersion *resolve_maven(const Job *job, const Work *work, GError **error) {
    const char *why = NULL;
    g_autoptr(Coordinate) coordinate = coordinate_parse(job->request->maven, &why);
    if (coordinate == NULL) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' are no coordinates: %s",
                  job->request->maven, why);
        return NULL;
    }
    const char *id = repository_of(job, work->request, error);
    Repository *repository = id != NULL ? sources_repository(work->sources, id, error) : NULL;
    if (repository == NULL)
        return NULL;
    const char *requested = job->request->version != NULL ? job->request->version : "latest";
    g_auto(GStrv) held = held_versions(job);
    g_autoptr(ResolvedVersion) resolved =
        repository_resolve(repository, coordinate, requested, (const char *const *)held, error);
    if (resolved == NULL)
        return NULL;
    LockedVersion named = {.version = resolved->version, .resolved = resolved->resolved};
    if (!check_held(job, &named, error))
        return NULL;
    const LockedVersion *locked = find_locked(job, id, resolved);
    bool fits = locked != NULL && job->request->sha512 == NULL &&
                (job->request->sha256 == NULL || g_str_equal(job->request->sha256, locked->sha256));
    if (fits)
        return locked_version_copy(locked);
    g_autoptr(GError) problem = NULL;
    LockedVersion *version = lock_downloaded(job, work, id, resolved, &problem);
    if (version == NULL) {
        add_versions_hint(repository, coordinate, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
    }
    return version;
}

/* connector-1.4.2.zip is version 1.4.2: what follows the first '-' before a digit. */
static char *version_in_name(const char *path) {
    g_autofree char *place =
        g_strndup(path, strstr(path, "://") != NULL ? strcspn(path, "?#") : strlen(path));
    g_autofree char *name = g_path_get_basename(place);
    g_autoptr(GRegex) pattern =
        g_regex_new("-([0-9][A-Za-z0-9._+-]*?)\\.(jar|zip|tar\\.gz|tgz)$", G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    return g_regex_match(pattern, name, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

static char *version_of_single(const PluginRequest *request, const char *path, const char *sha256) {
    g_autofree char *named = request->version == NULL ? version_in_name(path) : g_strdup(request->version);
    return named != NULL && version_is_valid(named) ? g_steal_pointer(&named) : g_strndup(sha256, SHORT_SHA);
}

static bool check_single_version(const PluginRequest *request, GError **error) {
    if (request->version == NULL)
        return true;
    VersionRequestKind kind = version_request_kind(request->version);
    if (version_is_valid(request->version) && (kind == VERSION_EXACT || kind == VERSION_SNAPSHOT))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, "leave it out, or write it as it is: 1.4.2",
              "'%s' can't be the version of a %s, which is not looked up", request->version,
              request->url != NULL ? "URL" : "file");
    return false;
}

static LockedVersion *resolve_single(const Job *job, const Work *work, GError **error) {
    const PluginRequest *request = job->request;
    const char *path = request->url != NULL ? request->url : job->file;
    if (!check_single_version(request, error))
        return NULL;
    g_autoptr(CachedFile) file = download(job, work, NULL, path, error);
    if (file == NULL || !check_archive(path, file->path, error))
        return NULL;
    g_autofree char *version = version_of_single(request, path, file->sha256);
    LockedVersion named = {.version = version, .resolved = version};
    return check_held(job, &named, error) ? version_new(version, version, NULL, path, file) : NULL;
}

static bool check_kept(const Job *job, const Work *work, GError **error) {
    CacheProgress progress = {job->request->name, work->request->progress, work->request->user_data};
    g_autoptr(CachedFile) file = sources_cached(work->sources, job->kept, work->cache, &progress, error);
    return file != NULL && check_sha512(job->request, file->path, error);
}

static bool resolve_job(Job *job, const Work *work, GError **error) {
    job->found =
        job->request->maven != NULL ? resolve_maven(job, work, error) : resolve_single(job, work, error);
    return job->found != NULL;
}

static bool run_job(gpointer item, gpointer user_data, GError **error) {
    Job *job = item;
    const Work *work = user_data;
    if (work->request->progress != NULL)
        work->request->progress(job->request->name, work->request->user_data);
    bool done = job->kept != NULL ? check_kept(job, work, error) : resolve_job(job, work, error);
    if (!done)
        g_prefix_error(error, "plugin '%s': ", job->request->name);
    return done;
}

static void add_change(GPtrArray *changes, const char *name, const char *before, const char *after) {
    LockChange *change = g_new0(LockChange, 1);
    change->name = g_strdup(name);
    change->before = g_strdup(before);
    change->after = g_strdup(after);
    g_ptr_array_add(changes, change);
}

static void set_text(char **field, const char *text) {
    g_autofree char *former = *field;
    *field = g_strdup(text);
}

/* Puts what a job found into the lock. */
static void take_found(Lock *lock, Job *job, GPtrArray *changes) {
    LockedPlugin *plugin = lock_find_plugin(lock, job->request->name);
    if (plugin == NULL)
        plugin = lock_add_plugin(lock, job->request->name);
    set_text(&plugin->maven, job->request->maven);
    set_text(&plugin->url, job->request->url);
    set_text(&plugin->file, job->file);
    const LockedVersion *current = locked_plugin_current(plugin);
    bool is_same = current != NULL && g_str_equal(current->resolved, job->found->resolved) &&
                   g_str_equal(current->sha256, job->found->sha256);
    if (!is_same)
        add_change(changes, plugin->name, current != NULL ? current->resolved : NULL, job->found->resolved);
    if (is_same && job->found->commit == NULL)
        job->found->commit = g_strdup(current->commit);
    if (is_same && job->found->reports == NULL && current->reports != NULL)
        job->found->reports = g_hash_table_ref(current->reports);
    locked_plugin_advance(plugin, g_steal_pointer(&job->found), KEPT_VERSIONS);
}

/* What a request says beside its version. */
static void take_request(LockedPlugin *plugin, const PluginRequest *request) {
    set_text(&plugin->requested, request->version);
    g_ptr_array_set_size(plugin->connect, 0);
    for (guint i = 0; i < request->connect->len; i++)
        g_ptr_array_add(plugin->connect, g_strdup(request->connect->pdata[i]));
}

static const PluginRequest *find_request(const LockRequest *request, const char *name) {
    for (guint i = 0; i < request->requests->len; i++) {
        const PluginRequest *asked = request->requests->pdata[i];
        if (g_str_equal(asked->name, name))
            return asked;
    }
    return NULL;
}

static void take_requests(Lock *lock, const LockRequest *request, GPtrArray *changes) {
    for (guint i = lock->plugins->len; i > 0; i--) {
        LockedPlugin *plugin = lock->plugins->pdata[i - 1];
        const PluginRequest *asked = find_request(request, plugin->name);
        if (asked != NULL) {
            take_request(plugin, asked);
            continue;
        }
        add_change(changes, plugin->name, locked_plugin_current(plugin)->resolved, NULL);
        g_ptr_array_remove_index(lock->plugins, i - 1);
    }
}

/* The lock names the repositories of its versions, and no others. */
static void set_repositories(Lock *lock, const Sources *sources) {
    g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        for (guint j = 0; j < plugin->versions->len; j++) {
            const char *id = ((const LockedVersion *)plugin->versions->pdata[j])->repository;
            if (id != NULL)
                g_hash_table_insert(used, g_strdup(id), g_strdup(sources_url(sources, id)));
        }
    }
    g_hash_table_unref(lock->repositories);
    lock->repositories = g_steal_pointer(&used);
}

static void drop_holds(Lock *lock, const char *const *plugins) {
    for (guint i = lock->holds->len; i > 0; i--) {
        const LockHold *hold = lock->holds->pdata[i - 1];
        if (is_listed(plugins, hold->plugin))
            g_ptr_array_remove_index(lock->holds, i - 1);
    }
}

static bool check_names(const LockRequest *request, const char *const *names, GError **error) {
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < request->requests->len; i++)
        g_ptr_array_add(known, ((const PluginRequest *)request->requests->pdata[i])->name);
    g_ptr_array_add(known, NULL);
    for (; names != NULL && *names != NULL; names++) {
        if (g_strv_contains((const char *const *)known->pdata, *names))
            continue;
        g_autofree char *hint = diagnostics_did_you_mean(*names, (const char *const *)known->pdata);
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND, hint, "no plugin '%s' is asked for there",
                  *names);
        return false;
    }
    return true;
}

static int compare_changes(gconstpointer left, gconstpointer right) {
    const LockChange *const *l = left, *const *r = right;
    return strcmp((*l)->name, (*r)->name);
}

static void free_change(gpointer change) {
    lock_change_free(change);
}

static GPtrArray *take_all(Lock *lock, const LockRequest *request, GPtrArray *jobs, const Sources *sources) {
    GPtrArray *changes = g_ptr_array_new_with_free_func(free_change);
    for (guint i = 0; i < jobs->len; i++)
        if (((const Job *)jobs->pdata[i])->found != NULL)
            take_found(lock, jobs->pdata[i], changes);
    take_requests(lock, request, changes);
    set_repositories(lock, sources);
    g_ptr_array_sort(changes, compare_changes);
    return changes;
}

static void swap_locks(Lock *left, Lock *right) {
    Lock former = *left;
    *left = *right;
    *right = former;
}

GPtrArray *lock_resolve(Lock *lock, const LockRequest *request, GError **error) {
    if (!check_names(request, request->upgrade, error) || !check_names(request, request->unhold, error))
        return NULL;
    g_autoptr(Lock) next = lock_copy(lock);
    drop_holds(next, request->unhold);
    g_autofree char *cache = request->cache != NULL ? g_strdup(request->cache) : files_cache("artifacts");
    g_autoptr(Sources) sources =
        sources_new(request->repositories, lock->repositories, request->root, request->cancellable);
    Work work = {request, cache, sources};
    g_autoptr(GPtrArray) jobs = find_jobs(request, next);
    if (!tasks_run(jobs, 0, request->cancellable, run_job, &work, error))
        return NULL;
    GPtrArray *changes = take_all(next, request, jobs, sources);
    swap_locks(lock, next);
    return changes;
}
