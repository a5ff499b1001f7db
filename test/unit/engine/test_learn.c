/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/learn.h"

#include "world.h"

#define SHA256 "%064d"

static LockedPlugin *add_locked(Lock *lock, const char *name, const char *version, int bytes) {
    LockedPlugin *plugin = lock_find_plugin(lock, name);
    if (plugin == NULL)
        plugin = lock_add_plugin(lock, name);
    g_free(plugin->url);
    plugin->url = g_strdup("https://acme.example/orders.jar");
    g_ptr_array_set_size(plugin->connect, 0);
    g_ptr_array_add(plugin->connect, g_strdup("main"));
    LockedVersion *made = g_new0(LockedVersion, 1);
    made->version = g_strdup(version);
    made->resolved = g_strdup(version);
    made->path = g_strdup(plugin->url);
    made->size = 1;
    made->sha256 = g_strdup_printf(SHA256, bytes);
    locked_plugin_advance(plugin, made, 3);
    return plugin;
}

/* Locks what the worker has, and says which class it carries without its artifact. */
static void lock_plugin(World *world) {
    static const char *const classes[] = {WORLD_CLASS, NULL};
    Environment *environment = world->environment;
    add_locked(environment->lock, "orders-source", "1.0.0", 1);
    environment->has_lock = true;
    environment->lock_path = g_build_filename(world->folder, "environments", "dev.lock", NULL);
    g_hash_table_insert(world->engine->artifacts, g_strdup_printf(SHA256, 1), g_strdupv((char **)classes));
}

static GPtrArray *learn(World *world) {
    g_autoptr(GError) error = NULL;
    GPtrArray *names = learn_reports(world->engine, world->live, &error);
    g_assert_no_error(error);
    return names;
}

static void write_lock(const World *world, const Lock *lock) {
    g_autoptr(GError) error = NULL;
    lock_write(lock, world->environment->lock_path, &error);
    g_assert_no_error(error);
}

static Lock *read_lock(const World *world) {
    g_autoptr(GError) error = NULL;
    Lock *lock = lock_read(world->environment->lock_path, &error);
    g_assert_no_error(error);
    return lock;
}

static void what_others_locked_meanwhile_stays(World *world, gconstpointer data) {
    lock_plugin(world);
    g_autoptr(Lock) others = lock_copy(world->environment->lock);
    add_locked(others, "orders-source", "1.1.0", 2);
    add_locked(others, "another", "1.0.0", 3);
    write_lock(world, others);
    g_autoptr(GPtrArray) names = learn(world);
    g_assert_cmpuint(names->len, ==, 1);
    g_autoptr(Lock) lock = read_lock(world);
    g_assert_nonnull(lock_find_plugin(lock, "another"));
    const LockedPlugin *plugin = lock_find_plugin(lock, "orders-source");
    g_assert_cmpstr(locked_plugin_current(plugin)->version, ==, "1.1.0");
    const LockedVersion *former = plugin->versions->pdata[1];
    g_assert_cmpstr(g_hash_table_lookup(former->reports, WORLD_CLASS), ==, "1.0.0");
}

static void other_bytes_learn_nothing(World *world, gconstpointer data) {
    lock_plugin(world);
    g_autoptr(Lock) others = lock_copy(world->environment->lock);
    add_locked(others, "orders-source", "1.0.0", 2);
    write_lock(world, others);
    g_autoptr(GPtrArray) names = learn(world);
    g_assert_cmpuint(names->len, ==, 0);
    g_autoptr(Lock) lock = read_lock(world);
    const LockedVersion *version = locked_plugin_current(lock_find_plugin(lock, "orders-source"));
    g_assert_true(version->reports == NULL || g_hash_table_size(version->reports) == 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    WORLD_TEST("/engine/learn/what others locked meanwhile stays", what_others_locked_meanwhile_stays);
    WORLD_TEST("/engine/learn/other bytes learn nothing", other_bytes_learn_nothing);
    return g_test_run();
}
