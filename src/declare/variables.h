/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed variables of a module, and the values that an instance gives them.
 */
#pragma once

#include "declare/loader.h"

/* Where an instance's values come from, each over those before it; NULL where there are none. */
typedef struct {
    const char *instance;
    Position at;         /* of the instance */
    const Datum *common; /* its `variables:` */
    const Datum *rows;   /* all of its `for_each:` */
    const Datum *row;    /* the row at hand */
    Position row_at;
    const Datum *overrides; /* of the command line */
} Given;

/* Checks a module's `variables:` (may be NULL) and what is given, and gives every declared variable its
 * value: a new GHashTable name → const Datum, DATUM_BROKEN where a mistake was reported. `module` names it in
 * messages. */
GHashTable *variables_bind(Loader *loader, const char *module, const Datum *declarations, const Given *given);
