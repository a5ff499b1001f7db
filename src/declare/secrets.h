/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values from outside of Git: environment variables, and the environment's `secrets:` from a variable, a file
 * or a command. They are read when they are used, once, and only where the options say so; on a server, as
 * its trust says.
 */
#pragma once

#include "declare/loader.h"

/* Checks `secrets:` of an environment (may be NULL) and keeps it for secrets_named(). */
void secrets_declare(Loader *loader, const Datum *secrets);

/* The value of ${env.NAME} or ${secret.NAME} used at `at`; `written` stands for it where it isn't read. NULL
 * with a mistake. */
const Datum *secrets_env(Loader *loader, const char *name, const char *written, Position at);
const Datum *secrets_named(Loader *loader, const char *name, const char *written, Position at);

/* Checks { env: …} | { file: … } | { command: […] } and reads it; *text (owned by the loader) is NULL where
 * secrets are not read. False with a mistake. `what` names it in messages. */
bool secrets_source_read(Loader *loader, const Datum *source, const char *what, Position at,
                         const char **text);
