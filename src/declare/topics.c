/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/builder.h"
#include "declare/names.h"
#include "declare/schema.h"
#include "declare/values.h"

#define REPLICATION_LIMIT 32767
#define PARTITIONS_LIMIT 1000000

static const char *const ON_REMOVE[] = {"delete", "keep", NULL};
static const OnRemove ON_REMOVE_VALUES[] = {ON_REMOVE_DELETE, ON_REMOVE_KEEP};

#define TOPIC_FIELDS                                                                           \
    {"partitions", FIELD_INTEGER, FIELD_PUBLIC}, {"replication", FIELD_INTEGER, FIELD_PUBLIC}, \
        {"config", FIELD_MAP, 0}, {"on_remove", FIELD_CHOICE, FIELD_PUBLIC, ON_REMOVE},        \
        {"protected", FIELD_BOOLEAN, FIELD_PUBLIC}, {                                          \
        "description", FIELD_TEXT, 0                                                           \
    }

static const Field NAMED_FIELDS[] = {
    {"name", FIELD_TEXT, FIELD_REQUIRED | FIELD_PUBLIC}, TOPIC_FIELDS, {NULL}};
static const Field KEYED_FIELDS[] = {{"name", FIELD_TEXT, FIELD_PUBLIC}, TOPIC_FIELDS, {NULL}};
static const Schema NAMED = {"a topic", NAMED_FIELDS};
static const Schema KEYED = {"a topic", KEYED_FIELDS};

/* --- One topic ------------------------------------------------------------------------------------------ */

static int read_count(Loader *loader, const Datum *spec, const char *key, gint64 limit) {
    gint64 count = schema_integer(spec, key, -1);
    if (count == -1 || (count >= 1 && count <= limit))
        return (int)count;
    g_autofree char *hint =
        g_strdup_printf("1 to %" G_GINT64_FORMAT ", or -1 for the broker's default", limit);
    loader_mistake(loader, datum_get(spec, key)->position, hint, "a topic can't have %" G_GINT64_FORMAT " %s",
                   count, g_str_equal(key, "partitions") ? "partitions" : "replicas");
    return -1;
}

/* `name` is a scalar: its place is where the topic is declared. Takes the address. */
static void add_topic(Builder *builder, char *address, const char *instance, const Datum *name, Position at,
                      const Datum *spec) {
    Loader *loader = builder->loader;
    DesiredTopic *topic = g_new0(DesiredTopic, 1);
    topic->address = address;
    topic->instance = g_strdup(instance);
    topic->name = g_strdup(name->text);
    topic->partitions = read_count(loader, spec, "partitions", PARTITIONS_LIMIT);
    topic->replication = read_count(loader, spec, "replication", REPLICATION_LIMIT);
    topic->on_remove = ON_REMOVE_VALUES[schema_choice(spec, "on_remove", ON_REMOVE, 1)];
    topic->protected = schema_boolean(spec, "protected", false);
    topic->position = at;
    topic->config = values_new();
    values_render_topic(loader, datum_get(spec, "config"), topic->config);
    g_ptr_array_add(builder->environment->topics, topic);
}

static bool claim_name(Builder *builder, const Datum *name, Position at) {
    if (!name_check_topic(builder->loader, name->text, name->origin))
        return false;
    g_autofree char *what = g_strdup_printf("topic '%s'", name->text);
    return builder_claim(builder, builder->topic_places, name->text, what, at);
}

/* --- Of a module ---------------------------------------------------------------------------------------- */

static void read_module_topic(Builder *builder, const InstanceRow *instance, const Datum *key,
                              const Datum *spec) {
    bool valid = name_check(builder->loader, "topic's key", key->text, key->position);
    if (!schema_check(builder->loader, &NAMED, spec, key->position) || !valid)
        return;
    const Datum *name = schema_scalar(spec, "name");
    if (name == NULL || !claim_name(builder, name, name->origin))
        return;
    add_topic(builder, g_strdup_printf("%s/topic/%s", instance->address, key->text), instance->address, name,
              key->position, spec);
}

