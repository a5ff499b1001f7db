/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/repository.h"

#include <string.h>

#include "plugin/credentials.h"
#include "plugin/names.h"
#include "plugin/transfer.h"

#define FILE_SCHEME "file://"

void repository_spec_free(RepositorySpec *spec) {
    if (spec == NULL)
        return;
    g_free(spec->id);
    g_free(spec->url);
    g_free(spec->username);
    g_free(spec->password);
    g_free(spec->token);
    g_free(spec);
}

void resolved_version_free(ResolvedVersion *resolved) {
    if (resolved == NULL)
        return;
    g_free(resolved->version);
    g_free(resolved->resolved);
    g_free(resolved->path);
    g_free(resolved);
}

static void place_clear(Place *place) {
    g_free(place->base);
    g_free(place->hint);
    http_client_free(place->client);
}

void repository_free(Repository *repository) {
    if (repository == NULL)
        return;
    place_clear(&repository->reading);
    place_clear(&repository->writing);
    g_clear_object(&repository->cancellable);
    g_free(repository->id);
    g_free(repository->url);
    g_free(repository);
}

static char *without_slash(const char *url) {
    gsize length = strlen(url);
    while (length > 1 && url[length - 1] == '/')
        length--;
    return g_strndup(url, length);
}

static bool place_set_folder(Place *place, const char *url, GError **error) {
    g_autofree char *folder = NULL;
    if (g_str_has_prefix(url, FILE_SCHEME))
        folder = g_uri_unescape_string(url + strlen(FILE_SCHEME), NULL);
    else
        folder = g_strdup(url);
    if (folder == NULL || folder[0] != '/') {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' is no absolute folder", url);
        return false;
    }
    place->base = without_slash(folder);
    return true;
}

static bool place_set(Place *place, const char *id, const char *url, const RepositorySpec *spec,
                      const Settings *settings, GError **error) {
    if (!url_is_plain(url))
        return place_set_folder(place, url, error);
    g_autoptr(Credentials) credentials = credentials_find(id, url, spec, settings, error);
    if (credentials == NULL)
        return false;
    HttpCredentials http = {
        .username = credentials->username, .password = credentials->password, .bearer = credentials->token};
    place->base = without_slash(url);
    place->client = http_client_new(&http);
    place->hint = credentials_hint(id);
    return true;
}

/* Reading goes to the mirror that settings.xml names, with the mirror's credentials; writing never does. */
static bool set_places(Repository *repository, const RepositorySpec *spec, GError **error) {
    if (!url_is_plain(spec->url))
        return place_set_folder(&repository->reading, spec->url, error) &&
               place_set_folder(&repository->writing, spec->url, error);
    g_autoptr(Settings) settings = settings_read(error);
    if (settings == NULL)
        return false;
    const SettingsMirror *mirror = settings_find_mirror(settings, spec->id, spec->url);
    bool read_set = mirror != NULL
                        ? place_set(&repository->reading, mirror->id, mirror->url, NULL, settings, error)
                        : place_set(&repository->reading, spec->id, spec->url, spec, settings, error);
    return read_set && place_set(&repository->writing, spec->id, spec->url, spec, settings, error);
}

static bool check_spec(const RepositorySpec *spec, GError **error) {
    if (spec->id == NULL || !name_is_valid(spec->id)) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' is no name for a repository",
                  spec->id != NULL ? spec->id : "");
        return false;
    }
    if (spec->url != NULL && repository_url_is_valid(spec->url))
        return true;
    g_autofree char *hint = credentials_hint(spec->id);
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, hint,
              "the url of repository '%s' must be https://…, http://…, file:///… or an absolute folder, "
              "without a user or password in it",
              spec->id);
    return false;
}

Repository *repository_open(const RepositorySpec *spec, GError **error) {
    if (!check_spec(spec, error))
        return NULL;
    g_autoptr(Repository) repository = g_new0(Repository, 1);
    repository->id = g_strdup(spec->id);
    repository->url = g_strdup(spec->url);
    if (!set_places(repository, spec, error)) {
        g_prefix_error(error, "repository '%s': ", spec->id);
        return NULL;
    }
    return g_steal_pointer(&repository);
}

Repository *repository_open_single(const char *address, GError **error) {
    if (!repository_url_is_valid(address)) {
        error_set(
            error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL,
            "an artifact's address must be https://…, http://… or an absolute path, without a password");
        return NULL;
    }
    g_autoptr(Repository) repository = g_new0(Repository, 1);
    repository->url = g_strdup(address);
    return place_set(&repository->reading, NULL, address, NULL, NULL, error) ? g_steal_pointer(&repository)
                                                                             : NULL;
}

void repository_set_cancellable(Repository *repository, GCancellable *cancellable) {
    g_set_object(&repository->cancellable, cancellable);
}

void repository_set_direct(Repository *repository) {
    repository->is_direct = true;
}

const char *repository_id(const Repository *repository) {
    return repository->id;
}

const char *repository_url(const Repository *repository) {
    return repository->url;
}
