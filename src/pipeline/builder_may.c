/* SPDX-License-Identifier: Apache-2.0 */
/* Which repositories may run code here. An address is compared part by part, never as text: a text can begin
 * as another one does and mean another place. */
#include <stdlib.h>
#include <string.h>

#include "base/terminal.h"
#include "pipeline/builder.h"

/* Where an address leads, so that equal places have equal parts. */
typedef struct {
    char *scheme; /* https, http, ssh, git, file; "scp" for host:path, whose path is below a home */
    char *user;   /* NULL: none */
    char *host;   /* lower case; "" of a folder */
    char *port;   /* "" for the scheme's own */
    char **path;  /* names, decoded */
    bool below;   /* it ends in a slash: what is in it, not itself */
} Place;

static const struct {
    const char *name;
    const char *port; /* its own; NULL: it has no host */
    bool takes_user;  /* as a part of the address; else that is a credential */
} SCHEMES[] = {
    {"https", "443", false}, {"http", "80", false}, {"ssh", "22", true},
    {"git", "9418", false},  {"file", NULL, false},
};

static void place_free(Place *place) {
    g_free(place->scheme);
    g_free(place->user);
    g_free(place->host);
    g_free(place->port);
    g_strfreev(place->path);
    g_free(place);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Place, place_free)

/* --- Reading an address --------------------------------------------------------------------------------- */

/* One name of a path. What it says once decoded must not be a step, a separator, or encoded again. */
static char *read_name(const char *name, bool encoded) {
    g_autofree char *decoded =
        encoded ? g_uri_unescape_segment(name, name + strlen(name), "/\\%") : g_strdup(name);
    if (decoded == NULL || *decoded == '\0' || g_str_equal(decoded, ".") || g_str_equal(decoded, ".."))
        return NULL;
    for (const char *c = decoded; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c) || *c == '\\')
            return NULL;
    return g_steal_pointer(&decoded);
}

/* A path without its leading slash: names, and maybe one slash at its end. */
static bool read_path(Place *place, const char *text, bool encoded) {
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_auto(GStrv) parts = g_strsplit(text, "/", -1);
    gsize count = g_strv_length(parts);
    place->below = count > 0 && *parts[count - 1] == '\0';
    for (gsize i = 0; i < count - (place->below ? 1 : 0); i++) {
        g_autofree char *name = read_name(parts[i], encoded);
        if (name == NULL)
            return false;
        g_strv_builder_add(names, name);
    }
    place->path = g_strv_builder_end(names);
    return true;
}

static bool read_host(Place *place, const char *host) {
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
    place->host = g_ascii_strdown(host, -1);
    gsize length = strlen(place->host);
    bool literal = length > 2 && place->host[0] == '[' && place->host[length - 1] == ']';
    if (literal)
        return strspn(place->host + 1, "0123456789abcdef:.") == length - 2;
    return length > 0 && strspn(place->host, characters) == length;
}

static bool read_port(Place *place, const char *port, const char *own) {
    gsize length = strlen(port);
    if (length == 0 || length > 5 || strspn(port, "0123456789") != length)
        return false;
    place->port = g_strdup(g_str_equal(port, own) ? "" : port);
    return true;
}

/* [USER@]HOST[:PORT]; a password has no place in it. */
static bool read_authority(Place *place, const char *text, gsize scheme) {
    const char *at = strrchr(text, '@');
    const char *host = at != NULL ? at + 1 : text;
    const char *colon = strchr(*host == '[' ? host + strcspn(host, "]") : host, ':');
    g_autofree char *name = g_strndup(host, colon != NULL ? (gsize)(colon - host) : strlen(host));
    if (at != NULL) {
        place->user = g_strndup(text, at - text);
        if (!SCHEMES[scheme].takes_user || *place->user == '\0' || strpbrk(place->user, ":@%") != NULL)
            return false;
    }
    if (colon == NULL)
        place->port = g_strdup("");
    return read_host(place, name) && (colon == NULL || read_port(place, colon + 1, SCHEMES[scheme].port));
}

static bool read_url(Place *place, const char *text, const char *after_scheme) {
    place->scheme = g_ascii_strdown(text, after_scheme - text);
    const char *rest = after_scheme + strlen("://");
    const char *slash = strchr(rest, '/');
    g_autofree char *authority = g_strndup(rest, slash != NULL ? (gsize)(slash - rest) : strlen(rest));
    gsize scheme = 0;
    while (scheme < G_N_ELEMENTS(SCHEMES) && !g_str_equal(SCHEMES[scheme].name, place->scheme))
        scheme++;
    if (scheme == G_N_ELEMENTS(SCHEMES) || strpbrk(rest, "?#") != NULL)
        return false;
    if (SCHEMES[scheme].port == NULL)
        return *authority == '\0' && slash != NULL && read_path(place, slash + 1, true);
    return read_authority(place, authority, scheme) && read_path(place, slash != NULL ? slash + 1 : "", true);
}

