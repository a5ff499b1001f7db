/* SPDX-License-Identifier: Apache-2.0 */
/* What the lock learns from workers: the versions that the classes of a locked artifact report. */
#pragma once

#include "engine/live.h"

/* Writes into the lock's file what is new of `reports`, so far as every worker agrees, for the bytes that the
 * engine's lock has: what others locked meanwhile stays as they did. Gives the plugins' names (char *, maybe
 * none). */
GPtrArray *learn_reports(Engine *engine, const Live *live, GError **error);
