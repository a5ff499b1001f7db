/* SPDX-License-Identifier: Apache-2.0 */
/* One key's old and new value as words for people: on one line, short, no secret. */
#pragma once

#include "engine/plan.h"

typedef struct {
    char *old_text; /* NULL: nothing to show */
    char *new_text; /* NULL: nothing to show */
} ValuePair;

ValuePair value_pair(const PlanChange *change);
void value_pair_clear(ValuePair *pair);
