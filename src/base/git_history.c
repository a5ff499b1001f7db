/* SPDX-License-Identifier: Apache-2.0 */
/* Which commits there are, and what they say. */
#include <string.h>

#include "base/git_private.h"

bool git_is_ancestor(GitRepository *git, const char *ancestor, const char *descendant, bool *is,
                     GError **error) {
    g_autofree char *older = git_find_commit(git, ancestor, error);
    g_autofree char *newer = older != NULL ? git_find_commit(git, descendant, error) : NULL;
    if (newer == NULL)
        return false;
    GitCall call = {.arguments = ARGUMENTS("merge-base", "--is-ancestor", older, newer)};
    g_autoptr(ProcessResult) result = git_run(git, call, error);
    if (result == NULL)
        return false;
    if (result->status > 1)
        return git_fail(result, "compare the commits", error);
    *is = result->status == 0;
    return true;
}

void git_commit_free(GitCommit *commit) {
    if (commit == NULL)
        return;
    g_free(commit->id);
    g_free(commit->author_name);
    g_free(commit->author_email);
    g_free(commit->committer_email);
    g_free(commit->at);
    g_free(commit->subject);
    g_free(commit->body);
    g_free(commit);
}

static void free_commit(gpointer commit) {
    git_commit_free(commit);
}

/* --- The log -------------------------------------------------------------------------------------------- */

/* The fields of a commit, in this order; each ends with a NUL, which no commit can hold. */
enum { ID, PARENTS, AUTHOR_NAME, AUTHOR_EMAIL, COMMITTER_EMAIL, AT, SUBJECT, BODY, FIELDS };
#define FORMAT "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%ce%x00%cd%x00%s%x00%b"

static GitCommit *read_commit(const char *const *fields) {
    GitCommit *commit = g_new0(GitCommit, 1);
    commit->id = g_strdup(fields[ID]);
    commit->merge = strchr(fields[PARENTS], ' ') != NULL;
    commit->author_name = g_utf8_make_valid(fields[AUTHOR_NAME], -1);
    commit->author_email = g_utf8_make_valid(fields[AUTHOR_EMAIL], -1);
    commit->committer_email = g_utf8_make_valid(fields[COMMITTER_EMAIL], -1);
    commit->at = g_strdup(fields[AT]);
    commit->subject = g_utf8_make_valid(fields[SUBJECT], -1);
    commit->body = g_strchomp(g_utf8_make_valid(fields[BODY], -1));
    return commit;
}

static GPtrArray *read_log(const char *output, gsize length) {
    GPtrArray *commits = g_ptr_array_new_with_free_func(free_commit);
    const char *fields[FIELDS];
    guint count = 0;
    for (const char *text = output; text < output + length; text += strlen(text) + 1) {
        fields[count++] = text;
        if (count < FIELDS)
            continue;
        g_ptr_array_add(commits, read_commit(fields));
        count = 0;
    }
    return commits;
}

/* `since` is "^COMMIT", or NULL. */
static GPtrArray *read_history(GitRepository *git, const char *since, const char *to, const char *path,
                               guint most, GError **error) {
    g_autofree char *count = g_strdup_printf("--max-count=%u", most);
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    const char *const words[] = {"log",
                                 "-z",
                                 "--date-order",
                                 "--no-color",
                                 "--no-notes",
                                 "--no-show-signature",
                                 "--no-ext-diff",
                                 "--no-patch",
                                 "--encoding=UTF-8",
                                 "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
                                 FORMAT,
                                 count,
                                 to};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        g_ptr_array_add(arguments, (gpointer)words[i]);
    if (since != NULL)
        g_ptr_array_add(arguments, (gpointer)since);
    g_ptr_array_add(arguments, (gpointer) "--");
    g_ptr_array_add(arguments, (gpointer)path);
    g_ptr_array_add(arguments, NULL);
    GitCall call = {.arguments = (const char *const *)arguments->pdata, .set_env = ARGUMENTS("TZ=UTC0")};
    g_autoptr(ProcessResult) result = git_run(git, call, error);
    if (result != NULL && result->status == 0)
        return read_log(result->output, result->length);
    if (result != NULL)
        git_fail(result, "read the history", error);
    return NULL;
}

GPtrArray *git_log(GitRepository *git, const char *from, const char *to, const char *path, guint most,
                   GError **error) {
    g_autofree char *newest = git_find_commit(git, to, error);
    if (newest == NULL)
        return NULL;
    g_autofree char *before = from != NULL ? git_find_commit(git, from, error) : NULL;
    if (from != NULL && before == NULL)
        return NULL;
    g_autofree char *since = before != NULL ? g_strconcat("^", before, NULL) : NULL;
    return read_history(git, since, newest, path, most, error);
}

/* --- Trailers ------------------------------------------------------------------------------------------- */

static const char *last_paragraph(const char *body) {
    const char *start = body;
    for (const char *gap = strstr(body, "\n\n"); gap != NULL; gap = strstr(gap + 2, "\n\n"))
        start = gap + 2;
    return start;
}

/* The length of a trailer's name; 0 where the line is none. */
static gsize name_length(const char *line) {
    gsize length = 0;
    while (g_ascii_isalnum(line[length]) || line[length] == '-')
        length++;
    return line[length] == ':' ? length : 0;
}

char *git_trailer(const GitCommit *commit, const char *name) {
    g_auto(GStrv) lines = g_strsplit(last_paragraph(commit->body), "\n", -1);
    g_autoptr(GString) value = NULL;
    bool inside = false; /* of the trailer that is asked for */
    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = lines[i];
        gsize length = name_length(line);
        bool continues = i > 0 && (*line == ' ' || *line == '\t');
        if (length == 0 && !continues)
            return NULL;
        if (length > 0) {
            inside = length == strlen(name) && g_ascii_strncasecmp(line, name, length) == 0;
            line += length + 1;
        }
        if (!inside)
            continue;
        if (length > 0 && value != NULL)
            g_string_truncate(value, 0);
        if (value == NULL)
            value = g_string_new(NULL);
        g_autofree char *text = g_strstrip(g_strdup(line));
        g_string_append_printf(value, "%s%s", length > 0 ? "" : " ", text);
    }
    return value != NULL ? g_strdup(value->str) : NULL;
}