void topics_read_module(Builder *builder, const InstanceRow *instance, const Datum *topics) {
    if (schema_check_map(builder->loader, topics, "topics"))
        for (guint i = 0; i < topics->items->len; i++)
            read_module_topic(builder, instance, topics->keys->pdata[i], topics->items->pdata[i]);
}

/* --- Of a file ------------------------------------------------------------------------------------------ */

/* A bare key ("audit.log:") is a topic with the broker's defaults. */
static void read_file_topic(Builder *builder, const Datum *key, const Datum *spec) {
    Loader *loader = builder->loader;
    bool bare = key != NULL && spec->kind == DATUM_SCALAR && datum_is_null(spec);
    Position at = key != NULL ? key->position : spec->position;
    if (bare)
        spec = loader_datum(loader, DATUM_MAP, at);
    if (key == NULL && spec->kind == DATUM_SCALAR) {
        g_autofree char *hint = g_strdup_printf("write { name: %s }", spec->text);
        loader_mistake(loader, at, hint, "a topic of a list must be a mapping");
        return;
    }
    if (!schema_check(loader, key != NULL ? &KEYED : &NAMED, spec, at))
        return;
    const Datum *name = schema_scalar(spec, "name");
    name = name != NULL ? name : key;
    if (name == NULL || !claim_name(builder, name, name->position))
        return;
    add_topic(builder, g_strdup_printf("topic/%s", name->text), NULL, name, name->position, spec);
}

/* A file may hold its list or map under the one key "topics". */
static const Datum *unwrap(const Datum *root) {
    const Datum *inner = datum_get(root, "topics");
    if (inner == NULL || root->items->len != 1)
        return root;
    if (inner->kind == DATUM_LIST)
        return inner;
    for (const Field *field = KEYED_FIELDS; field->key != NULL; field++)
        if (datum_get(inner, field->key) != NULL)
            return root;
    return inner->kind == DATUM_MAP && inner->items->len > 0 ? inner : root;
}

static void read_topics(Builder *builder, const Datum *root) {
    const Datum *topics = unwrap(root);
    if (topics->kind == DATUM_SCALAR) {
        g_autofree char *shown = datum_show(topics);
        loader_mistake(builder->loader, topics->position, "NAME: { partitions: 6, replication: 3 }",
                       "a topic file is a mapping or a list of topics, not %s", shown);
        return;
    }
    for (guint i = 0; topics->items != NULL && i < topics->items->len; i++)
        read_file_topic(builder, topics->kind == DATUM_MAP ? topics->keys->pdata[i] : NULL,
                        topics->items->pdata[i]);
}

static void read_file(Builder *builder, const Datum *file, GHashTable *seen) {
    Loader *loader = builder->loader;
    g_autofree char *path = loader_relative(loader, "environments", file->text, file->position, NULL);
    if (path == NULL)
        return;
    if (g_hash_table_contains(seen, path)) {
        loader_mistake(loader, file->position, NULL, "the file '%s' is listed twice", path);
        return;
    }
    const Document *document = loader_read(loader, path, file->position);
    g_hash_table_add(seen, g_steal_pointer(&path));
    if (document == NULL)
        return;
    Scope scope = {.environment = loader->environment};
    read_topics(builder, evaluate(loader, &scope, document_root(document)));
}

void topics_read_files(Builder *builder, const Datum *files) {
    if (files == NULL || files->kind != DATUM_LIST)
        return;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < files->items->len; i++) {
        const Datum *file = files->items->pdata[i];
        if (file->kind != DATUM_SCALAR)
            loader_mistake(
                builder->loader, file->position,
                "write topics of no module into a file and name it here: topics: [../topics/shared.yaml]",
                "'topics' is a list of files");
        else if (!datum_is_sensitive(file))
            read_file(builder, file, seen);
    }
}
