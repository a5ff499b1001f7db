/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the pipeline share; pipeline.h is for all others. */
#pragma once

#include "base/git.h"
#include "engine/plan.h"
#include "engine/status.h"
#include "pipeline/pipeline.h"
#include "pipeline/run_log.h"
#include "pipeline/ticker.h"
#include "pipeline/transitions.h"
#include "store/ledger.h"

struct Pipeline {
    const PipelineSettings *settings;
    int lock_file; /* of the data folder */
    Store *store;
    Ledger *ledger;
    GCancellable *stop;
    PipelineListener listener;
    gpointer listener_data;
    Ticker *ticker; /* looks at repositories and at what runs */

    GMutex
        declarations; /* held from a look at the branch to what was decided on it, and while we push to it */

    GMutex mutex; /* of what follows */
    GCond wake;
    bool started;
    GThread *scheduler;
    GHashTable *lanes;  /* "deploy dev" → the id of the run that is worked on */
    GHashTable *pauses; /* id of a run → Pause: its step is tried again later */
    Project *project;   /* of the newest declarations; NULL: not read yet */
    char *head, *head_title;
    char *problem;         /* why the declarations can't be read; NULL: they can */
    GHashTable *checkouts; /* environment → the commit that is checked out to look at what runs there */
    GHashTable *observed;  /* environment → json_t: what runs there, as the API's Environment */
    GHashTable *repairs;  /* environment → json_t: what was changed by hand, as a run was begun to repair */
    GHashTable *declared; /* environment → json_t: what the newest declarations say of it, for the same */
    guint64 polls, poll_failures;
};

/* --- Telling (pipeline.c) */
void pipeline_tell(Pipeline *pipeline, const char *kind, const json_t *value);
/* Work may be there: the scheduler looks. */
void pipeline_wake(Pipeline *pipeline);
/* DATA/PATH…, NULL-terminated; the caller frees it. */
char *pipeline_path(const Pipeline *pipeline, ...) G_GNUC_NULL_TERMINATED;

/* The environments of the newest declarations in the order of promotion, and their commit: empty, and NULL,
 * before they were read. The caller frees both. */
char **pipeline_environments(Pipeline *pipeline);
char *pipeline_head(Pipeline *pipeline);

/* The declarations have not been read yet since we started: an error of those that pass by themselves. */
void pipeline_set_unread(GError **error);

/* --- Marks (marks.c) */

/* Changes a fresh copy of the mark of run's environment; `run` is as it is about to be stored. */
typedef void (*MarkEdit)(MarkRecord *mark, const RunRecord *run);
void mark_seen(MarkRecord *mark, const RunRecord *run);     /* its declarations need no other run */
void mark_good(MarkRecord *mark, const RunRecord *run);     /* they run, and are healthy */
void mark_behind(MarkRecord *mark, const RunRecord *run);   /* they failed, and stay in Git */
void mark_declined(MarkRecord *mark, const RunRecord *run); /* what it moves is not proposed again */
/* Whether the newest declarations and lock that were looked at are those that ran well last. */
bool mark_runs_what_is_seen(const MarkRecord *mark);
/* A lock in hand came to nothing: it may have taken the place of a commit's run, which is lost with it. */
void mark_lost(MarkRecord *mark, const RunRecord *run);
void mark_dropped(MarkRecord *mark, const RunRecord *run);  /* nobody wanted them */
void mark_reverted(MarkRecord *mark, const RunRecord *run); /* its lock is reverted: what ran before, runs */

/* Stores a run, and maybe another one, with its environment's mark as edited (`edit` may be NULL), and an
 * entry of the audit log (taken over; may be NULL), all or nothing. STORE_ERROR_CONFLICT: a run was changed
 * by others meanwhile. */
bool pipeline_commit(Pipeline *pipeline, const RunRecord *run, const RunRecord *other, MarkEdit edit,
                     json_t *audit, GError **error);

/* --- A run that is worked on (work.c) */

typedef struct {
    Pipeline *pipeline;
    RunRecord *run; /* a copy to change; stored when the step has ended */
    RunLog *log;
    char *by;
    MarkEdit edit;  /* for the environment's mark, with the end of the step */
    char *reverted; /* the digest of the lock that the branch has after a revert; NULL: there was none */
    bool holds_declarations;
} Work;

/* Holds pipeline->declarations until the end of the step is stored: what it pushed is in the mark before
 * anyone looks at the branch. */
void work_hold_declarations(Work *work);

