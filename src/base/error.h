/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors with a hint.
 *
 * Every folder has one error domain, declared by ERROR_DECLARE_DOMAIN in its error header and registered
 * here, so that a hint ("did you mean …", "run: …") travels with a GError through prefixing, propagation and
 * copying. Errors go straight down (`error` is passed on) and get context on the way up with
 * g_prefix_error().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Declares `GQuark PREFIX_error_quark(void)`; use it as `#define PREFIX_ERROR (PREFIX_error_quark())`. */
#define ERROR_DECLARE_DOMAIN(prefix) GQuark prefix##_error_quark(void)

/* Defines the above, once, in a .c of the folder. */
#define ERROR_DEFINE_DOMAIN(prefix)                                              \
    GQuark prefix##_error_quark(void) {                                          \
        static gsize quark = 0;                                                  \
        if (g_once_init_enter(&quark))                                           \
            g_once_init_leave(&quark, error_domain_register("sluice-" #prefix)); \
        return (GQuark)quark;                                                    \
    }

/* Registers a domain whose errors can carry a hint. `name` must be a literal. */
GQuark error_domain_register(const char *name);

/* Sets `*error` (may be NULL: then nothing) with a message and, when `hint` is not NULL, a copy of the hint.
 * The domain must come from error_domain_register(). */
void error_set(GError **error, GQuark domain, int code, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/* Gives `*error` a hint when it is of ours and has none yet; otherwise does nothing. */
void error_add_hint(GError *error, const char *hint, ...) G_GNUC_PRINTF(2, 3);

/* The hint of an error, owned by it; NULL where there is none or the error is not of ours. */
const char *error_hint(const GError *error);

ERROR_DECLARE_DOMAIN(base);
#define BASE_ERROR (base_error_quark())

typedef enum {
    BASE_ERROR_FAILED,    /* an operating system call failed */
    BASE_ERROR_NOT_FOUND, /* no such file, program, commit or address */
    BASE_ERROR_LIMIT,     /* an input or output is larger than its limit */
    BASE_ERROR_SYNTAX,    /* not well-formed */
    BASE_ERROR_TIMEOUT,   /* a deadline passed; whether the work was done is unknown */
    BASE_ERROR_CONNECT,   /* no connection could be made: the request was not sent */
    BASE_ERROR_BROKEN,    /* a connection broke after the request may have been sent */
    BASE_ERROR_CANCELLED, /* a person or the caller cancelled */
    BASE_ERROR_EXIT,      /* a process ended with a status other than 0 */
} BaseError;
