/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value of a declaration after its expressions were evaluated: what every section is read from. A datum
 * never changes once it is made, and belongs to its loader.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diagnostics.h"

/* DATUM_BROKEN stands for what a mistake was already reported of: readers pass over it in silence. */
typedef enum { DATUM_SCALAR, DATUM_LIST, DATUM_MAP, DATUM_BROKEN } DatumKind;

typedef struct Datum Datum;
struct Datum {
    DatumKind kind;
    char *text;        /* of a scalar */
    bool quoted;       /* a scalar that is text whatever it looks like */
    bool sensitive;    /* its variable says so */
    bool secret;       /* something of it came from env or secret */
    bool unread;       /* … which were not read */
    Position position; /* where it is used */
    Position origin;   /* where its value was written: the same but for a variable's */
    GPtrArray *items;  /* of a list or map: Datum */
    GPtrArray *keys;   /* of a map: Datum scalars, beside items */
};

void datum_free(Datum *datum);

/* The value of `key` in a map, NULL where it isn't there (or the datum is NULL or no map). */
const Datum *datum_get(const Datum *map, const char *key);
/* The key's own datum, or NULL. */
const Datum *datum_get_key(const Datum *map, const char *key);

bool datum_is_null(const Datum *datum);
bool datum_integer(const Datum *datum, gint64 *value);
bool datum_number(const Datum *datum, double *value);
bool datum_boolean(const Datum *datum, bool *value);

/* Whether its text says nothing yet: secrets that were not read, or a config provider's reference. */
bool datum_is_deferred(const Datum *datum);
/* Whether any part of it may not be shown; nothing but one ${provider:…} may. */
bool datum_is_sensitive(const Datum *datum);

/* "leave out the quotes" where that would make a number or boolean of it, else NULL. */
const char *datum_unquoted_hint(const Datum *datum);

/* "text", "a list", … for messages. */
const char *datum_kind_name(const Datum *datum);
/* "'abc'" for messages, cut when long, or "a sensitive value"; the caller frees it. */
char *datum_show(const Datum *datum);
