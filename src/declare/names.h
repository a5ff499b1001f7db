/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What things may be called.
 */
#pragma once

#include "declare/loader.h"

/* Environments, instances, rows, keys, variables, secrets, plugins, Connect clusters, repositories:
 * [A-Za-z][A-Za-z0-9_-]*, at most 128 long. `what` names the kind of thing. False with a mistake. */
bool name_check(Loader *loader, const char *what, const char *name, Position at);

/* Environment variables: [A-Za-z_][A-Za-z0-9_]*. */
bool name_check_env(Loader *loader, const char *name, Position at);

/* Kafka's topics: letters, digits, '.', '_' and '-', at most 249, not "." or "..". */
bool name_check_topic(Loader *loader, const char *name, Position at);

/* A connector's name on the worker: whatever its REST API can address again. */
bool name_check_connector(Loader *loader, const char *name, Position at);
