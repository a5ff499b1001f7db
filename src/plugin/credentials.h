/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to say to a repository that asks who we are. Never part of a message.
 */
#pragma once

#include "plugin/repository.h"
#include "plugin/settings.h"

typedef struct {
    char *username; /* basic authentication, with password */
    char *password;
    char *token; /* Authorization: Bearer; NULL: none */
} Credentials;
void credentials_free(Credentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Credentials, credentials_free)

/* Credentials of the server `id` (may be NULL: then netrc alone) at `url`, from the first that has some: the
 * declarations (`spec`, may be NULL), SLUICE_REPOSITORY_<ID>_TOKEN, or _USERNAME and _PASSWORD (or the same
 * with _FILE: a file that holds it), settings.xml, netrc. Never NULL but for an error; empty where there are
 * none. */
Credentials *credentials_find(const char *id, const char *url, const RepositorySpec *spec,
                              const Settings *settings, GError **error);

/* The names of a repository's variables, for a hint: "SLUICE_REPOSITORY_ACME_USERNAME and …_PASSWORD". The
 * caller frees it. */
char *credentials_hint(const char *id);

/* Reads the login of `host` from netrc's text; false where it has none. */
bool credentials_parse_netrc(const char *text, const char *host, Credentials *credentials);
