/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two kinds of ${…}: Sluice's own (a word, a dot, a name), which are evaluated here, and those of Kafka
 * Connect's config providers (with a colon), which go through untouched. "$${" is a literal "${".
 */
#pragma once

#include "base/document.h"
#include "declare/loader.h"

/* What expressions may name at some place; NULL or false: not there. */
typedef struct {
    const char *environment;
    const char *instance;
    GHashTable *variables; /* name → const Datum */
    bool secrets;          /* env and secret */
} Scope;

/* The value of a node, all expressions in it evaluated; what is wrong was reported and is DATUM_BROKEN. NULL
 * for NULL. */
const Datum *evaluate(Loader *loader, const Scope *scope, const Node *node);
