/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to desired state: a declarations repository is read, checked and rendered for one environment.
 * Mistakes are collected as diagnostics, all of a pass together.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diagnostics.h"
#include "base/git.h"
#include "base/http.h"
#include "base/json.h"
#include "plugin/lock.h"
#include "plugin/plugin.h"
#include "plugin/repository.h"
#include "store/records.h"

ERROR_DECLARE_DOMAIN(declare);
#define DECLARE_ERROR (declare_error_quark())
typedef enum {
    DECLARE_ERROR_FAILED,
    DECLARE_ERROR_NOT_FOUND, /* no sluice.yaml here or above; no such environment */
    DECLARE_ERROR_INVALID,   /* the diagnostics have errors */
} DeclareError;

typedef enum { RUN_STATE_RUNNING, RUN_STATE_PAUSED, RUN_STATE_STOPPED } RunState;

/* "running", "paused", "stopped". Static. */
const char *run_state_name(RunState state);

/* A rendered value. */
typedef struct {
    char *text;
    bool sensitive; /* by its variable, env or secret; or by its key's name; never when it is nothing but one
                       ${provider:…} */
    Position position;
} Value;

typedef struct {
    char *address;  /* orders/topic/raw, stock[de]/topic/raw, topic/audit.log */
    char *instance; /* orders, stock[de]; NULL: of no module */
    char *name;
    int partitions;     /* -1: the broker's default */
    int replication;    /* -1: the broker's default */
    GHashTable *config; /* char * → Value; key's declared order doesn't matter */
    OnRemove on_remove; /* default keep */
    bool protected;
    Position position;
} DesiredTopic;

typedef struct {
    char *address;
    char *instance;
    char *name; /* on the worker */
    char *class_name;
    GPtrArray
        *plugins;  /* char *: names; the first carries the class; empty: installed on the workers by others */
    char *connect; /* name of its Connect cluster */
    int tasks;
    RunState state;
    GHashTable *config; /* char * → Value: the environment's defaults under its own; without connector.class,
                           tasks.max, name and pins */
    OnRemove on_remove; /* default delete */
    bool protected;
    Position position;
} DesiredConnector;

typedef enum { ROLLOUT_NONE, ROLLOUT_LOCAL_SANDBOX, ROLLOUT_LOCAL_FOLDER, ROLLOUT_COMMAND } RolloutKind;

typedef struct {
    RolloutKind kind;
    char *sandbox;  /* ROLLOUT_LOCAL_SANDBOX */
    char *plugins;  /* ROLLOUT_LOCAL_FOLDER: absolute path */
    char **command; /* ROLLOUT_LOCAL_FOLDER: its restart; ROLLOUT_COMMAND */
    bool trusted;   /* `command` is the server's own, not the declarations' */
    char *refused;  /* why it can't be planned on a server, which has no command for it; NULL: it can */
} RolloutSpec;

typedef struct {
    char *name;
    char *url;
    char **workers;                                              /* URLs, NULL-terminated; at least `url` */
    char *username, *password, *bearer, *ca, *certificate, *key; /* NULL where not said; files are absolute */
    RolloutSpec rollout;
    Position position;
} ConnectCluster;

typedef struct {
    guint settle_ms, deadline_ms, lease_ms, heartbeat_ms;
} Timing;

typedef struct {
    int approvals;
    bool written; /* `approvals` stands in the file, it isn't the default */
    char **approvers;
    guint64 expires_ms;
    char *drift;     /* "report", "repair", "hold" */
    char *promotion; /* "propose", "manual" */
} Policy;

/* An instance of a module in this environment. */
typedef struct {
    char *name;         /* orders, stock */
    char *source;       /* as written */
    char *git;          /* of a remote module: the URL of its repository, else NULL */
    char *folder;       /* of a local module: relative to the root; of a remote one: in its repository */
    char *commit;       /* that it was rendered from; NULL: the work tree */
    bool waiting;       /* not pinned yet: valid, shown, not in the plan */
    GPtrArray *plugins; /* char *: names of plugins that its connectors use; sorted */
    Position position;
} Instance;

/* The repository of a remote module that is pinned, with the history of its commit; to be freed. Errors as
 * git_fetch_remote(). */
GitRepository *instance_fetch_module(const Instance *instance, GError **error);

