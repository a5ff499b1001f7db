/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adopting what runs: a declared resource that is live under its name is taken into the state as it is.
 * Nothing live changes.
 */
#pragma once

#include "engine/live.h"

/* Imports declared resources by their addresses (NULL-terminated), all or none, under the lease. Gives those
 * that were imported (char *, may be fewer: one that is in the state already is passed over).
 * ENGINE_ERROR_NOT_FOUND names an address that isn't declared, or a resource that isn't live. */
GPtrArray *import_resources(Engine *engine, const char *const *addresses, GError **error);
