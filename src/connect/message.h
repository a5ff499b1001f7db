/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker says of a request that it refuses, made fit for people.
 */
#pragma once

#include <glib.h>

#include "base/http.h"
#include "connect/secrets.h"

/* The "message" of an answer; a page is called by its title; anything else is its own first text. The caller
 * frees it. */
char *message_read(const HttpResponse *response);

/* A message on one line: without Connect's frame around the errors of a config and its list of all plugins,
 * and cleaned of secrets. Where the config holds references ("${file:…}"), a connector's own words may quote
 * what they resolve to: then only errors in Connect's wording are shown. The caller frees it. */
char *message_show(const char *message, const Secrets *secrets);
