/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "declare/builder.h"
#include "declare/names.h"
#include "declare/schema.h"
#include "declare/values.h"

#define TASKS_LIMIT 10000

static const char *const ON_REMOVE[] = {"delete", "stop", "keep", NULL};
static const OnRemove ON_REMOVE_VALUES[] = {ON_REMOVE_DELETE, ON_REMOVE_STOP, ON_REMOVE_KEEP};
static const char *const STATES[] = {"running", "paused", "stopped", NULL};

static const Field CONNECTOR_FIELDS[] = {
    {"class", FIELD_TEXT, FIELD_REQUIRED | FIELD_PUBLIC},
    {"name", FIELD_TEXT, FIELD_PUBLIC},
    {"plugins", FIELD_TEXTS, FIELD_PUBLIC},
    {"connect", FIELD_TEXT, FIELD_PUBLIC},
    {"tasks", FIELD_INTEGER, FIELD_PUBLIC},
    {"state", FIELD_CHOICE, FIELD_PUBLIC, STATES},
    {"config", FIELD_MAP, 0},
    {"on_remove", FIELD_CHOICE, FIELD_PUBLIC, ON_REMOVE},
    {"protected", FIELD_BOOLEAN, FIELD_PUBLIC},
    {"description", FIELD_TEXT, 0},
    {"renamed", FIELD_ANY, 0, NULL,
     "a connector with another name is created anew; its offsets stay with the old name"},
    {NULL},
};
static const Schema CONNECTOR = {"a connector", CONNECTOR_FIELDS};

const char *run_state_name(RunState state) {
    return STATES[state];
}

/* --- Where it runs -------------------------------------------------------------------------------------- */

static char *cluster_hint(const Environment *environment) {
    GString *names = g_string_new("connect: ");
    for (guint i = 0; i < environment->connect->len; i++)
        g_string_append_printf(names, "%s%s",
                               i == 0                               ? ""
                               : i + 1 == environment->connect->len ? " or "
                                                                    : ", ",
                               ((ConnectCluster *)environment->connect->pdata[i])->name);
    return g_string_free(names, false);
}

/* The name of its Connect cluster; NULL with a mistake. */
static const char *find_cluster(Builder *builder, const Datum *key, const Datum *spec) {
    const Environment *environment = builder->environment;
    const Datum *connect = schema_scalar(spec, "connect");
    g_autofree char *hint = cluster_hint(environment);
    if (builder->connect_is_broken)
        return NULL;
    if (environment->connect->len == 0)
        loader_mistake(builder->loader, key->position, "the environment needs: connect: { main: { url: … } }",
                       "there is no Connect cluster for connector '%s' in '%s'", key->text,
                       environment->name);
    else if (connect == NULL && environment->connect->len == 1)
        return ((ConnectCluster *)environment->connect->pdata[0])->name;
    else if (connect == NULL)
        loader_mistake(builder->loader, key->position, hint,
                       "connector '%s' does not say on which Connect cluster it runs", key->text);
    else if (environment_find_connect(environment, connect->text) == NULL)
        loader_mistake(builder->loader, connect->origin, hint, "there is no Connect cluster '%s' in '%s'",
                       connect->text, environment->name);
    else
        return connect->text;
    return NULL;
}

/* --- Its plugins ---------------------------------------------------------------------------------------- */

static const char **names_of(const Datum *map) {
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; map != NULL && map->keys != NULL && i < map->keys->len; i++)
        g_ptr_array_add(names, ((Datum *)map->keys->pdata[i])->text);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, false);
}

static void refuse_plugin(Loader *loader, const Datum *name, const Datum *plugins) {
    g_autofree const char **names = names_of(plugins);
    g_autofree char *near = diagnostics_did_you_mean(name->text, names);
    g_autofree char *hint =
        near != NULL
            ? g_steal_pointer(&near)
            : g_strdup_printf(
                  "declare it in this module: plugins: { %s: { maven: \"GROUP:ARTIFACT\" } }, or { %s: {} } "
                  "for one of sluice.yaml",
                  name->text, name->text);
    loader_mistake(loader, name->position, hint, "the module declares no plugin '%s'", name->text);
}

