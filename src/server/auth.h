/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks: a person by the token in `Authorization: Bearer`, or by the cookie that signing in gave. Only
 * SHA-256 of tokens are known. A cookie says who it is of and until when, under a key that the data folder
 * keeps; it is bound to the person's token, so that a new token in the server's file ends it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "pipeline/person.h"

#define AUTH_COOKIE "sluice_session"
enum { AUTH_SESSION_S = 12 * 60 * 60 };

typedef struct Auth Auth;

/* `people` (Person) is borrowed and outlives it. Makes the key in the `data` folder where there is none. */
Auth *auth_new(const GPtrArray *people, const char *data, GError **error);
void auth_free(Auth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Auth, auth_free)

/* The person of a token, NULL for nobody's. Takes as long for every token. */
const Person *auth_by_token(const Auth *auth, const char *token);

/* A cookie's value for a person, good until AUTH_SESSION_S after `now` (seconds since 1970); the caller frees
 * it. And the person of one, NULL where it is forged, too old or of another token. */
char *auth_cookie(const Auth *auth, const Person *person, gint64 now);
const Person *auth_by_cookie(const Auth *auth, const char *cookie, gint64 now);

/* Failed attempts to sign in, by address: whether one more may be tried at `now` (seconds of any clock that
 * goes on), and that one failed. Ten a minute; the table is bounded. */
bool auth_may_try(Auth *auth, const char *address, gint64 now);
void auth_failed(Auth *auth, const char *address, gint64 now);
