/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that a mapping may have, as tables: unknown ones, missing ones and those of another kind are
 * mistakes, all reported at once. What follows reads values without checking again: a key of a wrong kind
 * reads as if it weren't there.
 */
#pragma once

#include "declare/loader.h"

typedef enum {
    FIELD_TEXT,     /* a scalar that isn't empty */
    FIELD_INTEGER,  /* a whole number */
    FIELD_BOOLEAN,  /* true or false */
    FIELD_DURATION, /* 30s */
    FIELD_CHOICE,   /* one of `choices` */
    FIELD_TEXTS,    /* a list of texts */
    FIELD_LIST,     /* a list; "nothing" is an empty one */
    FIELD_MAP,      /* a mapping; "nothing" is an empty one */
    FIELD_ANY,      /* its reader says */
} FieldKind;

enum {
    FIELD_REQUIRED = 1 << 0,
    FIELD_PUBLIC = 1 << 1, /* shown in plans and state: no sensitive value */
};

typedef struct {
    const char *key; /* NULL ends the table */
    FieldKind kind;
    int flags;
    const char *const *choices; /* of FIELD_CHOICE, NULL-terminated */
    const char
        *refusal; /* why a key that one might expect isn't taken: the message's end; NULL: it is taken */
} Field;

typedef struct {
    const char *what; /* "a connector" */
    const Field *fields;
} Schema;

/* Checks a mapping; `at` is where a missing key is reported. False where there is nothing to read: no mapping
 * (reported) or a broken one. True even when some of its keys are wrong. */
bool schema_check(Loader *loader, const Schema *schema, const Datum *map, Position at);

/* A mapping of names of the user's, called `what`: true when there is one to read; a reported mistake when it
 * is of another kind. NULL and nothing are false without a mistake. */
bool schema_check_map(Loader *loader, const Datum *map, const char *what);

/* Values of a mapping that was checked; NULL, false or the fallback where they aren't there or are of a wrong
 * kind. */
const char *schema_text(const Datum *map, const char *key);
const Datum *schema_scalar(const Datum *map, const char *key);
gint64 schema_integer(const Datum *map, const char *key, gint64 fallback);
bool schema_boolean(const Datum *map, const char *key, bool fallback);
gint64 schema_duration(const Datum *map, const char *key, gint64 fallback);
/* The index of the value in its field's choices. */
int schema_choice(const Datum *map, const char *key, const char *const *choices, int fallback);
/* A new list, NULL-terminated; empty where there is none. */
char **schema_texts(const Datum *map, const char *key);
char **schema_texts_of(const Datum *list);

/* Whether a key is there and is no "nothing". */
bool schema_has(const Datum *map, const char *key);

/* "a, b or c", the caller frees it. */
char *schema_join(const char *const *words, const char *last);
