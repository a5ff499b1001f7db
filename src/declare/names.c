/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/names.h"

#include <string.h>

#include "plugin/names.h"

#define TOPIC_NAME_LIMIT 249

static bool consists_of(const char *text, const char *others) {
    for (; *text != '\0'; text++)
        if (!g_ascii_isalnum(*text) && strchr(others, *text) == NULL)
            return false;
    return true;
}

bool name_check(Loader *loader, const char *what, const char *name, Position at) {
    if (name_is_valid(name))
        return true;
    loader_mistake(loader, at, "a letter, then letters, digits, '_' and '-', at most 128",
                   "'%s' can't be the name of %s %s", name, strchr("aeiou", what[0]) != NULL ? "an" : "a",
                   what);
    return false;
}

bool name_check_env(Loader *loader, const char *name, Position at) {
    if ((g_ascii_isalpha(name[0]) || name[0] == '_') && consists_of(name, "_"))
        return true;
    loader_mistake(loader, at, "letters, digits and '_'", "'%s' can't be the name of an environment variable",
                   name);
    return false;
}

bool name_check_topic(Loader *loader, const char *name, Position at) {
    bool dots = g_str_equal(name, ".") || g_str_equal(name, "..");
    if (name[0] != '\0' && strlen(name) <= TOPIC_NAME_LIMIT && consists_of(name, "._-") && !dots)
        return true;
    loader_mistake(loader, at, "Kafka takes letters, digits, '.', '_' and '-', at most 249",
                   "'%s' can't be the name of a topic", name);
    return false;
}

bool name_check_connector(Loader *loader, const char *name, Position at) {
    const char *hint = NULL;
    if (strchr(name, '/') != NULL)
        hint = "Kafka Connect could create it, but never address it again";
    else if (name[0] == '\0' || g_ascii_isspace(name[0]) || g_ascii_isspace(name[strlen(name) - 1]))
        hint = "it is empty, or begins or ends with a blank";
    for (const char *c = name; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            hint = "it holds a control character";
    if (strlen(name) > TOPIC_NAME_LIMIT)
        hint = "it is longer than 249";
    if (hint != NULL)
        loader_mistake(loader, at, hint, "'%s' can't be the name of a connector", name);
    return hint == NULL;
}