/* [USER@]HOST:PATH, as ssh takes it. An absolute path is the one of ssh://HOST/PATH. */
static bool read_scp(Place *place, const char *text) {
    const char *colon = strchr(text, ':');
    if (colon == NULL || memchr(text, '/', (gsize)(colon - text)) != NULL)
        return false;
    g_autofree char *authority = g_strndup(text, colon - text);
    const char *path = colon + 1;
    const char *at = strrchr(authority, '@');
    place->scheme = g_strdup(*path == '/' ? "ssh" : "scp");
    place->port = g_strdup("");
    if (at != NULL)
        place->user = g_strndup(authority, at - authority);
    return read_host(place, at != NULL ? at + 1 : authority) && *path != ':' &&
           read_path(place, *path == '/' ? path + 1 : path, false);
}

/* A folder by its real path: a link in an allowed folder may lead out of it. */
static void follow_links(Place *place) {
    g_autofree char *joined = g_strjoinv("/", place->path);
    g_autofree char *path = g_strconcat("/", joined, NULL);
    g_autofree char *real = realpath(path, NULL);
    if (real == NULL)
        return;
    g_strfreev(place->path);
    place->path = g_strsplit(real + 1, "/", -1);
    if (real[1] == '\0')
        g_clear_pointer(&place->path[0], g_free);
}

static bool is_clean(const char *text) {
    for (const char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c) || g_ascii_isspace(*c) || *c == '\\')
            return false;
    return *text != '\0' && *text != '-' && g_utf8_validate(text, -1, NULL);
}

/* NULL for an address that is not plainly one place. */
static Place *place_read(const char *text) {
    g_autoptr(Place) place = g_new0(Place, 1);
    const char *after_scheme = strstr(text, "://");
    bool read = false;
    if (!is_clean(text))
        return NULL;
    if (*text == '/') {
        place->scheme = g_strdup("file");
        read = read_path(place, text + 1, false);
    } else {
        read = after_scheme != NULL ? read_url(place, text, after_scheme) : read_scp(place, text);
    }
    if (!read)
        return NULL;
    if (g_str_equal(place->scheme, "file"))
        follow_links(place);
    return g_steal_pointer(&place);
}

/* --- Comparing ------------------------------------------------------------------------------------------ */

static bool holds(const Place *allowed, const Place *place) {
    if (!g_str_equal(allowed->scheme, place->scheme) || g_strcmp0(allowed->user, place->user) != 0 ||
        g_strcmp0(allowed->host, place->host) != 0 || g_strcmp0(allowed->port, place->port) != 0)
        return false;
    gsize names = g_strv_length(allowed->path);
    gsize all = g_strv_length(place->path);
    if (all < names + (allowed->below ? 1 : 0) || all == 0)
        return false;
    for (gsize i = 0; i < names; i++)
        if (!g_str_equal(allowed->path[i], place->path[i]))
            return false;
    return true;
}

/* Fails for an address that may hold a password anywhere. */
static bool fail_unclear(const char *git, GError **error) {
    const char *at = strrchr(git, '@');
    const char *scheme = strstr(git, "://");
    g_autofree char *before = scheme != NULL && at > scheme ? g_strndup(git, scheme + 3 - git) : g_strdup("");
    g_autofree char *whole = g_strconcat(before, at != NULL ? at + 1 : git, NULL);
    g_autofree char *shown = terminal_clean(whole);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED,
              "it is https://…, ssh://… or a folder's absolute path, without passwords, steps up and encoded "
              "slashes",
              "the repository '%s' may not be built: its address is not plainly one place", shown);
    return false;
}

bool builder_may(const PipelineSettings *settings, const char *git, GError **error) {
    g_autoptr(Place) place = place_read(git);
    if (place == NULL)
        return fail_unclear(git, error);
    for (char **from = settings->build_from; from != NULL && *from != NULL; from++) {
        g_autoptr(Place) allowed = place_read(*from);
        if (allowed != NULL && holds(allowed, place))
            return true;
    }
    g_autofree char *hint = g_strdup_printf("add it to the server's file: build: { from: [\"%s\"] }", git);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED, hint, "the repository '%s' may not be built here",
              git);
    return false;
}
