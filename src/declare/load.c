/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "declare/builder.h"
#include "declare/digest.h"
#include "declare/schema.h"
#include "declare/secrets.h"

#define LOCK_LIMIT ((gsize)16 * 1024 * 1024)

static const Field DEFAULTS_FIELDS[] = {{"connector", FIELD_MAP, 0}, {NULL}};
static const Schema DEFAULTS = {"'defaults'", DEFAULTS_FIELDS};

static const Field ENVIRONMENT_FIELDS[] = {
    {"kafka", FIELD_MAP, 0},
    {"connect", FIELD_MAP, 0},
    {"state", FIELD_TEXT, 0},
    {"state_key", FIELD_MAP, 0},
    {"secrets", FIELD_MAP, 0},
    {"policy", FIELD_MAP, 0},
    {"timing", FIELD_MAP, 0},
    {"topics", FIELD_LIST, FIELD_PUBLIC},
    {"plugins", FIELD_MAP, 0},
    {"defaults", FIELD_MAP, 0},
    {"modules", FIELD_MAP, 0},
    {"strategy", FIELD_ANY, 0, NULL, "all changes are made at once, within --parallelism; leave it out"},
    {NULL},
};
static const Schema ENVIRONMENT = {"an environment", ENVIRONMENT_FIELDS};

/* --- The places that are taken -------------------------------------------------------------------------- */

typedef struct {
    Position position;
    bool repeated; /* and reported */
} Claim;

bool builder_claim(Builder *builder, GHashTable *places, const char *id, const char *what, Position at) {
    Claim *first = g_hash_table_lookup(places, id);
    if (first == NULL) {
        Claim claim = {at, false};
        g_hash_table_insert(places, g_strdup(id), g_memdup2(&claim, sizeof claim));
        return true;
    }
    bool same = first->position.file == at.file && first->position.line == at.line &&
                first->position.column == at.column;
    g_autofree char *hint =
        same ? g_strdup("give it a name of the instance's: ${instance.name}, or a variable")
             : g_strdup_printf("it is declared at %s:%d too", first->position.file, first->position.line);
    if (!first->repeated || !same)
        loader_mistake(builder->loader, at, hint, "%s is declared %s", what,
                       same ? "by several instances" : "twice");
    first->repeated = true;
    return false;
}

static void builder_clear(Builder *builder) {
    g_clear_pointer(&builder->plugins, plugins_free);
    g_clear_pointer(&builder->modules, g_hash_table_unref);
    g_clear_pointer(&builder->topic_places, g_hash_table_unref);
    g_clear_pointer(&builder->connector_places, g_hash_table_unref);
    environment_free(builder->environment);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Builder, builder_clear)

static Environment *new_environment(const Loader *loader) {
    const DeclareTrust *trust = loader->options.trust;
    Environment *environment = environment_new(loader->root, loader->environment);
    if (trust != NULL) {
        g_free(environment->state_base);
        environment->state_base = g_strdup(trust->state_folder);
    }
    return environment;
}

