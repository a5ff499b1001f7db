/* SPDX-License-Identifier: Apache-2.0 */
#include "server/auth.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "server/error.h"

#define NOW 1000000

typedef struct {
    char *folder;
    GPtrArray *people;
    Auth *auth;
} World;

static void free_person(gpointer person) {
    person_free(person);
}

static Person *add(World *world, const char *name, const char *token) {
    Person *person = person_new(name);
    person->token_sha256 = hash_bytes(HASH_SHA256, token, strlen(token));
    g_ptr_array_add(world->people, person);
    return person;
}

static void world_init(World *world) {
    g_autoptr(GError) error = NULL;
    world->folder = files_make_temporary(g_get_tmp_dir(), "sluice-auth-", &error);
    world->people = g_ptr_array_new_with_free_func(free_person);
    add(world, "alice", "one");
    add(world, "Bob Ö|", "two");
    world->auth = auth_new(world->people, world->folder, &error);
    g_assert_no_error(error);
}

static void world_clear(World *world) {
    auth_free(world->auth);
    g_ptr_array_unref(world->people);
    g_assert_true(files_remove_tree(world->folder, NULL));
    g_free(world->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static void test_tokens(void) {
    g_auto(World) world = {0};
    world_init(&world);
    g_assert_cmpstr(auth_by_token(world.auth, "one")->name, ==, "alice");
    g_assert_cmpstr(auth_by_token(world.auth, "two")->name, ==, "Bob Ö|");
    g_assert_null(auth_by_token(world.auth, "three"));
    g_assert_null(auth_by_token(world.auth, ""));
    /* The hash is no token. */
    const Person *alice = world.people->pdata[0];
    g_assert_null(auth_by_token(world.auth, alice->token_sha256));
}

static void test_cookies(void) {
    g_auto(World) world = {0};
    world_init(&world);
    for (guint i = 0; i < world.people->len; i++) {
        const Person *person = world.people->pdata[i];
        g_autofree char *cookie = auth_cookie(world.auth, person, NOW);
        g_assert_null(strpbrk(cookie, " ;,\"\\"));
        g_assert_true(auth_by_cookie(world.auth, cookie, NOW) == person);
        g_assert_true(auth_by_cookie(world.auth, cookie, NOW + AUTH_SESSION_S - 1) == person);
        g_assert_null(auth_by_cookie(world.auth, cookie, NOW + AUTH_SESSION_S));
    }
}

static void test_forged(void) {
    g_auto(World) world = {0};
    world_init(&world);
    g_autofree char *cookie = auth_cookie(world.auth, world.people->pdata[0], NOW);
    for (gsize i = 0; cookie[i] != '\0'; i++) {
        char kept = cookie[i];
        cookie[i] = kept == '1' ? '2' : '1';
        g_assert_null(auth_by_cookie(world.auth, cookie, NOW));
        cookie[i] = kept;
    }
    g_auto(GStrv) parts = g_strsplit(cookie, "|", -1);
    g_autofree char *later = g_strdup_printf("%s|%s0|%s", parts[0], parts[1], parts[2]);
    g_autofree char *more = g_strconcat(cookie, "|", NULL);
    const char *const wrong[] = {"", "|", "||", "alice", "alice||", later, more};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(auth_by_cookie(world.auth, wrong[i], NOW));
}

static void test_new_token(void) {
    g_auto(World) world = {0};
    world_init(&world);
    Person *alice = world.people->pdata[0];
    g_autofree char *cookie = auth_cookie(world.auth, alice, NOW);
    g_free(alice->token_sha256);
    alice->token_sha256 = hash_bytes(HASH_SHA256, "new", 3);
    g_assert_null(auth_by_cookie(world.auth, cookie, NOW));
}

static void test_key(void) {
    g_auto(World) world = {0};
    world_init(&world);
    g_autofree char *path = g_build_filename(world.folder, "session.key", NULL);
    GStatBuf status;
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
    g_autofree char *cookie = auth_cookie(world.auth, world.people->pdata[0], NOW);
    g_autoptr(GError) error = NULL;
    g_autoptr(Auth) again = auth_new(world.people, world.folder, &error);
    g_assert_no_error(error);
    g_assert_nonnull(auth_by_cookie(again, cookie, NOW));
}

static void test_broken_key(void) {
    g_auto(World) world = {0};
    world_init(&world);
    g_autofree char *path = g_build_filename(world.folder, "session.key", NULL);
    g_assert_true(files_write(path, "short", 5, 0600, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(auth_new(world.people, world.folder, &error));
    g_assert_error(error, SERVER_ERROR, SERVER_ERROR_FAILED);
}

static void test_attempts(void) {
    g_auto(World) world = {0};
    world_init(&world);
    for (int i = 0; i < 10; i++) {
        g_assert_true(auth_may_try(world.auth, "192.0.2.1", NOW));
        auth_failed(world.auth, "192.0.2.1", NOW);
    }
    g_assert_false(auth_may_try(world.auth, "192.0.2.1", NOW + 59));
    g_assert_true(auth_may_try(world.auth, "192.0.2.2", NOW + 59));
    g_assert_true(auth_may_try(world.auth, "192.0.2.1", NOW + 60));
}

static void test_many_addresses(void) {
    g_auto(World) world = {0};
    world_init(&world);
    guint known = 0;
    for (; known < 100000; known++) {
        g_autofree char *address = g_strdup_printf("address-%u", known);
        if (!auth_may_try(world.auth, address, NOW))
            break;
        auth_failed(world.auth, address, NOW);
    }
    g_assert_cmpuint(known, <, 100000);
    g_assert_true(auth_may_try(world.auth, "another", NOW + 60));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/auth/a token is one person's", test_tokens);
    g_test_add_func("/auth/a cookie ends after twelve hours", test_cookies);
    g_test_add_func("/auth/no byte of a cookie can be changed", test_forged);
    g_test_add_func("/auth/a new token ends the old one's cookies", test_new_token);
    g_test_add_func("/auth/the key is kept, for us alone", test_key);
    g_test_add_func("/auth/a key that is none is told", test_broken_key);
    g_test_add_func("/auth/ten failures a minute by address", test_attempts);
    g_test_add_func("/auth/the table of addresses is bounded", test_many_addresses);
    return g_test_run();
}
