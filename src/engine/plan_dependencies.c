/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/planner.h"

/* The actions of a plan, found by what others depend on them for. All is borrowed but the instances' names.
 */
typedef struct {
    GHashTable *topics;    /* name → PlanAction that makes or changes it */
    GHashTable *instances; /* instance → GPtrArray of its PlanAction */
    GPtrArray *pins, *rollouts;
} Index;

/* "orders" of orders/topic/raw; NULL for what belongs to no module. The caller frees it. */
static char *instance_of(const PlanAction *action) {
    const char *end = strchr(action->address, '/');
    bool none = end == NULL || action->phase == PHASE_ROLLOUTS || g_str_has_prefix(action->address, "topic/");
    return none ? NULL : g_strndup(action->address, (gsize)(end - action->address));
}

static void index_instance(Index *index, PlanAction *action) {
    g_autofree char *instance = instance_of(action);
    if (instance == NULL)
        return;
    GPtrArray *siblings = g_hash_table_lookup(index->instances, instance);
    if (siblings == NULL) {
        siblings = g_ptr_array_new();
        g_hash_table_insert(index->instances, g_steal_pointer(&instance), siblings);
    }
    g_ptr_array_add(siblings, action);
}

static void index_fill(Index *index, const GPtrArray *actions) {
    *index = (Index){
        .topics = g_hash_table_new(g_str_hash, g_str_equal),
        .instances =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref),
        .pins = g_ptr_array_new(),
        .rollouts = g_ptr_array_new(),
    };
    for (guint i = 0; i < actions->len; i++) {
        PlanAction *action = actions->pdata[i];
        index_instance(index, action);
        if (action->phase == PHASE_TOPICS)
            g_hash_table_insert(index->topics, (gpointer)action->name, action);
        else if (action->phase == PHASE_PINS)
            g_ptr_array_add(index->pins, action);
        else if (action->phase == PHASE_ROLLOUTS)
            g_ptr_array_add(index->rollouts, action);
    }
}

static void index_clear(Index *index) {
    g_hash_table_unref(index->topics);
    g_hash_table_unref(index->instances);
    g_ptr_array_unref(index->pins);
    g_ptr_array_unref(index->rollouts);
}

/* Whether an action waits for another of its instance. */
static bool waits_for_sibling(const PlanAction *action, const PlanAction *other) {
    if (action->phase == PHASE_CONNECTORS)
        return other->phase == PHASE_TOPICS ||
               (other->phase == PHASE_PINS && strcmp(action->address, other->address) == 0);
    return action->phase == PHASE_DELETE_TOPICS &&
           (other->phase == PHASE_CONNECTORS || other->phase == PHASE_DELETE_CONNECTORS);
}

static void add_siblings(const Index *index, const PlanAction *action, GHashTable *after) {
    g_autofree char *instance = instance_of(action);
    const GPtrArray *siblings = instance != NULL ? g_hash_table_lookup(index->instances, instance) : NULL;
    for (guint i = 0; siblings != NULL && i < siblings->len; i++)
        if (waits_for_sibling(action, siblings->pdata[i]))
            g_hash_table_add(after, ((PlanAction *)siblings->pdata[i])->id);
}

/* Topics that a config value names, alone or in a list. */
static void add_mentioned_topics(const Index *index, const DesiredConnector *connector, GHashTable *after) {
    GHashTableIter iterator;
    gpointer value;
    for (g_hash_table_iter_init(&iterator, connector->config);
         g_hash_table_iter_next(&iterator, NULL, &value);) {
        g_auto(GStrv) names = g_strsplit(((const Value *)value)->text, ",", -1);
        for (char **name = names; *name != NULL; name++) {
            const PlanAction *topic = g_hash_table_lookup(index->topics, g_strstrip(*name));
            if (topic != NULL)
                g_hash_table_add(after, topic->id);
        }
    }
}

static void add_of_cluster(const GPtrArray *others, const PlanAction *action, GHashTable *after) {
    for (guint i = 0; i < others->len; i++) {
        const PlanAction *other = others->pdata[i];
        if (strcmp(action->cluster, other->cluster) == 0)
            g_hash_table_add(after, other->id);
    }
}

static void add_dependencies(const Index *index, PlanAction *action) {
    g_autoptr(GHashTable) after = g_hash_table_new(g_str_hash, g_str_equal);
    add_siblings(index, action, after);
    if (action->phase == PHASE_ROLLOUTS)
        add_of_cluster(index->pins, action, after);
    if (action->phase == PHASE_CONNECTORS) {
        add_mentioned_topics(index, action->connector, after);
        add_of_cluster(index->rollouts, action, after);
    }
    GHashTableIter iterator;
    gpointer id;
    for (g_hash_table_iter_init(&iterator, after); g_hash_table_iter_next(&iterator, &id, NULL);)
        g_ptr_array_add(action->after, g_strdup(id));
}

void plan_dependencies(Planner *planner) {
    const GPtrArray *actions = planner->plan->actions;
    Index index;
    index_fill(&index, actions);
    for (guint i = 0; i < actions->len; i++)
        add_dependencies(&index, actions->pdata[i]);
    index_clear(&index);
}
