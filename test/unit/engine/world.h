/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An environment without a network, for the tests of this folder: what is declared, owned and live is put
 * together by hand. Its Connect cluster "main" is of 4.3.1, has class com.acme.Source in 1.0.0, and finds
 * every config valid.
 */
#pragma once

#include "../connect/fake_worker.h"
#include "engine/plan.h"
#include "engine/recover.h"

#define WORLD_CLASS "com.acme.Source"

typedef struct {
    char *folder;
    FakeWorker *worker;
    Environment *environment;
    Engine *engine;
    Live *live;
    const char *targets[2];
} World;

void world_set_up(World *world, gconstpointer data);
void world_tear_down(World *world, gconstpointer data);
#define WORLD_TEST(path, function) g_test_add(path, World, NULL, world_set_up, function, world_tear_down)

/* Declares; the result is the environment's, to refine. A topic has 6 partitions in 3 replicas, a connector
 * is of WORLD_CLASS, has no plugin, one task and the key url. */
DesiredTopic *world_declare_topic(World *world, const char *address, const char *name);
DesiredConnector *world_declare_connector(World *world, const char *address, const char *name);
void world_config(GHashTable *config, const char *key, const char *value, bool sensitive);

/* Takes the last declared topic or connector back. */
void world_undeclare_topic(World *world);
void world_undeclare_connector(World *world);

/* Makes live what is declared; the result is of `live`, to refine. */
KafkaTopic *world_run_topic(World *world, const DesiredTopic *topic);
Connector *world_run_connector(World *world, const DesiredConnector *connector);

/* A record of what is declared as if it had been applied; the caller frees it. */
ResourceRecord *world_topic_record(World *world, const DesiredTopic *topic);
ResourceRecord *world_connector_record(World *world, const DesiredConnector *connector);
/* Stores a record, an intent or both (either may be NULL). */
void world_store(World *world, const ResourceRecord *record, const IntentRecord *intent);
/* Stores that what is declared was applied. */
void world_own_topic(World *world, const DesiredTopic *topic);
void world_own_connector(World *world, const DesiredConnector *connector);

Plan *world_plan(World *world);
/* The action with this id; NULL where there is none. */
PlanAction *world_action(const Plan *plan, const char *id);
/* Ids of the actions that an action waits for, joined by blanks; the caller frees it. */
char *world_after(const Plan *plan, const char *id);
