/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What moved from one lock of an environment to the next, and the way back.
 */
#pragma once

#include "plugin/lock.h"

/* Plugins whose current version, and instances whose pin, differ from what `before` has of them; what
 * `before` lacks can't go back and is left out:
 * [{"kind": "plugin"|"module", "name", "version"}] with the version, or commit, that `after` has; a new
 * reference. */
json_t *lock_moves(const Lock *before, const Lock *after);

/* Takes back in `lock` what is in `moves` and still stands there, from `before`; each plugin's version is
 * held, because of `why` and `run`. Gives a sentence of what went back ("orders-source to 1.1.0"), the caller
 * frees it; NULL where nothing did. */
char *lock_take_back(Lock *lock, const Lock *before, const json_t *moves, const char *why, const char *run);
