/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/kafka_home.h"

#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "sandbox/sandbox.h"

#define HINT \
    "scripts/kafka fetches Kafka's jars; --kafka, SLUICE_KAFKA or KAFKA_HOME names another folder with them"

static char *jars_of(const char *home) {
    g_autofree char *libs = g_build_filename(home, "libs", NULL);
    return g_file_test(libs, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&libs) : g_strdup(home);
}

static bool has_jar(char **names, const char *prefix) {
    for (char **name = names; *name != NULL; name++) {
        if (g_str_has_prefix(*name, prefix) && g_str_has_suffix(*name, ".jar"))
            return true;
    }
    return false;
}

static bool is_home(const char *home) {
    g_autofree char *jars = jars_of(home);
    g_auto(GStrv) names = files_list(jars, NULL);
    return names != NULL && has_jar(names, "kafka_2.") && has_jar(names, "connect-runtime-");
}

static char *newest_in_cache(void) {
    g_autofree char *cache = files_cache("");
    g_auto(GStrv) names = files_list(cache, NULL);
    const char *newest = NULL;
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *home = g_build_filename(cache, *name, NULL);
        if (g_str_has_prefix(*name, "kafka-") && is_home(home) &&
            (newest == NULL || strverscmp(*name, newest) > 0))
            newest = *name;
    }
    return newest != NULL ? g_build_filename(cache, newest, NULL) : NULL;
}

/* What a person names must be right; the others are tried one after the other. */
static char *named(const char *path, const char *by, GError **error) {
    g_autofree char *current = g_get_current_dir();
    g_autofree char *home = files_resolve(current, path);
    if (is_home(home))
        return g_steal_pointer(&home);
    error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_NO_KAFKA, HINT, "%s'%s' has no jars of Kafka and Connect",
              by, home);
    return NULL;
}

char *kafka_home_find(const char *given, const char *former, GError **error) {
    static const char *const variables[] = {"SLUICE_KAFKA", "KAFKA_HOME"};
    if (given != NULL)
        return named(given, "", error);
    if (former != NULL && is_home(former))
        return g_strdup(former);
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        const char *path = g_getenv(variables[i]);
        g_autofree char *by = g_strconcat(variables[i], ": ", NULL);
        if (path != NULL && *path != '\0')
            return named(path, by, error);
    }
    char *newest = newest_in_cache();
    if (newest == NULL)
        error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_NO_KAFKA, HINT,
                  "there are no jars of Kafka on this machine");
    return newest;
}

char *kafka_home_class_path(const char *home, GError **error) {
    g_autofree char *jars = jars_of(home);
    g_auto(GStrv) names = files_list(jars, error);
    if (names == NULL)
        return NULL;
    g_autoptr(GString) path = g_string_new(NULL);
    for (char **name = names; *name != NULL; name++) {
        if (g_str_has_suffix(*name, ".jar"))
            g_string_append_printf(path, "%s%s/%s", path->len > 0 ? ":" : "", jars, *name);
    }
    return g_string_free(g_steal_pointer(&path), FALSE);
}

char *kafka_home_java(GError **error) {
    const char *home = g_getenv("JAVA_HOME");
    g_autofree char *java =
        home != NULL && *home != '\0' ? g_build_filename(home, "bin", "java", NULL) : g_strdup("java");
    char *found = g_find_program_in_path(java);
    if (found == NULL)
        error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_NO_KAFKA,
                  "install a Java runtime, 17 or newer, or set JAVA_HOME",
                  "there is no Java to run Kafka with: no '%s'", java);
    return found;
}
