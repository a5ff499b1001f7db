/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server remembers, as types (docs/server-store.md): runs, how far each environment is, what was
 * built, what people did.
 *
 * Records are counted and shared between threads: one that a Ledger gave out is never changed. To change one,
 * copy it. Texts are NULL where there is nothing to say, but for those that are marked with !.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"

typedef enum { RUN_BUILD, RUN_DEPLOY } RunKind;
/* "build", "deploy". Static. */
const char *run_kind_name(RunKind kind);

/* run/<ulid>: one passage through the pipeline. */
typedef struct {
    gint64 serial; /* of the record in the store; 0: not stored yet */
    RunKind kind;
    char *id;      /* ! ULID */
    char *state;   /* ! of the pipeline's table of states */
    char *subject; /* ! the plugin that is built, or the environment */
    char *cause;   /* ! push, build, promotion, retry, deploy, unhold */
    char *created; /* ! */
    char *started, *ended;
    char *commit;                 /* that it is about: of the plugin's repository, or of the declarations */
    char *title;                  /* that commit's first line */
    char *parent;                 /* the run that led to this one */
    char *by;                     /* the person who asked for it */
    char *message, *hint, *trace; /* why it ended so */

    /* A build's. */
    char *git, *branch; /* of the plugin's repository */
    json_t *artifact;   /* {"name","maven","version","resolved","sha256","size"}; NULL: not built yet */

    /* A deploy's. */
    char *lock;        /* the lock in hand, as text, of a promotion or an unhold; NULL: that of the commit */
    char *base;        /* of one with a lock in hand: the commit that it was prepared on */
    char *pushed;      /* the commit that it pushed */
    char *digest;      /* of the declarations' files that it deploys */
    char *locked;      /* digest of the lock that it deploys */
    char *settings;    /* the commit whose settings (policy, addresses) it goes by */
    char *expires;     /* of its waiting */
    char *applying;    /* digest of the plan whose apply has begun */
    json_t *instances; /* names that a promotion is of; NULL: all */
    json_t *changes;   /* what moves in the lock: [{"kind","name","before","after"}] */
    json_t *reverts;   /* what went back: [{"kind","name","version"}] */
    json_t *plan;      /* as the API tells it */
    json_t *needs; /* {"approvals":1,"approvers":[…],"authors":[…]}: who must consent, and who may not */
    json_t *given; /* [{"by","at","digest"}] */

    json_t *steps; /* [{"name","state","started","ended"}]; never NULL in a record that was read or made */
} RunRecord;

/* A new run with a fresh id, created now. */
RunRecord *run_record_new(RunKind kind, const char *subject, const char *cause, const char *state);
/* A copy to change; same id and serial. */
RunRecord *run_record_copy(const RunRecord *run);
RunRecord *run_record_ref(RunRecord *run);
void run_record_unref(RunRecord *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunRecord, run_record_unref)

/* mark/<environment>: how far it is. */
typedef struct {
    gint64 serial;
    char *environment; /* ! */
    char *seen_commit, *seen_digest,
        *seen_lock; /* the newest declarations that a run was made for, or that were there at first */
    char *good_commit, *good_at;                   /* the last that ended healthy */
    char *settings_commit;                         /* whose policy, addresses and rollouts decide */
    char *behind_commit, *behind_run, *behind_why; /* newer declarations that failed; NULL: not behind */
    char *declined; /* what a promotion moved that was rejected, expired or went back: not proposed again */
} MarkRecord;
MarkRecord *mark_record_new(const char *environment);
MarkRecord *mark_record_copy(const MarkRecord *mark);
MarkRecord *mark_record_ref(MarkRecord *mark);
void mark_record_unref(MarkRecord *mark);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MarkRecord, mark_record_unref)

/* source/<plugin>: the newest commit of its branch that a run was made for. */
typedef struct {
    gint64 serial;
    char *plugin; /* ! */
    char *git;    /* ! */
    char *branch; /* ! */
    char *commit; /* ! */
} SourceRecord;
SourceRecord *source_record_new(const char *plugin, const char *git, const char *branch, const char *commit);
SourceRecord *source_record_ref(SourceRecord *source);
void source_record_unref(SourceRecord *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SourceRecord, source_record_unref)

/* audit/<ulid>: what a person did. {"v","id","at","by","act","run","environment","digest","detail"}, null
 * where there is nothing to say; a new reference. `by` and `act` are !. */
json_t *audit_record(const char *by, const char *act, const char *run, const char *environment,
                     const char *digest, const char *detail);

json_t *run_record_to_json(const RunRecord *run);
json_t *mark_record_to_json(const MarkRecord *mark);
json_t *source_record_to_json(const SourceRecord *source);
/* NULL with STORE_ERROR_FORMAT, which names the key, where a record can't be read. */
RunRecord *run_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error);
MarkRecord *mark_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error);
SourceRecord *source_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error);
