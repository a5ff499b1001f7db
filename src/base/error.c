/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

/* GLib keeps a domain's private part right before the GError, padded to two words. */
typedef struct {
    char *hint;
    gpointer padding;
} ErrorPrivate;

G_STATIC_ASSERT(sizeof(ErrorPrivate) == 2 * sizeof(gsize));

static ErrorPrivate *private_of(const GError *error) {
    return (ErrorPrivate *)((guint8 *)error - sizeof(ErrorPrivate));
}

static void private_init(GError *error) {
    private_of(error)->hint = NULL;
}

static void private_copy(const GError *source, GError *copy) {
    private_of(copy)->hint = g_strdup(private_of(source)->hint);
}

static void private_clear(GError *error) {
    g_free(private_of(error)->hint);
}

GQuark error_domain_register(const char *name) {
    return g_error_domain_register_static(name, sizeof(ErrorPrivate), private_init, private_copy,
                                          private_clear);
}

ERROR_DEFINE_DOMAIN(base)

static bool is_ours(GQuark domain) {
    return g_str_has_prefix(g_quark_to_string(domain), "sluice-");
}

void error_set(GError **error, GQuark domain, int code, const char *hint, const char *format, ...) {
    if (error == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    GError *made = g_error_new_valist(domain, code, format, arguments);
    va_end(arguments);
    private_of(made)->hint = g_strdup(hint);
    g_propagate_error(error, made);
}

void error_add_hint(GError *error, const char *hint, ...) {
    if (!is_ours(error->domain) || private_of(error)->hint != NULL)
        return;
    va_list arguments;
    va_start(arguments, hint);
    private_of(error)->hint = g_strdup_vprintf(hint, arguments);
    va_end(arguments);
}

const char *error_hint(const GError *error) {
    return error != NULL && is_ours(error->domain) ? private_of(error)->hint : NULL;
}
