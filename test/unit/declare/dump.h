/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rendered environment as JSON, for golden files. Sensitive values are shown as "(sensitive)", paths below
 * the declarations as "ROOT/…".
 */
#pragma once

#include "declare/declare.h"

/* Pretty-printed; the caller frees it. */
char *environment_dump(const Environment *environment);
