/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our repositories a webhook means: forges give several addresses for one. */
#pragma once

#include <stdbool.h>

/* Whether two addresses name the same repository, however they reach it: by HTTPS or SSH, as a user, at a
 * port, with ".git" or without, in letters of either case. */
bool poll_is_same_place(const char *left, const char *right);
