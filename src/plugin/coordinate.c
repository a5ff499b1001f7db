/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/coordinate.h"

#include <string.h>

enum { PARTS_MIN = 2, PARTS_MAX = 4, COORDINATE_LIMIT = 512 };

#define PART_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-"

/* No part may be empty, hidden or a step up once its dots or the whole of it become folders. */
static bool part_is_valid(const char *part) {
    return part[0] != '\0' && part[0] != '.' && strspn(part, PART_CHARACTERS) == strlen(part) &&
           !g_str_has_suffix(part, ".") && strstr(part, "..") == NULL;
}

static const char *find_fault(const char *text, char **parts) {
    guint count = g_strv_length(parts);
    if (strlen(text) > COORDINATE_LIMIT)
        return "it is longer than 512 characters";
    if (count < PARTS_MIN)
        return "it needs a group and an artifact: group:artifact";
    if (count > PARTS_MAX)
        return "it has more than four parts: group:artifact[:extension[:classifier]], the version is said "
               "apart";
    for (guint i = 0; i < count; i++)
        if (!part_is_valid(parts[i]))
            return "its parts are letters, digits, '.', '-' and '_', and none is empty";
    return NULL;
}

Coordinate *coordinate_parse(const char *text, const char **why) {
    g_auto(GStrv) parts = g_strsplit(text, ":", PARTS_MAX + 1);
    const char *fault = find_fault(text, parts);
    if (fault != NULL) {
        if (why != NULL)
            *why = fault;
        return NULL;
    }
    guint count = g_strv_length(parts);
    Coordinate *coordinate = g_new0(Coordinate, 1);
    coordinate->group = g_strdup(parts[0]);
    coordinate->artifact = g_strdup(parts[1]);
    coordinate->extension = g_strdup(count > 2 ? parts[2] : "jar");
    coordinate->classifier = g_strdup(count > 3 ? parts[3] : NULL);
    return coordinate;
}

void coordinate_free(Coordinate *coordinate) {
    if (coordinate == NULL)
        return;
    g_free(coordinate->group);
    g_free(coordinate->artifact);
    g_free(coordinate->extension);
    g_free(coordinate->classifier);
    g_free(coordinate);
}

Coordinate *coordinate_sibling(const Coordinate *coordinate, const char *extension) {
    Coordinate *sibling = g_new0(Coordinate, 1);
    sibling->group = g_strdup(coordinate->group);
    sibling->artifact = g_strdup(coordinate->artifact);
    sibling->extension = g_strdup(extension);
    return sibling;
}

char *coordinate_to_text(const Coordinate *coordinate) {
    bool is_plain = coordinate->classifier == NULL && g_str_equal(coordinate->extension, "jar");
    const char *extension = is_plain ? NULL : coordinate->extension;
    return g_strconcat(coordinate->group, ":", coordinate->artifact, extension != NULL ? ":" : "",
                       extension != NULL ? extension : "", coordinate->classifier != NULL ? ":" : "",
                       coordinate->classifier, NULL);
}

char *coordinate_folder(const Coordinate *coordinate) {
    g_autofree char *group = g_strdelimit(g_strdup(coordinate->group), ".", '/');
    return g_strconcat(group, "/", coordinate->artifact, NULL);
}

char *coordinate_path(const Coordinate *coordinate, const char *version, const char *resolved) {
    g_autofree char *folder = coordinate_folder(coordinate);
    const char *classifier = coordinate->classifier;
    return g_strconcat(folder, "/", version, "/", coordinate->artifact, "-", resolved,
                       classifier != NULL ? "-" : "", classifier != NULL ? classifier : "", ".",
                       coordinate->extension, NULL);
}