/* All that is declared for one environment. */
typedef struct {
    char *project;
    char *root;       /* absolute folder of sluice.yaml */
    char *state_base; /* absolute folder that a relative path of `state` counts from: `root`, or a server's */
    char *name;
    bool first;              /* the first of the promotion order */
    GHashTable *kafka;       /* librdkafka properties, char * → char *; empty where none. Holds secrets */
    GPtrArray *connect;      /* ConnectCluster */
    GPtrArray *repositories; /* RepositorySpec. Holds secrets */
    GPtrArray *plugins;      /* PluginRequest, by name */
    GPtrArray *instances;    /* Instance */
    GPtrArray *topics;       /* DesiredTopic, by address */
    GPtrArray *connectors;   /* DesiredConnector, by address */
    char *state;             /* "sqlite:…" */
    guint8 *state_key;       /* HASH_KEY_SIZE bytes; NULL: the state's own */
    char
        *state_key_source; /* where it is from: "env:NAME", "file:PATH", "command:PROGRAM …"; NULL: nowhere */
    Timing timing;
    Policy policy;
    char *lock_path; /* absolute */
    Lock *lock;      /* as read; an empty one where there is no file */
    bool has_lock;
    char *digest; /* "sha256:…" over names and bytes of the files it was rendered from */
    char **files; /* their names, relative to the root; NULL-terminated */
    char *commit; /* HEAD; NULL outside Git */
    bool dirty;
    GPtrArray *secret_texts; /* char *: what was read from env, files and commands, so that a log can mask it;
                                each once; wiped when it is freed */
} Environment;

/* An empty one, for the loader and for tests. */
Environment *environment_new(const char *root, const char *name);
void environment_free(Environment *environment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Environment, environment_free)
ConnectCluster *environment_find_connect(const Environment *environment, const char *name);
/* What is declared at an address, or NULL; owned by the environment. */
DesiredTopic *environment_find_topic(const Environment *environment, const char *address);
DesiredConnector *environment_find_connector(const Environment *environment, const char *address);

/* What must not be changed by who is subject to it: policy, Kafka and Connect, rollouts, state, repositories;
 * one flat object of texts as they are written, {"policy.approvals": "1", "connect.main.url": "…"}, so that a
 * change can be shown per key. To be asked of an environment that was loaded without its secrets, whose texts
 * are the ${…} as written; a password that is written out is "•••", and so is all that holds a resolved
 * secret. A rollout's command that is the server's own is named so, not shown. A new reference. */
json_t *environment_settings_json(const Environment *environment);

/* "sha256:…" over the same facts, and over the passwords that are written out; the same wherever the
 * declarations lie. The caller frees it. */
char *environment_settings_digest(const Environment *environment);

/* A plugin that is built from a Git repository: of sluice.yaml's `plugins:`, those with `git:`. Owned. */
typedef struct {
    char *name;
    char *git;        /* its address, as written */
    char *branch;     /* default "main" */
    char *maven;      /* group:artifact[:extension[:classifier]] that it is published as; NULL: not said */
    char *repository; /* id of the one that it is published to; NULL: not said, and there isn't just one */
    Position position;
} PluginBuild;
PluginBuild *plugin_build_copy(const PluginBuild *build);
void plugin_build_free(PluginBuild *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PluginBuild, plugin_build_free)

/* sluice.yaml alone. */
typedef struct {
    char *root;
    char *name;
    char **environments;     /* in promotion order */
    GPtrArray *repositories; /* RepositorySpec */
    GHashTable *plugins;     /* name → PluginRequest without version */
    GPtrArray *builds;       /* PluginBuild, by name */
} Project;
void project_free(Project *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Project, project_free)

/* The root of the declarations: `start` or the nearest folder above it with a sluice.yaml;
 * DECLARE_ERROR_NOT_FOUND. The caller frees it. */
char *declare_find_root(const char *start, GError **error);

/* Where a server reads a secret: one of these is set. Owned. */
typedef struct {
    char *env;      /* a variable of the server's own environment */
    char *file;     /* a path; a relative one counts from the trust's state_folder */
    char **command; /* run in the trust's state_folder; NULL-terminated */
} SecretSource;

/* One is given, the others are NULL; copied. */
SecretSource *secret_source_new(const char *env, const char *file, const char *const *command);
void secret_source_free(SecretSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretSource, secret_source_free)

