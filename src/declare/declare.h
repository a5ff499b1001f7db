/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to desired state: a declarations repository is read, checked and rendered for one environment.
 * Mistakes are collected as diagnostics, all of a pass together.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diagnostics.h"
#include "base/http.h"
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
    char *folder;       /* of a local module: relative to the root; NULL for a remote one */
    char *commit;       /* that it was rendered from; NULL: the work tree */
    bool waiting;       /* not pinned yet: valid, shown, not in the plan */
    GPtrArray *plugins; /* char *: names of plugins that its connectors use; sorted */
    Position position;
} Instance;

/* All that is declared for one environment. */
typedef struct {
    char *project;
    char *root; /* absolute folder of sluice.yaml */
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
    Timing timing;
    Policy policy;
    char *lock_path; /* absolute */
    Lock *lock;      /* as read; an empty one where there is no file */
    bool has_lock;
    char *digest; /* "sha256:…" over names and bytes of the files it was rendered from */
    char *commit; /* HEAD; NULL outside Git */
    bool dirty;
} Environment;

/* An empty one, for the loader and for tests. */
Environment *environment_new(const char *root, const char *name);
void environment_free(Environment *environment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Environment, environment_free)
ConnectCluster *environment_find_connect(const Environment *environment, const char *name);
/* What is declared at an address, or NULL; owned by the environment. */
DesiredTopic *environment_find_topic(const Environment *environment, const char *address);
DesiredConnector *environment_find_connector(const Environment *environment, const char *address);

/* sluice.yaml alone. */
typedef struct {
    char *root;
    char *name;
    char **environments;     /* in promotion order */
    GPtrArray *repositories; /* RepositorySpec */
    GHashTable *plugins;     /* name → PluginRequest without version */
} Project;
void project_free(Project *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Project, project_free)

/* The root of the declarations: `start` or the nearest folder above it with a sluice.yaml;
 * DECLARE_ERROR_NOT_FOUND. The caller frees it. */
char *declare_find_root(const char *start, GError **error);

typedef struct {
    bool resolve_secrets; /* read env and secret values (plan, apply); false: they stay unread (validate) and
                             values that need them are opaque texts */
    const char *const *variables; /* "INSTANCE.name=value" of --var, NULL-terminated; may be NULL */
    const char *lock_text;        /* a lock to use instead of the file's; NULL: the file's */
} DeclareOptions;

/* Reads sluice.yaml. NULL with diagnostics where it is wrong. */
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
    char *before, *after;  /* versions; commits of a module, or its trees outside Git; before NULL: new */
    GPtrArray *also_moves; /* char *: other instances that use this plugin */
} PromotionChange;
void promotion_change_free(PromotionChange *change);

/* Sets, in the target's lock, the pins and current plugin versions of FROM's instances (all that TO has too,
 * or those named) and writes it unless `dry_run`. Plugins that TO asks for in a version of its own are left
 * to `lock`. Refused: a dirty or uncommitted module folder, a held version, a variable that the target misses
 * (in the diagnostics), named instances unknown in either. Gives a GPtrArray of PromotionChange, maybe empty.
 * Errors as declare_load(). */
GPtrArray *declare_promote(const char *root, const char *from, const char *to, const char *const *instances,
                           bool dry_run, Diagnostics *diagnostics, GError **error);

/* Pins the remote modules of the first environment (of another one: does nothing) in `lock`, which is not
 * written: those that have no pin of their source and ref yet, or all when `upgrade`. To be called before
 * declare_load(), which takes the result as its lock_text. Gives a GPtrArray of PromotionChange, maybe empty.
 */
GPtrArray *declare_pin_remote(const char *root, const char *environment, bool upgrade, Lock *lock,
                              Diagnostics *diagnostics, GError **error);
