/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/project.h"

#include <string.h>

#include "base/files.h"
#include "declare/expression.h"
#include "declare/names.h"
#include "declare/plugins.h"
#include "declare/schema.h"
#include "declare/secrets.h"
#include "plugin/names.h"

static const Field PROJECT_FIELDS[] = {
    {"name", FIELD_TEXT, FIELD_REQUIRED | FIELD_PUBLIC},
    {"environments", FIELD_TEXTS, FIELD_REQUIRED | FIELD_PUBLIC},
    {"repositories", FIELD_MAP, 0},
    {"plugins", FIELD_MAP, 0},
    {NULL},
};
static const Schema PROJECT = {"sluice.yaml", PROJECT_FIELDS};

static const Field REPOSITORY_FIELDS[] = {
    {"url", FIELD_TEXT, FIELD_REQUIRED | FIELD_PUBLIC},
    {"username", FIELD_TEXT, 0},
    {"password", FIELD_TEXT, 0},
    {"token", FIELD_TEXT, 0},
    {NULL},
};
static const Schema REPOSITORY = {"a repository", REPOSITORY_FIELDS};

static void free_repository(gpointer repository) {
    repository_spec_free(repository);
}

static void free_request(gpointer request) {
    plugin_request_free(request);
}

static void free_build(gpointer build) {
    plugin_build_free(build);
}

PluginBuild *plugin_build_copy(const PluginBuild *build) {
    PluginBuild *copy = g_new0(PluginBuild, 1);
    copy->name = g_strdup(build->name);
    copy->git = g_strdup(build->git);
    copy->branch = g_strdup(build->branch);
    copy->maven = g_strdup(build->maven);
    copy->repository = g_strdup(build->repository);
    copy->position = build->position;
    return copy;
}

void plugin_build_free(PluginBuild *build) {
    if (build == NULL)
        return;
    g_free(build->name);
    g_free(build->git);
    g_free(build->branch);
    g_free(build->maven);
    g_free(build->repository);
    g_free(build);
}

static Project *project_new(const char *root) {
    Project *project = g_new0(Project, 1);
    project->root = g_strdup(root);
    project->repositories = g_ptr_array_new_with_free_func(free_repository);
    project->plugins = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_request);
    project->builds = g_ptr_array_new_with_free_func(free_build);
    return project;
}

void project_free(Project *project) {
    if (project == NULL)
        return;
    g_free(project->root);
    g_free(project->name);
    g_strfreev(project->environments);
    g_clear_pointer(&project->repositories, g_ptr_array_unref);
    g_clear_pointer(&project->plugins, g_hash_table_unref);
    g_clear_pointer(&project->builds, g_ptr_array_unref);
    g_free(project);
}

void project_file_clear(ProjectFile *file) {
    project_free(file->project);
    g_clear_pointer(&file->places, g_ptr_array_unref);
}

/* --- Environments --------------------------------------------------------------------------------------- */

static void read_environments(Loader *loader, const Datum *list, ProjectFile *file) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; list != NULL && list->kind == DATUM_LIST && i < list->items->len; i++) {
        const Datum *name = list->items->pdata[i];
        if (name->kind != DATUM_SCALAR || !name_check(loader, "environment", name->text, name->position))
            continue;
        if (g_ptr_array_find_with_equal_func(names, name->text, g_str_equal, NULL)) {
            loader_mistake(loader, name->position, NULL, "environment '%s' is listed twice", name->text);
            continue;
        }
        g_ptr_array_add(names, name->text);
        g_ptr_array_add(file->places, (gpointer)name);
    }
    if (list != NULL && list->kind == DATUM_LIST && list->items->len == 0)
        loader_mistake(loader, list->position, "environments: [dev, prod], in the order of promotion",
                       "there must be an environment");
    g_ptr_array_add(names, NULL);
    file->project->environments = g_strdupv((char **)names->pdata);
}

const Datum *project_find_environment(const ProjectFile *file, const char *name, GError **error) {
    for (guint i = 0; i < file->places->len; i++) {
        const Datum *place = file->places->pdata[i];
        if (g_str_equal(place->text, name))
            return place;
    }
    const char *const *names = (const char *const *)file->project->environments;
    g_autofree char *near = diagnostics_did_you_mean(name, names);
    g_autofree char *all = schema_join(names, "and");
    g_autofree char *hint =
        near != NULL ? g_steal_pointer(&near) : g_strdup_printf("sluice.yaml lists %s", all);
    error_set(error, DECLARE_ERROR, DECLARE_ERROR_NOT_FOUND, hint, "there is no environment '%s'", name);
    return NULL;
}

