/* SPDX-License-Identifier: Apache-2.0 */
/* What runs in an environment, for people and for programs. */
#pragma once

#include <stdio.h>

#include "declare/declare.h"
#include "engine/status.h"

/* A table of resources, what is wrong with them, and lines that sum up. */
void status_view_print(FILE *stream, bool colour, const EnvironmentStatus *status,
                       const Environment *environment);

/* {"environment","healthy","resources":[…],"waiting","missing","holder","last"}, a new reference. */
json_t *status_view_to_json(const EnvironmentStatus *status, const Environment *environment);
