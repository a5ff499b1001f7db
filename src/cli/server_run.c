/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server_run.h"

#include <string.h>

#define ID_LENGTH 26
#define PART_LENGTH_LEAST 6
#define RUNS_SEARCHED 500 /* the most that the API gives at once */
#define MATCHES_SHOWN 5

char *server_run_path(const char *id, const char *rest) {
    g_autofree char *escaped = http_escape(id);
    return g_strconcat("/api/v1/runs/", escaped, rest, NULL);
}

static json_t *no_runs(json_t *answer, GError **error) {
    json_decref(answer);
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, "is this the address of a Sluice server?",
              "the answer has no runs in it");
    return NULL;
}

/* `answer` where it is a Run, with an id; else it is given up. */
static json_t *check_run(json_t *answer, GError **error) {
    if (answer == NULL || json_get_string(answer, "id") != NULL)
        return answer;
    return no_runs(answer, error);
}

json_t *server_runs(ServerClient *client, const char *subject, bool open_only, guint limit, GError **error) {
    g_autoptr(GString) path = g_string_new(NULL);
    g_string_printf(path, "/api/v1/runs?limit=%u", limit);
    if (open_only)
        g_string_append(path, "&open=true");
    if (subject != NULL) {
        g_autofree char *escaped = http_escape(subject);
        g_string_append_printf(path, "&subject=%s", escaped);
    }
    json_t *answer = server_get(client, path->str, error);
    if (answer == NULL || json_is_array(json_object_get(answer, "runs")))
        return answer;
    return no_runs(answer, error);
}

json_t *server_run_post(ServerClient *client, const char *id, const char *rest, const json_t *body,
                        GError **error) {
    g_autofree char *path = server_run_path(id, rest);
    return check_run(server_post(client, path, body, error), error);
}

/* Crockford's base 32, in upper case; NULL where `word` isn't. The caller frees it. */
static char *id_part(const char *word) {
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    g_autofree char *upper = g_ascii_strup(word, -1);
    gsize length = strlen(upper);
    bool fits = length >= PART_LENGTH_LEAST && length <= ID_LENGTH && strspn(upper, alphabet) == length;
    return fits ? g_steal_pointer(&upper) : NULL;
}

/* The ids among `answer` that begin or end with `part`; borrowed. */
static GPtrArray *matches_of(const json_t *answer, const char *part) {
    GPtrArray *matches = g_ptr_array_new();
    const json_t *runs = json_object_get(answer, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const char *id = json_get_string(json_array_get(runs, i), "id");
        if (id != NULL && (g_str_has_prefix(id, part) || g_str_has_suffix(id, part)))
            g_ptr_array_add(matches, (gpointer)id);
    }
    return matches;
}

static char *first_id(const json_t *answer) {
    return g_strdup(json_get_string(json_array_get(json_object_get(answer, "runs"), 0), "id"));
}

static void set_ambiguous(const char *word, const GPtrArray *matches, GError **error) {
    g_autoptr(GString) hint = g_string_new("give more of it: ");
    for (guint i = 0; i < MIN(matches->len, MATCHES_SHOWN); i++)
        g_string_append_printf(hint, "%s%s", i > 0 ? ", " : "", (const char *)matches->pdata[i]);
    if (matches->len > MATCHES_SHOWN)
        g_string_append(hint, ", …");
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint->str, "'%s' means %u runs", word, matches->len);
}

static char *find_by_part(ServerClient *client, const char *word, const char *part, GError **error) {
    g_autoptr(json_t) answer = server_runs(client, NULL, false, RUNS_SEARCHED, error);
    if (answer == NULL)
        return NULL;
    g_autoptr(GPtrArray) matches = matches_of(answer, part);
    if (matches->len == 1)
        return g_strdup(matches->pdata[0]);
    if (matches->len > 1)
        set_ambiguous(word, matches, error);
    else
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE,
                  "see them with: sluice runs; an older one by its whole id",
                  "no subject, and none of the newest %d runs, is called '%s'", RUNS_SEARCHED, word);
    return NULL;
}

static char *find_newest(ServerClient *client, const char *subject, bool open_only, GError **error) {
    g_autoptr(json_t) answer = server_runs(client, subject, open_only, 1, error);
    return answer != NULL ? first_id(answer) : NULL;
}

static void set_none(const char *word, GError **error) {
    if (g_str_equal(word, "latest"))
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, NULL, "there is no run yet");
    else
        error_set(
            error, CLI_ERROR, CLI_ERROR_USAGE,
            "a run is an id, 6 characters or more of its beginning or end, an environment or plugin, or "
            "latest; see them with: sluice runs",
            "there is no run '%s'", word);
}

char *server_run_find(ServerClient *client, const char *word, RunChoice choice, GError **error) {
    g_autofree char *part = id_part(word);
    if (part != NULL && strlen(part) == ID_LENGTH)
        return g_steal_pointer(&part);
    const char *subject = g_str_equal(word, "latest") ? NULL : word;
    g_autoptr(GError) problem = NULL;
    char *id = choice == RUN_NEWEST_OPEN ? find_newest(client, subject, true, &problem) : NULL;
    if (id == NULL && problem == NULL)
        id = find_newest(client, subject, false, &problem);
    if (id == NULL && problem == NULL && part != NULL)
        id = find_by_part(client, word, part, &problem);
    if (id == NULL && problem == NULL)
        set_none(word, &problem);
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return id;
}

json_t *server_run_get(ServerClient *client, const char *id, GError **error) {
    g_autofree char *path = server_run_path(id, "");
    return check_run(server_get(client, path, error), error);
}