static void check_keys(Loader *loader, const Datum *root) {
    Position start = {root->position.file, 1, 1};
    schema_check(loader, &PROJECT, root, start);
}

bool project_open(Loader *loader, ProjectFile *file) {
    file->project = project_new(loader->root);
    file->places = g_ptr_array_new();
    Position at = {g_intern_static_string(PROJECT_FILE), 0, 0};
    file->document = loader_read(loader, PROJECT_FILE, at);
    if (file->document == NULL)
        return false;
    const Node *root = document_root(file->document);
    Scope nothing = {0};
    const Datum *environments = evaluate(loader, &nothing, node_get(root, "environments"));
    const Datum *name = evaluate(loader, &nothing, node_get(root, "name"));
    read_environments(loader, environments, file);
    if (name != NULL && name->kind == DATUM_SCALAR && name->text[0] != '\0' &&
        name_check(loader, "project", name->text, name->position))
        file->project->name = g_strdup(name->text);
    file->environments = node_key_position(root, "environments");
    return true;
}

/* --- Repositories and plugins --------------------------------------------------------------------------- */

static bool is_unread(const Datum *spec, const char *key) {
    const Datum *value = schema_scalar(spec, key);
    return value != NULL && value->unread;
}

/* Credentials of which a part was not read stay unsaid: others may be found elsewhere. */
static void read_credentials(const Datum *spec, RepositorySpec *repository) {
    if (is_unread(spec, "username") || is_unread(spec, "password") || is_unread(spec, "token"))
        return;
    repository->username = g_strdup(schema_text(spec, "username"));
    repository->password = g_strdup(schema_text(spec, "password"));
    repository->token = g_strdup(schema_text(spec, "token"));
}

static void check_credentials(Loader *loader, const Datum *spec, Position at) {
    bool username = schema_has(spec, "username"), password = schema_has(spec, "password");
    if (username != password)
        loader_mistake(loader, at, NULL, "a repository needs both of username and password");
    if (password && schema_has(spec, "token"))
        loader_mistake(loader, at, NULL, "a repository takes a password or a token, not both");
}

static void read_repository(Loader *loader, const Datum *key, const Datum *spec, GPtrArray *repositories) {
    bool named = name_check(loader, "repository", key->text, key->position);
    if (!schema_check(loader, &REPOSITORY, spec, key->position) || !named)
        return;
    check_credentials(loader, spec, key->position);
    const Datum *url = schema_scalar(spec, "url");
    if (url == NULL)
        return;
    g_autofree char *place =
        strstr(url->text, "://") != NULL ? g_strdup(url->text) : files_resolve(loader->root, url->text);
    if (!url->unread && !repository_url_is_valid(place)) {
        diagnostics_hide_line(loader->diagnostics, url->position);
        loader_mistake(
            loader, url->position,
            "https://…, http://…, file:///… or a folder; credentials go into username and password",
            "'url' is no repository's address");
        return;
    }
    RepositorySpec *repository = g_new0(RepositorySpec, 1);
    repository->id = g_strdup(key->text);
    repository->url = g_steal_pointer(&place);
    read_credentials(spec, repository);
    g_ptr_array_add(repositories, repository);
}

/* Whom git would give as "user:password" belongs to git's credential helper; a user alone is SSH's way. */
static bool address_has_password(const char *address) {
    g_autoptr(GUri) uri = g_uri_parse(address, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_HAS_PASSWORD, NULL);
    return uri != NULL && g_uri_get_password(uri) != NULL;
}

static bool check_git(Loader *loader, const Datum *git) {
    if (address_has_password(git->text)) {
        diagnostics_hide_line(loader->diagnostics, git->position);
        loader_mistake(loader, git->position, "git's credential helper, or SSH, has them",
                       "credentials in the address of a repository");
        return false;
    }
    if (git->text[0] != '-')
        return true;
    loader_mistake(loader, git->position, "https://…, ssh://… or a folder",
                   "'git' is no address of a repository");
    return false;
}

static bool check_branch(Loader *loader, const Datum *branch, const char *plugin, bool with_git) {
    if (branch == NULL || (with_git && git_branch_is_valid(branch->text)))
        return true;
    if (with_git)
        loader_mistake(loader, branch->position, NULL, "'%s' can't be the name of a branch", branch->text);
    else
        loader_mistake(loader, branch->position, "git: ADDRESS",
                       "plugin '%s' has a branch, but of no repository", plugin);
    return false;
}

