/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "declare/changes.h"
#include "declare/digest.h"
#include "declare/schema.h"
#include "declare/targets.h"

#define KEPT_VERSIONS 3

/* One promotion. */
typedef struct {
    Loader *loader; /* of TO */
    const char *from_name, *to_name;
    Environment *from;
    GPtrArray *targets;  /* Target of TO */
    GPtrArray *promoted; /* char *: instances */
    bool all;
    Lock *lock;      /* of TO, as it becomes */
    Environment *to; /* rendered with it */
    bool learnt;     /* what classes report; in no change, as it moves nothing */
    GPtrArray *changes;
} Promotion;

static void promotion_clear(Promotion *promotion) {
    g_clear_pointer(&promotion->loader, loader_free);
    environment_free(promotion->from);
    environment_free(promotion->to);
    g_clear_pointer(&promotion->targets, g_ptr_array_unref);
    g_clear_pointer(&promotion->promoted, g_ptr_array_unref);
    g_clear_pointer(&promotion->lock, lock_free);
    g_clear_pointer(&promotion->changes, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Promotion, promotion_clear)

static bool refuse(GError **error, const char *hint, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool refuse(GError **error, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    error_set(error, DECLARE_ERROR, DECLARE_ERROR_FAILED, hint, "%s", message);
    return false;
}

static bool contains(const GPtrArray *texts, const char *text) {
    return g_ptr_array_find_with_equal_func((GPtrArray *)texts, text, g_str_equal, NULL);
}

static Instance *find_instance(const Environment *environment, const char *name) {
    for (guint i = 0; i < environment->instances->len; i++) {
        Instance *instance = environment->instances->pdata[i];
        if (g_str_equal(instance->name, name))
            return instance;
    }
    return NULL;
}

/* --- Which instances ------------------------------------------------------------------------------------ */

static bool check_named(const Promotion *promotion, const char *name, GError **error) {
    const Instance *instance = find_instance(promotion->from, name);
    if (instance == NULL)
        return refuse(error, NULL, "there is no instance '%s' in '%s'", name, promotion->from_name);
    if (targets_find(promotion->targets, name) == NULL) {
        g_autofree char *hint = g_strdup_printf("declare it in environments/%s.yaml", promotion->to_name);
        return refuse(error, hint, "there is no instance '%s' in '%s'", name, promotion->to_name);
    }
    if (instance->waiting)
        return refuse(error, NULL, "instance '%s' is not pinned in '%s' itself", name, promotion->from_name);
    return true;
}

static bool choose_instances(Promotion *promotion, const char *const *named, GError **error) {
    promotion->promoted = g_ptr_array_new_with_free_func(g_free);
    promotion->all = named == NULL || named[0] == NULL;
    for (guint i = 0; !promotion->all && named[i] != NULL; i++) {
        if (!check_named(promotion, named[i], error))
            return false;
        if (!contains(promotion->promoted, named[i]))
            g_ptr_array_add(promotion->promoted, g_strdup(named[i]));
    }
    for (guint i = 0; promotion->all && i < promotion->from->instances->len; i++) {
        const Instance *instance = promotion->from->instances->pdata[i];
        if (!instance->waiting && targets_find(promotion->targets, instance->name) != NULL)
            g_ptr_array_add(promotion->promoted, g_strdup(instance->name));
    }
    return true;
}

/* --- Pins of modules ------------------------------------------------------------------------------------ */

typedef struct {
    char *commit; /* NULL outside Git */
    char *tree;
} Pin;

static void pin_clear(Pin *pin) {
    g_free(pin->commit);
    g_free(pin->tree);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pin, pin_clear)

/* The newest commit that changed the module's folder, which must be as committed. */
static bool pin_folder(const Promotion *promotion, const Instance *instance, Pin *pin, GError **error) {
    Loader *loader = promotion->loader;
    g_autofree char *folder = g_build_filename(loader->root, instance->folder, NULL);
    if (loader->git == NULL) {
        pin->tree = digest_of_tree(folder, error);
        return pin->tree != NULL;
    }
    g_autofree char *path = g_build_filename(loader->git_prefix, instance->folder, NULL);
    bool dirty = false;
    if (!git_is_dirty(loader->git, path, &dirty, error) ||
        !git_last_change(loader->git, path, &pin->commit, error))
        return false;
    if (dirty || pin->commit == NULL)
        return refuse(error, "a promotion is of commits: commit it, or put it back",
                      "the folder '%s' has changes that are not committed", instance->folder);
    pin->tree = digest_of_commit(loader->git, pin->commit, path, error);
    return pin->tree != NULL;
}

static bool find_pin(const Promotion *promotion, const Instance *instance, Pin *pin, GError **error) {
    if (promotion->from->first && instance->git == NULL)
        return pin_folder(promotion, instance, pin, error);
    const LockedModule *locked = lock_find_module(promotion->from->lock, instance->name);
    if (locked == NULL)
        return refuse(error, NULL, "instance '%s' is not pinned in '%s' itself", instance->name,
                      promotion->from_name);
    pin->commit = g_strdup(locked->commit);
    pin->tree = g_strdup(locked->tree);
    return true;
}

static bool promote_module(Promotion *promotion, const char *name, GError **error) {
    const Instance *instance = find_instance(promotion->from, name);
    const Target *target = targets_find(promotion->targets, name);
    if (!module_source_matches(promotion->loader, target->source, instance->source, false)) {
        g_autofree char *hint =
            g_strdup_printf("it is %s in '%s' and %s in '%s'", instance->source, promotion->from_name,
                            target->source->written, promotion->to_name);
        return refuse(error, hint, "instance '%s' is of two different modules", name);
    }
    g_auto(Pin) pin = {0};
    if (!find_pin(promotion, instance, &pin, error))
        return false;
    const LockedModule *locked = lock_find_module(promotion->lock, name);
    const char *before = locked == NULL ? NULL : locked->commit != NULL ? locked->commit : locked->tree;
    const char *after = pin.commit != NULL ? pin.commit : pin.tree;
    if (locked != NULL && g_strcmp0(before, after) == 0 &&
        g_str_equal(locked->source, target->source->written))
        return true;
    changes_add(promotion->changes, name, NULL, before, after);
    lock_set_module(promotion->lock, name, target->source->written, pin.commit, pin.tree);
    return true;
}

/* --- Versions of plugins -------------------------------------------------------------------------------- */

/* Instances of TO that are not promoted, but use the same plugin. */
static void name_others(const Promotion *promotion, const char *plugin, PromotionChange *change) {
    for (guint i = 0; i < promotion->to->instances->len; i++) {
        const Instance *instance = promotion->to->instances->pdata[i];
        if (contains(instance->plugins, plugin) && !contains(promotion->promoted, instance->name))
            g_ptr_array_add(change->also_moves, g_strdup(instance->name));
    }
}

static bool check_held(const Promotion *promotion, const char *plugin, const LockedVersion *version,
                       GError **error) {
    if (!lock_holds(promotion->lock, plugin, version->version) &&
        !lock_holds(promotion->lock, plugin, version->resolved))
        return true;
    g_autofree char *hint =
        g_strdup_printf("let it in with: sluice lock %s --unhold %s", promotion->to_name, plugin);
    return refuse(error, hint, "version %s of plugin '%s' is held out of '%s'", version->version, plugin,
                  promotion->to_name);
}

static LockedPlugin *lock_entry(Promotion *promotion, const LockedPlugin *source,
                                const PluginRequest *request) {
    LockedPlugin *entry = lock_find_plugin(promotion->lock, source->name);
    if (entry == NULL)
        entry = lock_add_plugin(promotion->lock, source->name);
    g_free(entry->maven);
    g_free(entry->url);
    g_free(entry->file);
    g_free(entry->requested);
    entry->maven = g_strdup(source->maven);
    entry->url = g_strdup(source->url);
    entry->file = g_strdup(source->file);
    entry->requested = g_strdup(request->version);
    g_ptr_array_set_size(entry->connect, 0);
    for (guint i = 0; i < request->connect->len; i++)
        g_ptr_array_add(entry->connect, g_strdup(request->connect->pdata[i]));
    return entry;
}

static void copy_repository(Promotion *promotion, const char *id) {
    const Lock *from = promotion->from->lock;
    const char *url = id != NULL && from != NULL ? g_hash_table_lookup(from->repositories, id) : NULL;
    if (url != NULL)
        g_hash_table_replace(promotion->lock->repositories, g_strdup(id), g_strdup(url));
}

/* Other bytes under the same version differ by their hash alone. */
static PromotionChange *add_move(Promotion *promotion, const char *plugin, const LockedVersion *before,
                                 const LockedVersion *after) {
    if (before == NULL || !g_str_equal(before->resolved, after->resolved))
        return changes_add(promotion->changes, NULL, plugin, before != NULL ? before->resolved : NULL,
                           after->resolved);
    g_autofree char *former = g_strdup_printf("%s sha256:%.12s", before->resolved, before->sha256);
    g_autofree char *latter = g_strdup_printf("%s sha256:%.12s", after->resolved, after->sha256);
    return changes_add(promotion->changes, NULL, plugin, former, latter);
}

static bool promote_plugin(Promotion *promotion, const PluginRequest *request, GError **error) {
    const LockedPlugin *source = lock_find_plugin(promotion->from->lock, request->name);
    if (source == NULL) {
        g_autofree char *hint = g_strdup_printf("run: sluice lock %s", promotion->from_name);
        return refuse(error, hint, "plugin '%s' is not locked in '%s'", request->name, promotion->from_name);
    }
    const LockedVersion *version = locked_plugin_current(source);
    if (!check_held(promotion, request->name, version, error))
        return false;
    LockedPlugin *entry = lock_entry(promotion, source, request);
    const LockedVersion *there = locked_plugin_current(entry);
    if (there != NULL && g_str_equal(there->resolved, version->resolved) &&
        g_str_equal(there->sha256, version->sha256))
        return true;
    name_others(promotion, request->name, add_move(promotion, request->name, there, version));
    locked_plugin_advance(entry, locked_version_copy(version), KEPT_VERSIONS);
    copy_repository(promotion, version->repository);
    return true;
}

/* Of no module's connectors: a plugin of the environment's own. */
static bool is_own(const Promotion *promotion, const char *plugin) {
    for (guint i = 0; i < promotion->to->instances->len; i++)
        if (contains(((Instance *)promotion->to->instances->pdata[i])->plugins, plugin))
            return false;
    return true;
}

static bool moves(const Promotion *promotion, const PluginRequest *request) {
    if (request->version != NULL && !g_str_equal(request->version, "promoted"))
        return false;
    for (guint i = 0; i < promotion->promoted->len; i++) {
        const Instance *instance = find_instance(promotion->to, promotion->promoted->pdata[i]);
        if (instance != NULL && contains(instance->plugins, request->name))
            return true;
    }
    return promotion->all && is_own(promotion, request->name) &&
           lock_find_plugin(promotion->from->lock, request->name) != NULL;
}

static bool promote_plugins(Promotion *promotion, GError **error) {
    for (guint i = 0; i < promotion->to->plugins->len; i++) {
        const PluginRequest *request = promotion->to->plugins->pdata[i];
        if (moves(promotion, request) && !promote_plugin(promotion, request, error))
            return false;
    }
    g_autoptr(GPtrArray) plugins = lock_learn(promotion->lock, promotion->from->lock);
    promotion->learnt = plugins->len > 0;
    return true;
}

/* --- All together --------------------------------------------------------------------------------------- */

static Lock *read_target_lock(const Promotion *promotion, GError **error) {
    g_autofree char *path =
        g_strdup_printf("%s/environments/%s.lock", promotion->loader->root, promotion->to_name);
    g_autoptr(GError) failure = NULL;
    Lock *lock = lock_read(path, &failure);
    if (lock == NULL && g_error_matches(failure, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND))
        lock = lock_new(promotion->to_name);
    if (lock == NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    return lock;
}

static bool read_targets(Promotion *promotion, GError **error) {
    bool first = false;
    GError *failure = NULL;
    promotion->targets = targets_read(promotion->loader, &first, &failure);
    if (promotion->targets == NULL && failure == NULL)
        error_set(&failure, DECLARE_ERROR, DECLARE_ERROR_INVALID, NULL,
                  "the declarations of '%s' have mistakes", promotion->to_name);
    if (promotion->targets == NULL) {
        g_propagate_error(error, failure);
        return false;
    }
    if (first)
        return refuse(error, "it is the first environment: it is rendered from the work tree",
                      "nothing is promoted to '%s'", promotion->to_name);
    if (g_str_equal(promotion->from_name, promotion->to_name))
        return refuse(error, NULL, "'%s' can't be promoted to itself", promotion->to_name);
    return loader_open_git(promotion->loader, error);
}

/* Renders TO with its new pins, which finds variables that it misses. */
static bool render_target(Promotion *promotion, Diagnostics *diagnostics, GError **error) {
    g_autoptr(json_t) json = lock_to_json(promotion->lock);
    g_autofree char *text = json_pretty(json);
    DeclareOptions options = {.lock_text = text};
    promotion->to = declare_load(promotion->loader->root, promotion->to_name, &options, diagnostics, error);
    return promotion->to != NULL;
}

static bool promote_modules(Promotion *promotion, GError **error) {
    for (guint i = 0; i < promotion->promoted->len; i++)
        if (!promote_module(promotion, promotion->promoted->pdata[i], error))
            return false;
    return true;
}

static bool write_lock(const Promotion *promotion, bool *written, GError **error) {
    g_autofree char *before = lock_digest(promotion->to->lock), *after = lock_digest(promotion->lock);
    g_autofree char *path =
        g_strdup_printf("%s/environments/%s.lock", promotion->loader->root, promotion->to_name);
    bool same = promotion->changes->len == 0 && !promotion->learnt && g_str_equal(before, after);
    *written = !same && lock_write(promotion->lock, path, error);
    return same || *written;
}

GPtrArray *declare_promote(const char *root, const char *from, const char *to, const char *const *instances,
                           bool dry_run, bool *written, Diagnostics *diagnostics, GError **error) {
    g_auto(Promotion) promotion = {.from_name = from, .to_name = to};
    promotion.changes = changes_new();
    promotion.loader = loader_new(root, NULL, diagnostics);
    promotion.loader->environment = g_strdup(to);
    promotion.from = declare_load(root, from, NULL, diagnostics, error);
    if (promotion.from == NULL || !read_targets(&promotion, error))
        return NULL;
    promotion.lock = read_target_lock(&promotion, error);
    if (promotion.lock == NULL || !choose_instances(&promotion, instances, error) ||
        !promote_modules(&promotion, error) || !render_target(&promotion, diagnostics, error) ||
        !promote_plugins(&promotion, error))
        return NULL;
    bool wrote = false;
    if (!dry_run && !write_lock(&promotion, &wrote, error))
        return NULL;
    if (written != NULL)
        *written = wrote;
    return g_steal_pointer(&promotion.changes);
}
