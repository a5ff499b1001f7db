/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/planner.h"

static bool same_instance(const char *left, const char *right) {
    const char *end = strchr(left, '/');
    return end != NULL && strncmp(left, right, (gsize)(end - left) + 1) == 0 &&
           !g_str_has_prefix(left, "topic/");
}

/* Whether a config value is the topic's name, or a list that has it. */
static bool mentions_topic(const DesiredConnector *connector, const char *topic) {
    GHashTableIter iterator;
    gpointer value;
    for (g_hash_table_iter_init(&iterator, connector->config);
         g_hash_table_iter_next(&iterator, NULL, &value);) {
        const char *text = ((const Value *)value)->text;
        if (strstr(text, topic) == NULL)
            continue;
        g_auto(GStrv) names = g_strsplit(text, ",", -1);
        for (char **name = names; *name != NULL; name++)
            if (strcmp(g_strstrip(*name), topic) == 0)
                return true;
    }
    return false;
}

static bool depends(const PlanAction *action, const PlanAction *other) {
    switch (other->phase) {
    case PHASE_TOPICS:
        return action->phase == PHASE_CONNECTORS && (same_instance(action->address, other->address) ||
                                                     mentions_topic(action->connector, other->name));
    case PHASE_PINS:
        return strcmp(action->cluster, other->cluster) == 0 &&
               (action->phase == PHASE_ROLLOUTS || strcmp(action->address, other->address) == 0);
    case PHASE_ROLLOUTS:
        return strcmp(action->cluster, other->cluster) == 0;
    case PHASE_DELETE_CONNECTORS:
    case PHASE_CONNECTORS:
        return action->phase == PHASE_DELETE_TOPICS && same_instance(action->address, other->address);
    case PHASE_DELETE_TOPICS:
    case PHASES:
        break;
    }
    return false;
}

void plan_dependencies(Planner *planner) {
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    const GPtrArray *actions = planner->plan->actions;
    for (guint i = 0; i < actions->len; i++) {
        PlanAction *action = actions->pdata[i];
        for (guint j = 0; j < wanted->len; j++) {
            const PlanAction *other = wanted->pdata[j];
            if (other->phase < action->phase && depends(action, other))
                g_ptr_array_add(action->after, g_strdup(other->id));
        }
        g_ptr_array_add(wanted, action);
    }
}
