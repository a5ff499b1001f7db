/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a record's JSON apart. The first thing that is wrong is kept and the rest reads as nothing, so that a
 * record is read from top to bottom and asked once, at its end, whether all was well.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"

typedef struct {
    const char *key;      /* of the record */
    const char *member;   /* the object that is being read, for messages; NULL: the record itself */
    const json_t *object; /* an empty one where there is none: never NULL but in json's own sense */
    char *problem;        /* what is wrong; NULL so far */
    bool newer;           /* the record is of a newer version */
} Reader;

/* Starts with a record, whose "v" must be `version`. */
Reader reader_start(const char *key, const json_t *value, int version);
/* False, with STORE_ERROR_FORMAT naming the record, where anything was wrong. */
bool reader_end(Reader *reader, GError **error);

/* A member that is an object; leave it before reading on in `reader`. */
Reader reader_enter(Reader *reader, const char *member);
void reader_leave(Reader *reader, Reader *inner);

/* Says that `member` should have been `expected` ("text"). */
void reader_fail(Reader *reader, const char *member, const char *expected);

/* Text that is not empty, owned by the caller; NULL where it is wrong. The second may be null or missing. */
char *reader_text(Reader *reader, const char *member);
char *reader_optional_text(Reader *reader, const char *member);
/* A list of texts, which may be missing; NULL-terminated, never NULL. */
char **reader_texts(Reader *reader, const char *member);
gint64 reader_integer(Reader *reader, const char *member, gint64 least, gint64 most);
double reader_number(Reader *reader, const char *member, double least, double most);
bool reader_boolean(Reader *reader, const char *member);
/* The place of a text in the NULL-terminated `names`; 0 where it is wrong. */
int reader_choice(Reader *reader, const char *member, const char *const *names);
