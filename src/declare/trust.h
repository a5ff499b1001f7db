/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server's trust (DeclareOptions) makes of declarations. Without one, on a person's own machine, all
 * of this lets everything pass.
 */
#pragma once

#include "declare/loader.h"

/* Whether declarations may read an environment variable; false with a mistake. */
bool trust_allows_env(Loader *loader, const char *name, Position at);

/* Where the server reads a secret; NULL with a mistake where it gives none of that name. Only with a trust.
 */
const SecretSource *trust_secret(Loader *loader, const char *name, Position at);

/* Puts the server's command in the place of what the declarations of a Connect cluster would run; refuses the
 * rollout where it has none. */
void trust_take_rollout(const Loader *loader, const char *cluster, RolloutSpec *rollout);