/* Who acts, for the state's history: those who approved, or asked; the server's name otherwise. Owned by the
 * work. */
const char *work_by(Work *work);

/* A step: what ended it, with *error set for RUN_EVENT_FAILED (and _WENT_BACK). RUN_EVENTS: it did not end:
 * with an error it is tried again later, without one we were told to stop. */
typedef RunEvent (*StepFunction)(Work *work, GError **error);

RunEvent step_check_out(Work *work, GError **error); /* run_build.c */
RunEvent step_build(Work *work, GError **error);
RunEvent step_publish(Work *work, GError **error);
RunEvent step_lock(Work *work, GError **error);
RunEvent step_plan(Work *work, GError **error);   /* run_plan.c */
RunEvent step_commit(Work *work, GError **error); /* run_commit.c */
RunEvent step_apply(Work *work, GError **error);  /* run_apply.c */
RunEvent step_verify(Work *work, GError **error);
RunEvent step_revert(Work *work, GError **error); /* run_revert.c */

/* Stores what the step has set in the run so far, in the same stage. */
bool work_save(Work *work, GError **error);

/* Works on a run until it waits, ends, pauses or is stopped. */
void work_on(Pipeline *pipeline, const char *run);

/* Puts a run into the stage that `event` leads to: times, steps. False where the table has no such row. */
bool run_advance(RunRecord *run, RunEvent event);

/* Whether a run has come to a stage that is a step, now or before. */
bool run_has_begun(const RunRecord *run, RunStage stage);

/* Whether what went wrong may be over by itself soon: nobody answers, another holds the lease. */
bool work_is_transient(const GError *error);

/* --- Declarations (declarations.c) */

/* The branch as it is now: its mirror and newest commit. With pipeline->declarations held. */
GitRepository *declarations_fetch(Pipeline *pipeline, char **commit, GError **error);
/* The mirror as it was fetched last. Never NULL. */
GitRepository *declarations_mirror(const Pipeline *pipeline);

/* A work tree of the declarations at a commit. */
typedef struct {
    GitRepository *git;
    char *root; /* folder of sluice.yaml */
} Checkout;
void checkout_clear(Checkout *checkout);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Checkout, checkout_clear)
bool declarations_check_out(GitRepository *mirror, const PipelineSettings *settings, const char *commit,
                            const char *folder, Checkout *checkout, GError **error);
/* The same in a run's own folder, with the run's lock in hand written in it. */
bool work_check_out(Work *work, Checkout *checkout, GError **error);

/* A file of the declarations, as its repository has it. The caller frees it. */
char *declarations_path(const PipelineSettings *settings, const char *file);
/* environments/NAME.lock: in the repository (with the declarations' folder). The caller frees it. */
char *declarations_lock_path(const PipelineSettings *settings, const char *environment);
/* Whether the project says from which repository the plugin is built. */
bool declarations_build(const Project *project, const char *plugin);
/* The lock at a commit; an empty one where there is none. */
Lock *declarations_lock_at(GitRepository *git, const PipelineSettings *settings, const char *commit,
                           const char *environment, GError **error);

/* Loads an environment under the server's trust; mistakes go to the log (may be NULL) and make an error.
 * `lock_text` may be NULL. */
Environment *declarations_load(const Pipeline *pipeline, const char *root, const char *environment,
                               bool secrets, const char *lock_text, RunLog *log, GError **error);
/* Writes mistakes and warnings to a run's log (may be NULL). */
void declarations_log_mistakes(RunLog *log, const Diagnostics *diagnostics);
/* Says the first mistake of those that made an error: the log has them all. */
void declarations_name_mistake(const Diagnostics *diagnostics, GError *error);
/* sluice.yaml under the trust of an environment (NULL: without its secrets). */
Project *declarations_project(const Pipeline *pipeline, const char *root, const char *environment,
                              GError **error);

/* The trailer of our commits that names their run. */
#define TRAILER_RUN "Sluice-Run"

/* Commits the lock that was written in a checkout, with trailers that name the run and its `act` ("lock",
 * "commit", "reports", "revert"), and pushes it. *rejected: others pushed meanwhile. *commit is NULL where
 * nothing differed. */
bool declarations_push_lock(Work *work, Checkout *checkout, const char *environment, const char *act,
                            const char *message, char **commit, bool *rejected, GError **error);
/* One try to read the branch, change it and push: false with *rejected where others pushed meanwhile. */
typedef bool (*PushTry)(Work *work, gpointer data, bool *rejected, GError **error);
/* Tries until nobody was faster (a bounded number of times). With pipeline->declarations held. */
bool declarations_push(Work *work, PushTry once, gpointer data, GError **error);

