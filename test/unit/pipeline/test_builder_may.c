/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "pipeline/builder.h"

static bool may_from(const char *from, const char *git, GError **error) {
    char *list[] = {(char *)"https://elsewhere.example/", (char *)from, NULL};
    const PipelineSettings settings = {.build_from = list};
    return builder_may(&settings, git, error);
}

static void assert_may(const char *from, const char *git) {
    g_autoptr(GError) error = NULL;
    if (!may_from(from, git, &error))
        g_error("'%s' should let '%s' in: %s", from, git, error->message);
    g_assert_no_error(error);
}

static void assert_may_not(const char *from, const char *git) {
    g_autoptr(GError) error = NULL;
    if (may_from(from, git, &error))
        g_error("'%s' should not let '%s' in", from, git);
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED);
    g_assert_nonnull(error_hint(error));
}

static void what_is_below_a_prefix_may(void) {
    assert_may("https://git.acme.example/team/", "https://git.acme.example/team/orders.git");
    assert_may("https://git.acme.example/team/", "https://git.acme.example/team/sub/orders.git");
    assert_may("https://git.acme.example/team", "https://git.acme.example/team/orders.git");
    assert_may("https://git.acme.example/", "https://git.acme.example/team/orders.git");
    assert_may("https://git.acme.example", "https://git.acme.example/team/orders.git");
    assert_may("ssh://git@h.example:2222/team/", "ssh://git@h.example:2222/team/orders");
    assert_may("git@h.example:team/", "git@h.example:team/orders.git");
    assert_may("http://[::1]:3000/team/", "http://[::1]:3000/team/orders");
}

static void a_whole_address_is_itself(void) {
    assert_may("https://h.example/team/orders.git", "https://h.example/team/orders.git");
    assert_may("https://h.example/team/orders.git", "https://h.example/team/orders.git/");
    assert_may_not("https://h.example/team/orders", "https://h.example/team/orders.git");
    assert_may_not("https://h.example/team/", "https://h.example/team");
}

static void a_prefix_ends_at_a_name(void) {
    assert_may_not("https://h.example/team/", "https://h.example/team-evil/orders.git");
    assert_may_not("https://h.example/team", "https://h.example/team-evil/orders.git");
    assert_may_not("https://h.example/team", "https://h.example/teamevil");
    assert_may_not("https://h.example", "https://h.example.evil.example/team/orders.git");
    assert_may_not("https://h.example", "https://h.examplee/team/orders.git");
    assert_may_not("git@h.example:team", "git@h.example:team2/orders.git");
}

static void a_step_up_is_refused(void) {
    static const char *const tricks[] = {
        "https://h.example/team/../evil/x",    "https://h.example/team/..",
        "https://h.example/team/./../evil/x",  "https://h.example/team/%2e%2e/evil/x",
        "https://h.example/team/.%2E/evil/x",  "https://h.example/team/%2e%2e%2fevil/x",
        "https://h.example/team/..%2fevil/x",  "https://h.example/team/..%5cevil/x",
        "https://h.example/team/%252e%252e/x", "https://h.example/team/..\\evil\\x",
        "https://h.example/team//../evil/x",   "https://h.example/team//evil/x",
        "https://h.example/team/x%00",         "https://h.example/team/x%0a",
        "https://h.example/team/%zz",          "https://h.example/team/%2",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tricks); i++)
        assert_may_not("https://h.example/team/", tricks[i]);
    assert_may_not("git@h.example:team/", "git@h.example:team/../evil/x");
    assert_may_not("ssh://git@h.example/team/", "ssh://git@h.example/team/../evil");
}

static void userinfo_is_no_host(void) {
    static const char *const tricks[] = {
        "https://h.example@evil.example/team/x",
        "https://h.example:443@evil.example/team/x",
        "https://h.example%2fteam@evil.example/x",
        "https://evil.example\\@h.example/team/x",
        "https://evil.example/@h.example/team/x",
        "https://evil.example#@h.example/team/x",
        "https://evil.example?@h.example/team/x",
        "https://user:pass@h.example/team/x",
        "https://user@h.example/team/x",
        "https://@h.example/team/x",
        "https://h.example:443:80/team/x",
        "https://h.example:/team/x",
        "https://h.example:x/team/x",
        "https:///h.example/team/x",
        "https://h.example\t/team/x",
        "https://h.example /team/x",
        "https://h.example./team/x",
        "https://h.\xd0\xb5xample/team/x",
        "https://[h.example]/team/x",
        "https://h.example]/team/x",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tricks); i++)
        assert_may_not("https://h.example/team/", tricks[i]);
    assert_may_not("ssh://git@h.example/team/", "ssh://git:pw@h.example/team/x");
    assert_may_not("ssh://git@h.example/team/", "ssh://root@h.example/team/x");
    assert_may_not("ssh://git@h.example/team/", "ssh://h.example/team/x");
    assert_may_not("git@h.example:team/", "root@h.example:team/x");
}

static void another_scheme_or_port_is_another_place(void) {
    assert_may_not("https://h.example/team/", "http://h.example/team/x");
    assert_may_not("https://h.example/team/", "ssh://h.example/team/x");
    assert_may_not("https://h.example/team/", "https://h.example:8443/team/x");
    assert_may_not("https://h.example:8443/team/", "https://h.example/team/x");
    assert_may("https://h.example/team/", "https://h.example:443/team/x");
    assert_may("ssh://git@h.example:22/team/", "ssh://git@h.example/team/x");
}

