/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/render.h"

#include "world.h"

static const guint8 key[HASH_KEY_SIZE] = {1, 2, 3};

static GHashTable *set_of(const char *name) {
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_add(set, (gpointer)name);
    return set;
}

static void sends_class_tasks_and_known_pins(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    connector->tasks = 3;
    Pin known = {.key = (char *)"connector.plugin.version", .reported = (char *)"1.0.0"};
    Pin deferred = {.key = (char *)"key.converter.plugin.version"};
    g_autoptr(GPtrArray) pins = g_ptr_array_new();
    g_ptr_array_add(pins, &known);
    g_ptr_array_add(pins, &deferred);
    g_autoptr(json_t) config = render_config(connector, pins);
    g_autofree char *text = json_canonical(config);
    g_assert_cmpstr(text, ==,
                    "{\"connector.class\":\"com.acme.Source\",\"connector.plugin.version\":\"1.0.0\","
                    "\"tasks.max\":\"3\",\"url\":\"http://orders\"}");
}

static void sensitive_by_any_of_three(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_config(connector->config, "by.variable", "x", true);
    g_autoptr(ResourceRecord) record = world_connector_record(world, connector);
    json_object_set_new(json_object_get(record->applied, "config"), "by.record",
                        json_pack("{s:s}", "hmac", "hmac:00"));
    g_autoptr(GHashTable) passwords = set_of("by.configdef");
    g_autoptr(GHashTable) keys = render_sensitive_keys(connector, record, passwords);
    g_assert_cmpuint(g_hash_table_size(keys), ==, 3);
    g_assert_false(g_hash_table_contains(keys, "url"));
}

static void references_are_never_sensitive(void) {
    static const struct {
        const char *name, *value;
        bool sensitive;
    } cases[] = {
        {"marked", "x", true},
        {"marked", "${file:/run/secrets:token}", false},
        {"marked", "Bearer ${file:/run/secrets:token}", true},
        {"database.password", "x", true},
        {"database.password", "${vault:db:password}", false},
        {"url", "http://x", false},
    };
    g_autoptr(GHashTable) marked = set_of("marked");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s=%s", cases[i].name, cases[i].value);
        g_assert_cmpint(render_is_sensitive(marked, cases[i].name, cases[i].value), ==, cases[i].sensitive);
    }
}

static void stored_config_stands_for_its_values(void) {
    g_autoptr(GHashTable) sensitive = set_of("marked");
    g_autoptr(json_t) config = json_pack("{s:s,s:s}", "marked", "hidden", "url", "http://x");
    g_autoptr(json_t) stored = render_stored_config(config, sensitive, key);
    g_autofree char *text = json_canonical(stored);
    g_assert_null(strstr(text, "hidden"));
    static const struct {
        const char *name, *value;
        bool matches;
    } cases[] = {
        {"marked", "hidden", true}, {"marked", "other", false}, {"marked", NULL, false},
        {"url", "http://x", true},  {"url", "http://y", false}, {"url", NULL, false},
        {"missing", "x", false},    {"missing", NULL, true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s=%s", cases[i].name, cases[i].value);
        g_assert_cmpint(
            render_stored_matches(json_object_get(stored, cases[i].name), cases[i].name, cases[i].value, key),
            ==, cases[i].matches);
    }
}

static void hashes_are_of_key_and_value(void) {
    g_autoptr(GHashTable) sensitive = set_of("marked");
    g_autofree char *one = render_shown(sensitive, "marked", "x", key);
    g_autofree char *same = render_shown(sensitive, "marked", "x", key);
    g_autofree char *plain = render_shown(sensitive, "url", "x", key);
    g_assert_true(g_str_has_prefix(one, "hmac:"));
    g_assert_cmpstr(one, ==, same);
    g_assert_cmpstr(plain, ==, "x");
    g_assert_null(render_shown(sensitive, "marked", NULL, key));
}

static void live_hash_is_of_config_and_state(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    Connector *live = world_run_connector(world, connector);
    g_autofree char *running = live_hash_connector(key, live);
    g_autofree char *expected = render_hash(key, live->config, "running");
    g_assert_cmpstr(running, ==, expected);
    g_free(live->connector.state);
    live->connector.state = g_strdup("FAILED");
    g_autofree char *failed = live_hash_connector(key, live);
    g_assert_cmpstr(failed, ==, running);
    g_free(live->connector.state);
    live->connector.state = g_strdup("STOPPED");
    g_autofree char *stopped = live_hash_connector(key, live);
    g_assert_cmpstr(stopped, !=, running);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    WORLD_TEST("/engine/render/sends class, tasks and the pins that are known",
               sends_class_tasks_and_known_pins);
    WORLD_TEST("/engine/render/a key is sensitive by variable, record or ConfigDef",
               sensitive_by_any_of_three);
    g_test_add_func("/engine/render/references are never sensitive", references_are_never_sensitive);
    g_test_add_func("/engine/render/a stored config stands for its values",
                    stored_config_stands_for_its_values);
    g_test_add_func("/engine/render/hashes are of key and value", hashes_are_of_key_and_value);
    WORLD_TEST("/engine/render/a live hash is of config and target state", live_hash_is_of_config_and_state);
    return g_test_run();
}
