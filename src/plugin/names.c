/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/names.h"

#include <string.h>

enum { NAME_LIMIT = 128, PATH_LIMIT = 2048 };

bool name_is_valid(const char *text) {
    gsize length = strlen(text);
    return length > 0 && length <= NAME_LIMIT && g_ascii_isalpha(text[0]) &&
           strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-") == length;
}

bool hex_is_valid(const char *text, gsize length) {
    return strlen(text) == length && strspn(text, G_CSET_DIGITS "abcdef") == length;
}

static bool has_control(const char *text) {
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl(*text))
            return true;
    return false;
}

bool path_is_contained(const char *path) {
    if (path[0] == '\0' || strlen(path) > PATH_LIMIT || has_control(path) || strchr(path, '\\') != NULL)
        return false;
    g_auto(GStrv) segments = g_strsplit(path, "/", -1);
    for (char **segment = segments; *segment != NULL; segment++)
        if (**segment == '\0' || g_str_equal(*segment, ".") || g_str_equal(*segment, ".."))
            return false;
    return true;
}

bool url_is_plain(const char *url) {
    if (strlen(url) > PATH_LIMIT || has_control(url) || strchr(url, ' ') != NULL)
        return false;
    const char *authority = g_str_has_prefix(url, "https://")  ? url + strlen("https://")
                            : g_str_has_prefix(url, "http://") ? url + strlen("http://")
                                                               : "";
    gsize length = strcspn(authority, "/?#");
    return length > 0 && memchr(authority, '@', length) == NULL;
}

bool repository_url_is_valid(const char *url) {
    const char *folder = g_str_has_prefix(url, "file://") ? url + strlen("file://") : url;
    return url_is_plain(url) || (folder[0] == '/' && strlen(folder) <= PATH_LIMIT && !has_control(folder));
}