/* The commit that this run pushed by an act, where it did before it was interrupted; NULL: none. */
char *declarations_find_push(Work *work, GitRepository *git, const char *head, const char *environment,
                             const char *act, GError **error);

/* --- Looking at repositories (poll.c) */
void poll_declarations(gpointer data); /* the pipeline */
/* Ticker jobs of the plugins that the newest declarations build. */
void poll_watch_sources(Pipeline *pipeline);

/* A new run of an environment or plugin, in the place of those that have not begun. A mark edit as
 * pipeline_commit(). */
bool runs_add(Pipeline *pipeline, const RunRecord *run, MarkEdit edit, json_t *audit,
              GError **error); /* runs.c */
/* The newest older run of the same subject that may be superseded, as it is then; NULL where there is none.
 * To be stored with `newer`. */
RunRecord *runs_take_place(Pipeline *pipeline, const RunRecord *newer);
/* A run that is queued while another one reverts the lock that both have, superseded: the branch as it is
 * then is looked at anew. NULL where there is none, or it has the lock of digest `locked`, which the revert
 * left. */
RunRecord *runs_drop_queued(Pipeline *pipeline, const RunRecord *reverted, const char *locked);
/* The newest run of the same subject that is queued or waits, where it is newer; NULL: none. */
RunRecord *runs_newer(Pipeline *pipeline, const RunRecord *run);
/* The newest run of a subject in a stage that `wanted` says; NULL: none. */
RunRecord *runs_find(Pipeline *pipeline, RunKind kind, const char *subject, bool (*wanted)(RunStage stage));

/* --- Promotions (promotion.c) */

/* Proposes what an environment has to the next one, where its policy says so and there is anything. */
void promotion_propose(Pipeline *pipeline, const char *from);
/* Writes the lock in hand of a promotion or an unhold anew, from run->commit. False with an error; run->lock
 * is NULL where nothing moves. */
bool promotion_prepare(Work *work, GError **error);
/* How many pins and versions FROM has in a checkout that TO lacks; -1: not to be told, since they can't be
 * promoted as they are. */
int promotion_count(Pipeline *pipeline, const Checkout *checkout, const char *from, const char *to);
/* Whether a run is one that brings a lock of its own: a promotion, or an unhold. */
bool promotion_has_lock_in_hand(const RunRecord *run);
/* What a promotion moves, as a text to compare; NULL for another run. The caller frees it. */
char *promotion_fingerprint(const RunRecord *run);
/* The environment before or after one in the order of promotion; NULL: none. The caller frees it. */
char *promotion_neighbour(Pipeline *pipeline, const char *environment, int step);

/* --- Approvals (approval.c) */

/* {"approvals","approvers","authors"} for a run that so many must agree to, of those whom this policy names;
 * a new reference. */
json_t *approval_needs(const Policy *policy, int approvals, GPtrArray *authors);
/* Why a person may not approve this run now; NULL: may. The caller frees it. */
char *approval_refusal(const RunRecord *run, const Person *person);
/* Ends waiting runs whose time is over; gives the next time (monotonic) to look, or G_MAXINT64. */
gint64 approval_expire(Pipeline *pipeline);

/* E-mail addresses of who wrote what a run changes: of its declarations and of the plugins that it moves
 * (authors.c); char *. */
GPtrArray *authors_of(Work *work, const Checkout *checkout, const Environment *environment, GError **error);

/* --- What runs (observe.c) */
/* Keeps what the newest declarations say of each environment: holds, and what may be promoted to it. */
void observe_declared(Pipeline *pipeline, const Checkout *checkout, const Project *project);
/* Looks at what runs there, soon. */
void observe_now(Pipeline *pipeline, const char *environment);
/* Ticker jobs of the environments of the newest declarations. */
void observe_watch(Pipeline *pipeline);

/* --- What was changed by hand (drift.c) */
/* Begins a run that puts it back, where the policy says so and nothing else is on its way; once for each that
 * is found. */
void drift_repair(Pipeline *pipeline, const Environment *environment, const EnvironmentStatus *status);
/* Whether a run is one of these. */
bool drift_is_cause(const RunRecord *run);
/* Whether the policy wants a person to agree to a plan for what it takes back. */
bool drift_is_held(const Policy *policy, const Plan *plan);

/* --- JSON (view.c) */
json_t *view_run(const RunRecord *run); /* as the API's Run; a new reference */