static void a_host_has_no_case_but_a_path_has(void) {
    assert_may("https://Git.Acme.Example/team/", "HTTPS://git.acme.EXAMPLE/team/x");
    assert_may_not("https://h.example/team/", "https://h.example/Team/x");
}

static void what_is_encoded_is_compared_decoded(void) {
    assert_may("https://h.example/my%20team/", "https://h.example/my%20%74eam/x");
    assert_may("https://h.example/team/", "https://h.example/%74eam/x");
}

/* host:path is below the account's home, ssh://host/path is not. */
static void a_relative_path_of_ssh_is_not_an_absolute_one(void) {
    assert_may_not("ssh://git@h.example/team/", "git@h.example:team/x");
    assert_may_not("git@h.example:team/", "ssh://git@h.example/team/x");
    assert_may("ssh://git@h.example/team/", "git@h.example:/team/x");
}

static void programs_and_options_are_no_addresses(void) {
    static const char *const tricks[] = {"ext::sh",
                                         "ext::sh -c evil",
                                         "--upload-pack=evil",
                                         "-x:y",
                                         "fd::3",
                                         "http::https://h/x",
                                         "ftp://h/x",
                                         "team/x",
                                         "x",
                                         "",
                                         "../team",
                                         "./team",
                                         "git+ssh://h/x",
                                         "h:",
                                         ":x"};
    for (gsize i = 0; i < G_N_ELEMENTS(tricks); i++) {
        assert_may_not("https://h/", tricks[i]);
        assert_may_not("/", tricks[i]);
    }
}

static void a_wrong_prefix_lets_nobody_in(void) {
    static const char *const prefixes[] = {
        "", "https://", "https:", "h", "https://*/", "https://user:pw@h.example/"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        assert_may_not(prefixes[i], "https://h.example/team/x");
    const PipelineSettings nothing = {.build_from = NULL};
    g_assert_false(builder_may(&nothing, "https://h.example/team/x", NULL));
}

static void folders_follow_their_links(void) {
    g_autofree char *folder = g_dir_make_tmp("sluice-may-XXXXXX", NULL);
    g_autofree char *team = g_build_filename(folder, "team", NULL);
    g_autofree char *orders = g_build_filename(team, "orders", NULL);
    g_autofree char *evil = g_build_filename(folder, "team-evil", NULL);
    g_autofree char *link = g_build_filename(team, "link", NULL);
    g_autofree char *missing = g_build_filename(team, "missing", NULL);
    g_autofree char *step = g_build_filename(team, "..", "team-evil", NULL);
    g_autofree char *url = g_strconcat("file://", orders, NULL);
    g_autofree char *encoded = g_strconcat("file://", team, "/%2e%2e/team-evil", NULL);
    g_autofree char *hosted = g_strconcat("file://h", orders, NULL);
    g_assert_true(files_make_folder(orders, NULL) && files_make_folder(evil, NULL));
    g_assert_cmpint(symlink(evil, link), ==, 0);
    assert_may(team, orders);
    assert_may(team, missing);
    assert_may(team, url);
    assert_may("/", orders);
    assert_may_not(team, evil);
    assert_may_not(team, link);
    assert_may_not(team, step);
    assert_may_not(team, encoded);
    assert_may_not(team, hosted);
    assert_may(evil, link);
    g_assert_true(files_remove_tree(folder, NULL));
}

static void the_hint_is_what_to_write(void) {
    g_autoptr(GError) error = NULL;
    g_assert_false(may_from("https://h.example/team/", "https://h.example/@scope/x", &error));
    g_assert_cmpstr(error->message, ==, "the repository 'https://h.example/@scope/x' may not be built here");
    g_assert_cmpstr(error_hint(error), ==,
                    "add it to the server's file: build: { from: [\"https://h.example/@scope/x\"] }");
}

static void no_password_is_told(void) {
    static const char *const addresses[] = {"https://user:hunter22@h.example/x",
                                            "https://hunter22@h.example/x", "ssh://git:hunter22@h.example/x",
                                            "https://a@b:hunter22@h.example/x", "user:hunter22@h.example\\x"};
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(may_from("https://h.example/", addresses[i], &error));
        g_assert_null(strstr(error->message, "hunter22"));
        g_assert_null(strstr(error_hint(error), "hunter22"));
    }
}

#define CASE(name) g_test_add_func("/builder_may/" #name, name)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    CASE(what_is_below_a_prefix_may);
    CASE(a_whole_address_is_itself);
    CASE(a_prefix_ends_at_a_name);
    CASE(a_step_up_is_refused);
    CASE(userinfo_is_no_host);
    CASE(another_scheme_or_port_is_another_place);
    CASE(a_host_has_no_case_but_a_path_has);
    CASE(what_is_encoded_is_compared_decoded);
    CASE(a_relative_path_of_ssh_is_not_an_absolute_one);
    CASE(programs_and_options_are_no_addresses);
    CASE(a_wrong_prefix_lets_nobody_in);
    CASE(folders_follow_their_links);
    CASE(the_hint_is_what_to_write);
    CASE(no_password_is_told);
    return g_test_run();
}
