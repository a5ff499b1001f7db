/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every path of the server: a row says the method, who may, how large a body may be, and the function that
 * answers. src/server/openapi.yaml describes the same to others; a test holds one to the other.
 */
#pragma once

#include "server/answer.h"
#include "server/request.h"

typedef Answer *(*Handler)(const Request *request, GError **error);

struct Route {
    const char *method;
    const char *path; /* {name} stands for one part of it */
    int role;         /* the least Role; 0: everyone, whoever they are */
    gsize body_limit; /* bytes; 0: no body is taken */
    Handler handler;
};

/* All of them, ending with a row without a method; the count without it. */
const Route *routes_all(void);
gsize routes_count(void);

/* The route of a method (HEAD counts as GET) and path; *parameter (owned by the caller) is what stands for
 * its {…}, else NULL. NULL with SERVER_ERROR_METHOD, `*allowed` (owned by the caller) naming the methods that
 * the path has, or SERVER_ERROR_NOT_FOUND. */
const Route *routes_find(const char *method, const char *path, char **parameter, char **allowed,
                         GError **error);

/* Whether mistakes are told as JSON there; elsewhere as text. */
bool routes_speak_json(const char *path);