static void read_build(Loader *loader, const PluginRequest *request, const Datum *spec, Project *project) {
    const Datum *git = schema_scalar(spec, "git"), *branch = schema_scalar(spec, "branch");
    bool valid = check_branch(loader, branch, request->name, git != NULL);
    if (git == NULL || !check_git(loader, git) || !valid)
        return;
    bool only = request->repository == NULL && project->repositories->len == 1;
    PluginBuild *build = g_new0(PluginBuild, 1);
    build->name = g_strdup(request->name);
    build->git = g_strdup(git->text);
    build->branch = g_strdup(branch != NULL ? branch->text : "main");
    build->maven = g_strdup(request->maven);
    build->repository =
        g_strdup(only ? ((RepositorySpec *)project->repositories->pdata[0])->id : request->repository);
    build->position = request->position;
    g_ptr_array_add(project->builds, build);
}

static int compare_builds(gconstpointer a, gconstpointer b) {
    return strcmp((*(PluginBuild *const *)a)->name, (*(PluginBuild *const *)b)->name);
}

static void read_plugin(Loader *loader, const Datum *key, const Datum *spec, Project *project) {
    PluginRequest *request = plugin_read(loader, key, spec, true);
    if (request == NULL)
        return;
    if (request->maven == NULL && request->url == NULL && request->file == NULL)
        loader_mistake(loader, key->position, "maven: \"GROUP:ARTIFACT\"",
                       "plugin '%s' does not say where it comes from", key->text);
    read_build(loader, request, spec, project);
    g_hash_table_replace(project->plugins, request->name, request);
}

void project_render(Loader *loader, ProjectFile *file) {
    Scope scope = {.secrets = true};
    const Datum *root = evaluate(loader, &scope, document_root(file->document));
    check_keys(loader, root);
    const Datum *repositories = datum_get(root, "repositories"), *plugins = datum_get(root, "plugins");
    for (guint i = 0; repositories != NULL && repositories->kind == DATUM_MAP && i < repositories->items->len;
         i++)
        read_repository(loader, repositories->keys->pdata[i], repositories->items->pdata[i],
                        file->project->repositories);
    for (guint i = 0; plugins != NULL && plugins->kind == DATUM_MAP && i < plugins->items->len; i++)
        read_plugin(loader, plugins->keys->pdata[i], plugins->items->pdata[i], file->project);
    g_ptr_array_sort(file->project->builds, compare_builds);
}

/* --- Alone ---------------------------------------------------------------------------------------------- */

char *declare_find_root(const char *start, GError **error) {
    g_autofree char *folder = g_canonicalize_filename(start, NULL);
    while (true) {
        g_autofree char *file = g_build_filename(folder, PROJECT_FILE, NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&folder);
        char *parent = g_path_get_dirname(folder);
        bool top = g_str_equal(parent, folder);
        g_free(folder);
        folder = parent;
        if (top)
            break;
    }
    error_set(error, DECLARE_ERROR, DECLARE_ERROR_NOT_FOUND, "start one with: sluice init",
              "there is no sluice.yaml in '%s' or above it", start);
    return NULL;
}

/* Reads no more of the environment than where its secrets are. */
static void declare_secrets_of(Loader *loader, const ProjectFile *file, const char *environment) {
    const Datum *place = project_find_environment(file, environment, NULL);
    if (place == NULL)
        return;
    loader->environment = g_strdup(environment);
    g_autofree char *path = g_strdup_printf("environments/%s.yaml", environment);
    const Document *document = loader_read(loader, path, place->position);
    Scope scope = {.environment = environment};
    if (document != NULL)
        secrets_declare(loader, evaluate(loader, &scope, node_get(document_root(document), "secrets")));
}

Project *declare_read_project(const char *root, const DeclareOptions *options, Diagnostics *diagnostics,
                              GError **error) {
    g_autoptr(Loader) loader = loader_new(root, options, diagnostics);
    g_auto(ProjectFile) file = {0};
    if (project_open(loader, &file)) {
        if (loader->options.secrets_of != NULL)
            declare_secrets_of(loader, &file, loader->options.secrets_of);
        project_render(loader, &file);
    }
    if (!loader_has_mistakes(loader))
        return g_steal_pointer(&file.project);
    error_set(error, DECLARE_ERROR, DECLARE_ERROR_INVALID, NULL, "sluice.yaml has mistakes");
    return NULL;
}