static Builder builder_new(Loader *loader) {
    return (Builder){
        .loader = loader,
        .environment = new_environment(loader),
        .modules = module_cache_new(),
        .topic_places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .connector_places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
}

/* --- Lock and Git --------------------------------------------------------------------------------------- */

static Lock *parse_lock(const Loader *loader, const char *path, GError **error) {
    const char *given = loader->options.lock_text;
    g_autofree char *text = given != NULL ? g_strdup(given) : files_read_text(path, LOCK_LIMIT, error);
    return text != NULL ? lock_parse(text, strlen(text), "the lock", error) : NULL;
}

static void read_lock(Loader *loader, Environment *environment) {
    g_autofree char *shown = g_strdup_printf("environments/%s.lock", environment->name);
    Position at = {g_intern_string(shown), 0, 0};
    environment->lock_path = g_build_filename(loader->root, shown, NULL);
    g_autoptr(GError) error = NULL;
    if (loader_may_read(loader, shown, at))
        environment->lock = parse_lock(loader, environment->lock_path, &error);
    environment->has_lock = environment->lock != NULL;
    if (environment->lock != NULL && !g_str_equal(environment->lock->environment, environment->name))
        loader_mistake(loader, at, NULL, "this is the lock of '%s'", environment->lock->environment);
    if (environment->lock != NULL)
        return;
    if (error != NULL && !g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        loader_mistake(loader, at, error_hint(error), "%s", error->message);
    environment->lock = lock_new(environment->name);
}

static bool read_git(Loader *loader, Environment *environment, GError **error) {
    if (!loader_open_git(loader, error))
        return false;
    if (loader->git == NULL)
        return true;
    return git_head(loader->git, &environment->commit, error) &&
           git_is_dirty(loader->git, loader->git_prefix, &environment->dirty, error);
}

/* --- The environment's file ----------------------------------------------------------------------------- */

/* Evaluates all of the file; `secrets:` first, since the rest may use them. */
static const Datum *evaluate_file(Loader *loader, const Document *document) {
    const Node *root = document_root(document);
    Scope plain = {.environment = loader->environment};
    secrets_declare(loader, evaluate(loader, &plain, node_get(root, "secrets")));
    Scope scope = {.environment = loader->environment, .secrets = true};
    return evaluate(loader, &scope, root);
}

static const Datum *read_file(Loader *loader, const Datum *place) {
    g_autofree char *path = g_strdup_printf("environments/%s.yaml", loader->environment);
    const Document *document = loader_read(loader, path, place->position);
    if (document == NULL)
        return NULL;
    const Datum *root = evaluate_file(loader, document);
    Position start = {root->position.file, 1, 1};
    return schema_check(loader, &ENVIRONMENT, root, start) ? root : NULL;
}

static void read_defaults(Builder *builder, const Datum *root) {
    const Datum *defaults = datum_get(root, "defaults");
    if (schema_has(root, "defaults") && schema_check(builder->loader, &DEFAULTS, defaults, root->position))
        builder->connector_defaults = datum_get(defaults, "connector");
}

static void check_kafka(Builder *builder, const Datum *root) {
    if (builder->environment->topics->len == 0 || schema_has(root, "kafka"))
        return;
    Position start = {root->position.file, 1, 1};
    loader_mistake(builder->loader, start, "kafka: { bootstrap.servers: \"HOST:9092\" }",
                   "topics are declared, but no Kafka cluster that has them");
}

static bool read_sections(Builder *builder, ProjectFile *file, const Datum *root, GError **error) {
    Environment *environment = builder->environment;
    project_render(builder->loader, file);
    builder->plugins = plugins_new(builder->loader, file->project->plugins);
    environment_settings_read(builder, root);
    clusters_read(builder, datum_get(root, "connect"));
    read_defaults(builder, root);
    if (!instances_read(builder, datum_get(root, "modules"), error))
        return false;
    topics_read_files(builder, datum_get(root, "topics"));
    plugins_declare_own(builder->plugins, datum_get(root, "plugins"), environment->connect);
    environment->repositories = g_ptr_array_ref(file->project->repositories);
    environment->plugins = plugins_finish(builder->plugins, environment->repositories,
                                          environment->first ? "latest" : "promoted");
    check_kafka(builder, root);
    return true;
}

/* --- All together --------------------------------------------------------------------------------------- */

static int compare_topics(gconstpointer a, gconstpointer b) {
    return strcmp((*(DesiredTopic *const *)a)->address, (*(DesiredTopic *const *)b)->address);
}

static int compare_connectors(gconstpointer a, gconstpointer b) {
    return strcmp((*(DesiredConnector *const *)a)->address, (*(DesiredConnector *const *)b)->address);
}

static void keep_secret_texts(Loader *loader, GPtrArray *texts) {
    GHashTableIter iterator;
    gpointer text;
    g_hash_table_iter_init(&iterator, loader->secret_texts);
    while (g_hash_table_iter_next(&iterator, NULL, &text))
        if (*(char *)text != '\0' && !g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL))
            g_ptr_array_add(texts, g_strdup(text));
}

static Environment *finish(Builder *builder, GError **error) {
    Environment *environment = builder->environment;
    if (loader_has_mistakes(builder->loader)) {
        error_set(error, DECLARE_ERROR, DECLARE_ERROR_INVALID, NULL, "the declarations of '%s' have mistakes",
                  environment->name);
        return NULL;
    }
    g_ptr_array_sort(environment->topics, compare_topics);
    g_ptr_array_sort(environment->connectors, compare_connectors);
    environment->digest = digest_of_files(builder->loader);
    environment->files = loader_file_names(builder->loader);
    keep_secret_texts(builder->loader, environment->secret_texts);
    builder->environment = NULL;
    return environment;
}

/* The environment that is promoted to this one. */
static const char *name_before(const ProjectFile *file, const Datum *place) {
    for (guint i = 1; i < file->places->len; i++)
        if (file->places->pdata[i] == place)
            return ((Datum *)file->places->pdata[i - 1])->text;
    return NULL;
}

static bool read_environment(Builder *builder, ProjectFile *file, const Datum *place, GError **error) {
    Environment *environment = builder->environment;
    environment->project = g_strdup(file->project->name);
    environment->first = place == file->places->pdata[0];
    builder->loader->previous = name_before(file, place);
    read_lock(builder->loader, environment);
    if (!read_git(builder->loader, environment, error))
        return false;
    const Datum *root = read_file(builder->loader, place);
    if (root == NULL) {
        project_render(builder->loader, file);
        return true;
    }
    return read_sections(builder, file, root, error);
}

/* It isn't listed, unless sluice.yaml is so wrong that nothing is. */
static Environment *refuse_environment(Loader *loader, ProjectFile *file, GError **error) {
    project_render(loader, file);
    if (loader_has_mistakes(loader))
        error_set(error, DECLARE_ERROR, DECLARE_ERROR_INVALID, NULL, "sluice.yaml has mistakes");
    else
        project_find_environment(file, loader->environment, error);
    return NULL;
}

Environment *declare_load(const char *root, const char *environment, const DeclareOptions *options,
                          Diagnostics *diagnostics, GError **error) {
    g_autoptr(Loader) loader = loader_new(root, options, diagnostics);
    loader->environment = g_strdup(environment);
    g_auto(Builder) builder = builder_new(loader);
    g_auto(ProjectFile) file = {0};
    if (!project_open(loader, &file))
        return finish(&builder, error);
    const Datum *place = project_find_environment(&file, environment, NULL);
    if (place == NULL)
        return refuse_environment(loader, &file, error);
    return read_environment(&builder, &file, place, error) ? finish(&builder, error) : NULL;
}
