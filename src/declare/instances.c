/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "declare/builder.h"
#include "declare/names.h"
#include "declare/schema.h"
#include "declare/variables.h"

#define ROWS_LIMIT 10000

static const Field INSTANCE_FIELDS[] = {
    {"source", FIELD_TEXT, FIELD_REQUIRED | FIELD_PUBLIC},
    {"for_each", FIELD_MAP, 0},
    {"plugins", FIELD_MAP, 0},
    {"variables", FIELD_MAP, 0},
    {NULL},
};
static const Schema INSTANCE = {"an instance", INSTANCE_FIELDS};

static const Field MODULE_FIELDS[] = {
    {"description", FIELD_TEXT, 0},
    {"variables", FIELD_MAP, 0},
    {"plugins", FIELD_MAP, 0},
    {"topics", FIELD_MAP, 0},
    {"connectors", FIELD_MAP, 0},
    {"uses", FIELD_ANY, 0, NULL, "topics that others own are not checked yet; leave it out"},
    {"moved", FIELD_ANY, 0, NULL, "addresses can't be changed yet; leave it out"},
    {NULL},
};
static const Schema MODULE = {"a module", MODULE_FIELDS};

/* An instance as its file has it, with its module. */
typedef struct {
    Builder *builder;
    const Datum *key;
    const Datum *spec;
    const Node *module; /* module.yaml's root */
    char *module_name;  /* "module 'orders-source'" */
    const Datum *overrides;
    Instance *instance;
} Reading;

/* --- --var ---------------------------------------------------------------------------------------------- */

/* The values of "INSTANCE.name=value" for one instance, as if they stood unquoted in its file; NULL: none. */
static const Datum *read_overrides(Loader *loader, const char *instance) {
    Datum *map = NULL;
    Position at = {g_intern_static_string("--var"), 0, 0};
    const char *const *variables = loader->options.variables;
    for (guint i = 0; variables != NULL && variables[i] != NULL; i++) {
        const char *dot = strchr(variables[i], '.'), *equals = strchr(variables[i], '=');
        if (dot == NULL || equals == NULL || dot > equals ||
            strlen(instance) != (gsize)(dot - variables[i]) || !g_str_has_prefix(variables[i], instance))
            continue;
        if (map == NULL)
            map = loader_datum(loader, DATUM_MAP, at);
        g_autofree char *name = g_strndup(dot + 1, (gsize)(equals - dot - 1));
        g_ptr_array_add(map->keys, (gpointer)loader_text(loader, name, at));
        g_ptr_array_add(map->items, (gpointer)loader_text(loader, equals + 1, at));
    }
    return map;
}

static void check_overrides(Loader *loader, const Datum *modules) {
    Position at = {g_intern_static_string("--var"), 0, 0};
    const char *const *variables = loader->options.variables;
    for (guint i = 0; variables != NULL && variables[i] != NULL; i++) {
        const char *dot = strchr(variables[i], '.'), *equals = strchr(variables[i], '=');
        g_autofree char *instance = dot != NULL ? g_strndup(variables[i], (gsize)(dot - variables[i])) : NULL;
        if (instance == NULL || equals == NULL || dot > equals)
            loader_mistake(loader, at, "--var INSTANCE.NAME=VALUE",
                           "an argument without an instance, a name or a value");
        else if (datum_get(modules, instance) == NULL)
            loader_mistake(loader, at, NULL, "there is no instance '%s'", instance);
    }
}

/* --- Rendering ------------------------------------------------------------------------------------------ */

static const Datum *section(Reading *reading, const Scope *scope, const char *key) {
    return evaluate(reading->builder->loader, scope, node_get(reading->module, key));
}

/* All of the module but its variables, which were bound already. */
static void render_sections(Reading *reading, const Scope *scope, const InstanceRow *row) {
    Builder *builder = reading->builder;
    const Datum *plugins = section(reading, scope, "plugins");
    plugins_declare(builder->plugins, plugins);
    plugins_ask(builder->plugins, datum_get(reading->spec, "plugins"), plugins);
    topics_read_module(builder, row, section(reading, scope, "topics"));
    connectors_read(builder, row, section(reading, scope, "connectors"), plugins);
}

/* `row_key` and `row` are NULL where there is no for_each. */
static void render_row(Reading *reading, const Datum *row_key, const Datum *row) {
    Loader *loader = reading->builder->loader;
    const char *instance = reading->key->text;
    g_autofree char *address =
        row_key != NULL ? g_strdup_printf("%s[%s]", instance, row_key->text) : g_strdup(instance);
    g_autofree char *name =
        row_key != NULL ? g_strdup_printf("%s-%s", instance, row_key->text) : g_strdup(instance);
    Given given = {.instance = instance,
                   .at = reading->key->position,
                   .common = datum_get(reading->spec, "variables"),
                   .rows = datum_get(reading->spec, "for_each"),
                   .row = row,
                   .row_at = row_key != NULL ? row_key->position : reading->key->position,
                   .overrides = reading->overrides};
    Scope scope = {.environment = loader->environment, .instance = name};
    const Datum *declarations = section(reading, &scope, "variables");
    g_autoptr(GHashTable) variables = variables_bind(loader, reading->module_name, declarations, &given);
    scope.variables = variables;
    InstanceRow rendered = {.address = address, .name = name, .plugins = reading->instance->plugins};
    render_sections(reading, &scope, &rendered);
}

