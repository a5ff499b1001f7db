/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of what a promotion, or pinning, changes.
 */
#pragma once

#include "declare/declare.h"

/* A new list of PromotionChange. */
GPtrArray *changes_new(void);

/* Adds one of a module (`instance`) or of a plugin (`plugin`), the other being NULL. Owned by the list. */
PromotionChange *changes_add(GPtrArray *changes, const char *instance, const char *plugin, const char *before,
                             const char *after);
