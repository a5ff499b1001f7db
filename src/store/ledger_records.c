/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ledger_records.h"

#include <stddef.h>

#include "base/files.h"
#include "base/ulid.h"
#include "store/reader.h"

#define RECORD_VERSION 1

/* A member of a record: a text, a list or an object. */
typedef struct {
    const char *name; /* NULL ends the table */
    gsize offset;
    bool required;
    json_type type;
} Member;

#define TEXT(type, member) \
    { #member, offsetof(type, member), false, JSON_STRING }
#define REQUIRED_TEXT(type, member) \
    { #member, offsetof(type, member), true, JSON_STRING }
#define LIST(type, member) \
    { #member, offsetof(type, member), false, JSON_ARRAY }
#define OBJECT(type, member) \
    { #member, offsetof(type, member), false, JSON_OBJECT }

static const char *const kind_names[] = {[RUN_BUILD] = "build", [RUN_DEPLOY] = "deploy", NULL};

static const Member run_texts[] = {
    REQUIRED_TEXT(RunRecord, id),
    REQUIRED_TEXT(RunRecord, state),
    REQUIRED_TEXT(RunRecord, subject),
    REQUIRED_TEXT(RunRecord, cause),
    REQUIRED_TEXT(RunRecord, created),
    TEXT(RunRecord, started),
    TEXT(RunRecord, ended),
    TEXT(RunRecord, commit),
    TEXT(RunRecord, title),
    TEXT(RunRecord, parent),
    TEXT(RunRecord, by),
    TEXT(RunRecord, message),
    TEXT(RunRecord, hint),
    TEXT(RunRecord, trace),
    TEXT(RunRecord, git),
    TEXT(RunRecord, branch),
    TEXT(RunRecord, lock),
    TEXT(RunRecord, base),
    TEXT(RunRecord, pushed),
    TEXT(RunRecord, digest),
    TEXT(RunRecord, locked),
    TEXT(RunRecord, settings),
    TEXT(RunRecord, expires),
    TEXT(RunRecord, applying),
    {NULL},
};
static const Member run_documents[] = {
    OBJECT(RunRecord, artifact), LIST(RunRecord, instances), LIST(RunRecord, changes),
    LIST(RunRecord, reverts),    OBJECT(RunRecord, plan),    OBJECT(RunRecord, needs),
    LIST(RunRecord, given),      LIST(RunRecord, steps),     {NULL},
};
static const Member mark_texts[] = {
    REQUIRED_TEXT(MarkRecord, environment),
    TEXT(MarkRecord, seen_commit),
    TEXT(MarkRecord, seen_digest),
    TEXT(MarkRecord, seen_lock),
    TEXT(MarkRecord, good_commit),
    TEXT(MarkRecord, good_digest),
    TEXT(MarkRecord, good_lock),
    TEXT(MarkRecord, good_at),
    TEXT(MarkRecord, settings_commit),
    TEXT(MarkRecord, behind_commit),
    TEXT(MarkRecord, behind_run),
    TEXT(MarkRecord, behind_why),
    TEXT(MarkRecord, declined),
    {NULL},
};
static const Member source_texts[] = {
    REQUIRED_TEXT(SourceRecord, plugin),
    REQUIRED_TEXT(SourceRecord, git),
    REQUIRED_TEXT(SourceRecord, branch),
    TEXT(SourceRecord, commit),
    {NULL},
};
static const Member no_documents[] = {{NULL}};

static char **text_of(gconstpointer record, const Member *member) {
    return (char **)((guint8 *)record + member->offset);
}

static json_t **document_of(gconstpointer record, const Member *member) {
    return (json_t **)((guint8 *)record + member->offset);
}

static void clear(gpointer record, const Member *texts, const Member *documents) {
    for (const Member *member = texts; member->name != NULL; member++)
        g_clear_pointer(text_of(record, member), g_free);
    for (const Member *member = documents; member->name != NULL; member++)
        g_clear_pointer(document_of(record, member), json_decref);
}

static void copy(gpointer to, gconstpointer from, const Member *texts, const Member *documents) {
    for (const Member *member = texts; member->name != NULL; member++)
        *text_of(to, member) = g_strdup(*text_of(from, member));
    for (const Member *member = documents; member->name != NULL; member++)
        *document_of(to, member) = json_deep_copy(*document_of(from, member));
}

/* What programs said may be no UTF-8. An empty text says nothing. */
static void add_text(json_t *value, const char *name, const char *text) {
    if (text == NULL || text[0] == '\0')
        return;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_object_set_new(value, name, json_string(valid));
}

static json_t *to_json(gconstpointer record, const Member *texts, const Member *documents) {
    json_t *value = json_pack("{s:i}", "v", RECORD_VERSION);
    for (const Member *member = texts; member->name != NULL; member++)
        add_text(value, member->name, *text_of(record, member));
    for (const Member *member = documents; member->name != NULL; member++)
        if (*document_of(record, member) != NULL)
            json_object_set(value, member->name, *document_of(record, member));
    return value;
}

static void from_json(Reader *reader, gpointer record, const Member *texts, const Member *documents) {
    for (const Member *member = texts; member->name != NULL; member++)
        *text_of(record, member) =
            member->required ? reader_text(reader, member->name) : reader_optional_text(reader, member->name);
    for (const Member *member = documents; member->name != NULL; member++) {
        json_t *value = json_object_get(reader->object, member->name);
        if (value != NULL && json_typeof(value) != member->type)
            reader_fail(reader, member->name, member->type == JSON_ARRAY ? "a list" : "an object");
        *document_of(record, member) = json_incref(value);
    }
}

/* --- Runs ----------------------------------------------------------------------------------------------- */

const char *run_kind_name(RunKind kind) {
    return kind_names[kind];
}

static void run_clear(gpointer run) {
    clear(run, run_texts, run_documents);
}

RunRecord *run_record_new(RunKind kind, const char *subject, const char *cause, const char *state) {
    RunRecord *run = g_atomic_rc_box_new0(RunRecord);
    run->kind = kind;
    run->id = ulid_new();
    run->state = g_strdup(state);
    run->subject = g_strdup(subject);
    run->cause = g_strdup(cause);
    run->created = files_now();
    run->steps = json_array();
    return run;
}

RunRecord *run_record_copy(const RunRecord *run) {
    RunRecord *made = g_atomic_rc_box_new0(RunRecord);
    made->serial = run->serial;
    made->kind = run->kind;
    copy(made, run, run_texts, run_documents);
    return made;
}

RunRecord *run_record_ref(RunRecord *run) {
    return g_atomic_rc_box_acquire(run);
}

void run_record_unref(RunRecord *run) {
    g_atomic_rc_box_release_full(run, run_clear);
}

json_t *run_record_to_json(const RunRecord *run) {
    json_t *value = to_json(run, run_texts, run_documents);
    json_object_set_new(value, "kind", json_string(kind_names[run->kind]));
    return value;
}

RunRecord *run_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error) {
    g_autoptr(RunRecord) run = g_atomic_rc_box_new0(RunRecord);
    Reader reader = reader_start(key, value, RECORD_VERSION);
    run->serial = serial;
    run->kind = (RunKind)reader_choice(&reader, "kind", kind_names);
    from_json(&reader, run, run_texts, run_documents);
    if (run->steps == NULL)
        reader_fail(&reader, "steps", "a list");
    return reader_end(&reader, error) ? g_steal_pointer(&run) : NULL;
}

/* --- Marks ---------------------------------------------------------------------------------------------- */

static void mark_clear(gpointer mark) {
    clear(mark, mark_texts, no_documents);
}

MarkRecord *mark_record_new(const char *environment) {
    MarkRecord *mark = g_atomic_rc_box_new0(MarkRecord);
    mark->environment = g_strdup(environment);
    return mark;
}

MarkRecord *mark_record_copy(const MarkRecord *mark) {
    MarkRecord *made = g_atomic_rc_box_new0(MarkRecord);
    made->serial = mark->serial;
    copy(made, mark, mark_texts, no_documents);
    return made;
}

MarkRecord *mark_record_ref(MarkRecord *mark) {
    return g_atomic_rc_box_acquire(mark);
}

void mark_record_unref(MarkRecord *mark) {
    g_atomic_rc_box_release_full(mark, mark_clear);
}

json_t *mark_record_to_json(const MarkRecord *mark) {
    return to_json(mark, mark_texts, no_documents);
}

MarkRecord *mark_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error) {
    g_autoptr(MarkRecord) mark = g_atomic_rc_box_new0(MarkRecord);
    Reader reader = reader_start(key, value, RECORD_VERSION);
    mark->serial = serial;
    from_json(&reader, mark, mark_texts, no_documents);
    return reader_end(&reader, error) ? g_steal_pointer(&mark) : NULL;
}

/* --- Sources -------------------------------------------------------------------------------------------- */

static void source_clear(gpointer source) {
    clear(source, source_texts, no_documents);
}

SourceRecord *source_record_new(const char *plugin, const char *git, const char *branch, const char *commit) {
    SourceRecord *source = g_atomic_rc_box_new0(SourceRecord);
    source->plugin = g_strdup(plugin);
    source->git = g_strdup(git);
    source->branch = g_strdup(branch);
    source->commit = g_strdup(commit);
    return source;
}

SourceRecord *source_record_ref(SourceRecord *source) {
    return g_atomic_rc_box_acquire(source);
}

void source_record_unref(SourceRecord *source) {
    g_atomic_rc_box_release_full(source, source_clear);
}

json_t *source_record_to_json(const SourceRecord *source) {
    return to_json(source, source_texts, no_documents);
}

SourceRecord *source_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error) {
    g_autoptr(SourceRecord) source = g_atomic_rc_box_new0(SourceRecord);
    Reader reader = reader_start(key, value, RECORD_VERSION);
    source->serial = serial;
    from_json(&reader, source, source_texts, no_documents);
    if (source->commit == NULL)
        source->commit = g_strdup("");
    return reader_end(&reader, error) ? g_steal_pointer(&source) : NULL;
}

/* --- What people did ------------------------------------------------------------------------------------ */

json_t *audit_record(const char *by, const char *act, const char *run, const char *environment,
                     const char *digest, const char *detail) {
    g_autofree char *id = ulid_new();
    g_autofree char *at = files_now();
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "v", RECORD_VERSION, "id", id, "at", at,
                     "by", by, "act", act, "run", json_string_or_null(run), "environment",
                     json_string_or_null(environment), "digest", json_string_or_null(digest), "detail",
                     json_string_or_null(detail));
}