static void render_rows(Reading *reading, const Datum *rows) {
    Loader *loader = reading->builder->loader;
    if (rows->items->len > ROWS_LIMIT) {
        loader_mistake(loader, rows->position, NULL, "more than %d rows", ROWS_LIMIT);
        return;
    }
    for (guint i = 0; i < rows->items->len; i++) {
        const Datum *key = rows->keys->pdata[i], *row = rows->items->pdata[i];
        bool empty = row->kind == DATUM_SCALAR && datum_is_null(row);
        bool valid = name_check(loader, "row", key->text, key->position);
        if ((empty || schema_check_map(loader, row, key->text)) && valid)
            render_row(reading, key, row->kind == DATUM_MAP ? row : NULL);
    }
}

/* Keys are checked once a module is known, whatever is in them. */
static void check_module_keys(Reading *reading) {
    Loader *loader = reading->builder->loader;
    const Node *root = reading->module;
    Position start = {root->position.file, 1, 1};
    if (root->kind != NODE_MAPPING) {
        loader_mistake(loader, root->position, NULL, "a module must be a mapping, not %s",
                       node_kind_name(root));
        return;
    }
    Datum *keys = loader_datum(loader, DATUM_MAP, root->position);
    for (guint i = 0; i < root->keys->len; i++) {
        const Node *key = root->keys->pdata[i], *value = root->items->pdata[i];
        static const DatumKind KINDS[] = {DATUM_SCALAR, DATUM_LIST, DATUM_MAP, DATUM_BROKEN};
        Datum *shallow = loader_datum(loader, KINDS[value->kind], value->position);
        shallow->text = g_strdup(value->text);
        shallow->quoted = value->quoted;
        g_ptr_array_add(keys->keys, (gpointer)loader_text(loader, key->text, key->position));
        g_ptr_array_add(keys->items, shallow);
    }
    schema_check(loader, &MODULE, keys, start);
}

static void render_module(Reading *reading) {
    const Datum *rows = datum_get(reading->spec, "for_each");
    check_module_keys(reading);
    if (rows == NULL)
        render_row(reading, NULL, NULL);
    else if (rows->kind == DATUM_MAP)
        render_rows(reading, rows);
}

/* --- One instance --------------------------------------------------------------------------------------- */

static int compare_texts(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static Instance *add_instance(Builder *builder, const Datum *key, const ModuleSource *source,
                              const PinnedModule *pinned) {
    Instance *instance = g_new0(Instance, 1);
    instance->name = g_strdup(key->text);
    instance->source = g_strdup(source->written);
    instance->git = g_strdup(source->url);
    instance->folder = g_strdup(source->folder);
    instance->commit = g_strdup(pinned->commit);
    instance->waiting = pinned->waiting;
    instance->plugins = g_ptr_array_new_with_free_func(g_free);
    instance->position = key->position;
    g_ptr_array_add(builder->environment->instances, instance);
    return instance;
}

static void warn_of_lock(Builder *builder, const ModuleSource *source, const Datum *written) {
    if (!builder->environment->first || source->url == NULL)
        return;
    g_autofree char *hint = g_strdup_printf("run: sluice lock %s", builder->environment->name);
    loader_warn(builder->loader, written->position, hint,
                "this module is not locked yet, so it is not checked");
}

static bool read_instance(Builder *builder, const Datum *key, const Datum *spec, GError **error) {
    Loader *loader = builder->loader;
    bool named = name_check(loader, "instance", key->text, key->position);
    if (!schema_check(loader, &INSTANCE, spec, key->position) || !named)
        return true;
    const Datum *written = schema_scalar(spec, "source");
    g_autoptr(ModuleSource) source =
        written != NULL && !written->secret ? module_source_parse(loader, written) : NULL;
    if (source == NULL)
        return true;
    g_auto(PinnedModule) pinned = {0};
    if (!pins_open(loader, builder->modules, builder->environment->lock, builder->environment->first,
                   key->text, source, written->origin, &pinned, error))
        return false;
    Reading reading = {
        .builder = builder, .key = key, .spec = spec, .overrides = read_overrides(loader, key->text)};
    reading.instance = add_instance(builder, key, source, &pinned);
    if (pinned.waiting)
        warn_of_lock(builder, source, written);
    if (pinned.document == NULL)
        return true;
    g_autofree char *base = g_path_get_basename(source->folder);
    g_autofree char *module_name = g_strdup_printf("module '%s'", base);
    reading.module = document_root(pinned.document);
    reading.module_name = module_name;
    render_module(&reading);
    g_ptr_array_sort(reading.instance->plugins, compare_texts);
    return true;
}

bool instances_read(Builder *builder, const Datum *modules, GError **error) {
    check_overrides(builder->loader, modules);
    if (!schema_check_map(builder->loader, modules, "modules"))
        return true;
    for (guint i = 0; i < modules->items->len; i++)
        if (!read_instance(builder, modules->keys->pdata[i], modules->items->pdata[i], error))
            return false;
    return true;
}