/* What a server lets the declarations of one environment use. Git runs code there, so Git decides nothing
 * about trust: ${env.NAME} and `state_key: { env: NAME }` read the names listed here alone; ${secret.NAME} is
 * read from the source here, whatever the declarations say; no command and no secret's file of the
 * declarations is run or read; a rollout's command is the one given here. What isn't given is a mistake at
 * its place, with secrets resolved or not; a rollout without its command is refused (RolloutSpec). Everything
 * in it is owned, and filled in by the server. */
typedef struct {
    char **env;           /* names, NULL-terminated; NULL: none */
    GHashTable *secrets;  /* name → SecretSource */
    GHashTable *rollouts; /* Connect cluster → char **: the command of its rollout, or the restart of a local
                             folder's; also of a cluster whose declarations have no rollout */
    char *state_folder;   /* absolute: what a relative path of a state counts from */
} DeclareTrust;

/* One that trusts nothing yet. */
DeclareTrust *declare_trust_new(const char *state_folder);
void declare_trust_free(DeclareTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeclareTrust, declare_trust_free)

typedef struct {
    bool resolve_secrets; /* read env and secret values (plan, apply); false: they stay unread (validate) and
                             values that need them are opaque texts */
    const char *const *variables; /* "INSTANCE.name=value" of --var, NULL-terminated; may be NULL */
    const char *secrets_of;    /* declare_read_project() alone: the environment whose `secrets:` sluice.yaml
                                  uses; NULL:    they stay unread */
    const char *lock_text;     /* a lock to use instead of the file's; NULL: the file's */
    const DeclareTrust *trust; /* of a server; NULL: a person's own machine, where declarations may all */
} DeclareOptions;

/* Reads sluice.yaml. (To learn environments and builds alone, leave secrets and trust out.) NULL with
 * diagnostics where it is wrong. */
Project *declare_read_project(const char *root, const DeclareOptions *options, Diagnostics *diagnostics,
                              GError **error);

/* Reads, checks and renders one environment. NULL and DECLARE_ERROR_INVALID when the diagnostics have errors
 * (mistakes of secrets that are unset too, when they are resolved); another error for what is no mistake in a
 * file (Git fails, a folder can't be read). */
Environment *declare_load(const char *root, const char *environment, const DeclareOptions *options,
                          Diagnostics *diagnostics, GError **error);

/* Starts a declarations repository that validates in `folder` (made if need be; must hold no sluice.yaml).
 * Gives the files written (char *, NULL-terminated). */
char **declare_init(const char *folder, const char *name, GError **error);

/* What a promotion, or pinning, changes. */
typedef struct {
    char *instance;        /* NULL: of a plugin */
    char *plugin;          /* NULL: of a module */
    char *before, *after;  /* versions, with the bytes' hash where they differ by it alone; commits of a
                              module,  or its trees outside Git; before NULL: new */
    GPtrArray *also_moves; /* char *: other instances that use this plugin */
} PromotionChange;
void promotion_change_free(PromotionChange *change);

/* Sets, in the target's lock, the pins and current plugin versions of FROM's instances (all that TO has too,
 * or those named) and, unless `dry_run`, writes it where it differs, which *written (may be NULL) tells.
 * Plugins that TO asks for in a version of its own are left to `lock`. What FROM's lock has learnt of the
 * same bytes comes along, and is no change. Refused: a dirty or uncommitted module folder, a held version, a
 * variable that the target misses (in the diagnostics), named instances unknown in either. Gives a GPtrArray
 * of PromotionChange, maybe empty. Errors as declare_load().
 */
GPtrArray *declare_promote(const char *root, const char *from, const char *to, const char *const *instances,
                           bool dry_run, bool *written, Diagnostics *diagnostics, GError **error);

/* Pins the remote modules of the first environment (of another one: does nothing) in `lock`, which is not
 * written: those that have no pin of their source and ref yet, or all when `upgrade`. To be called before
 * declare_load(), which takes the result as its lock_text. Gives a GPtrArray of PromotionChange, maybe empty.
 */
GPtrArray *declare_pin_remote(const char *root, const char *environment, bool upgrade, Lock *lock,
                              Diagnostics *diagnostics, GError **error);