static GPtrArray *read_plugins(Builder *builder, const InstanceRow *instance, const Datum *spec,
                               const Datum *plugins) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const Datum *list = datum_get(spec, "plugins");
    for (guint i = 0; list != NULL && list->kind == DATUM_LIST && i < list->items->len; i++) {
        const Datum *name = list->items->pdata[i];
        if (name->kind != DATUM_SCALAR)
            continue;
        if (datum_get(plugins, name->text) == NULL) {
            refuse_plugin(builder->loader, name, plugins);
            continue;
        }
        g_ptr_array_add(names, g_strdup(name->text));
        if (!g_ptr_array_find_with_equal_func(instance->plugins, name->text, g_str_equal, NULL))
            g_ptr_array_add(instance->plugins, g_strdup(name->text));
    }
    return names;
}

/* --- One connector -------------------------------------------------------------------------------------- */

static bool claim_name(Builder *builder, const char *name, const char *cluster, Position at) {
    if (!name_check_connector(builder->loader, name, at))
        return false;
    g_autofree char *id = g_strdup_printf("%s/%s", cluster, name);
    g_autofree char *what = g_strdup_printf("connector '%s'", name);
    return builder_claim(builder, builder->connector_places, id, what, at);
}

static int read_tasks(Loader *loader, const Datum *spec) {
    gint64 tasks = schema_integer(spec, "tasks", 1);
    if (tasks >= 1 && tasks <= TASKS_LIMIT)
        return (int)tasks;
    loader_mistake(loader, datum_get(spec, "tasks")->origin, "1 or more; to have none: state: stopped",
                   "a connector can't have %" G_GINT64_FORMAT " tasks", tasks);
    return 1;
}

static void read_config(Builder *builder, const Datum *spec, GHashTable *config) {
    values_render_connector(builder->loader, builder->connector_defaults, config);
    values_render_connector(builder->loader, datum_get(spec, "config"), config);
}

static void read_connector(Builder *builder, const InstanceRow *instance, const Datum *key, const Datum *spec,
                           const Datum *plugins) {
    Loader *loader = builder->loader;
    bool valid = name_check(loader, "connector", key->text, key->position);
    if (!schema_check(loader, &CONNECTOR, spec, key->position) || !valid)
        return;
    DesiredConnector *connector = g_new0(DesiredConnector, 1);
    g_ptr_array_add(builder->environment->connectors, connector);
    const Datum *name = schema_scalar(spec, "name");
    connector->address = g_strdup_printf("%s/connector/%s", instance->address, key->text);
    connector->instance = g_strdup(instance->address);
    connector->name =
        name != NULL ? g_strdup(name->text) : g_strdup_printf("%s-%s", instance->name, key->text);
    connector->class_name = g_strdup(schema_text(spec, "class"));
    connector->connect = g_strdup(find_cluster(builder, key, spec));
    connector->tasks = read_tasks(loader, spec);
    connector->state = (RunState)schema_choice(spec, "state", STATES, RUN_STATE_RUNNING);
    connector->on_remove = ON_REMOVE_VALUES[schema_choice(spec, "on_remove", ON_REMOVE, 0)];
    connector->protected = schema_boolean(spec, "protected", false);
    connector->position = key->position;
    connector->plugins = read_plugins(builder, instance, spec, plugins);
    connector->config = values_new();
    read_config(builder, spec, connector->config);
    if (connector->connect == NULL)
        return;
    claim_name(builder, connector->name, connector->connect, name != NULL ? name->origin : key->position);
    for (guint i = 0; i < connector->plugins->len; i++)
        plugins_use(builder->plugins, connector->plugins->pdata[i], connector->connect);
}

void connectors_read(Builder *builder, const InstanceRow *instance, const Datum *connectors,
                     const Datum *plugins) {
    if (schema_check_map(builder->loader, connectors, "connectors"))
        for (guint i = 0; i < connectors->items->len; i++)
            read_connector(builder, instance, connectors->keys->pdata[i], connectors->items->pdata[i],
                           plugins);
}
