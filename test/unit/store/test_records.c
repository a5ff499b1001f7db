/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "store/records.h"
#include "store/store.h"

#define RESOURCE_HEAD                         \
    "\"v\":1,\"address\":\"orders/connector/" \
    "source\",\"kind\":\"connector\",\"cluster\":\"main\",\"name\":\"orders-source\","
#define RESOURCE_TAIL                                                                                        \
    "\"kept\":false,\"protected\":true,\"on_remove\":\"delete\",\"at\":\"2026-01-01T00:00:00.000Z\",\"by\":" \
    "\"anna\","                                                                                              \
    "\"commit\":null,\"plan\":\"P\",\"apply\":\"A\""
#define CONNECTOR_APPLIED                                                                                  \
    "\"applied\":{\"config\":{\"url\":\"http://x\",\"key\":{\"hmac\":\"hmac:00\"}},\"state\":\"running\"," \
    "\"plugin\":{\"id\":\"orders-source\",\"version\":\"1.4.2\",\"sha256\":\"ab\"}}"
#define CONNECTOR "{" RESOURCE_HEAD CONNECTOR_APPLIED "," RESOURCE_TAIL "}"
#define TOPIC                                                                                       \
    "{\"v\":1,\"address\":\"orders/topic/"                                                          \
    "raw\",\"kind\":\"topic\",\"cluster\":\"kafka\",\"name\":\"orders.raw\","                       \
    "\"applied\":{\"partitions\":6,\"replication\":3,\"config\":{\"cleanup.policy\":\"compact\"}}," \
    "\"keys_once_set\":[\"cleanup.policy\"]," RESOURCE_TAIL "}"
#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define META                                                                                       \
    "{\"v\":1,\"uid\":\"U\",\"project\":\"acme\",\"environment\":\"dev\",\"kafka_cluster\":\"K\"," \
    "\"connect\":{\"main\":\"K\"},\"hmac_key\":\"" KEY "\",\"min_reader\":1}"
#define HISTORY                                                                                          \
    "{\"v\":1,\"command\":\"apply\",\"plan\":null,\"commit\":null,\"dirty\":false,\"lock\":null,\"by\":" \
    "\"anna\","                                                                                          \
    "\"started\":\"t\",\"ended\":null,\"result\":\"running\",\"counts\":{\"create\":1},\"override\":null}"
#define INTENT                                                                                             \
    "{\"v\":1,\"apply\":\"A\",\"action\":\"delete\",\"before\":\"hmac:00\",\"after\":\"absent\",\"record_" \
    "after\":null,"                                                                                        \
    "\"at\":\"t\"}"
#define LEASE                                                                                               \
    "{\"v\":1,\"nonce\":\"N\",\"owner\":{\"host\":\"h\",\"boot_id\":\"b\",\"pid\":1,\"started\":1},\"by\":" \
    "\"anna\","                                                                                             \
    "\"command\":\"apply\",\"ttl_s\":30,\"beat\":17}"

static const struct {
    const char *key;
    const char *text;
} good[] = {
    {"meta", META},
    {"resource/01A", CONNECTOR},
    {"resource/01B", TOPIC},
    {"intent/01A", INTENT},
    {"lease", LEASE},
    {"history/01C", HISTORY},
    {"plan/01D", "{\"v\":1,\"digest\":\"sha256:00\",\"apply\":\"A\"}"},
    {"offsets/01A/01E", "{\"v\":1,\"why\":\"stop\",\"offsets\":[{\"partition\":{},\"offset\":null}]}"},
};

static json_t *parse(const char *text) {
    g_autoptr(GError) error = NULL;
    json_t *value = json_read(text, strlen(text), "test", &error);
    g_assert_no_error(error);
    return value;
}

static void records_are_read(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(json_t) value = parse(good[i].text);
        g_autoptr(GError) error = NULL;
        records_check(good[i].key, value, &error);
        g_assert_no_error(error);
    }
}

static void resources_are_written_as_read(void) {
    for (gsize i = 1; i <= 2; i++) {
        g_autoptr(json_t) value = parse(good[i].text);
        g_autoptr(ResourceRecord) resource = resource_record_from_json(good[i].key, 7, value, NULL);
        g_assert_cmpstr(resource->uid, ==, good[i].key + strlen("resource/"));
        g_assert_cmpint(resource->serial, ==, 7);
        g_autoptr(ResourceRecord) copy = resource_record_copy(resource);
        g_autoptr(json_t) written = resource_record_to_json(copy);
        g_assert_true(json_equal(written, value));
    }
}

static void others_are_written_as_read(void) {
    g_autoptr(json_t) meta_json = parse(META);
    g_autoptr(MetaRecord) meta = meta_record_from_json("meta", meta_json, NULL);
    g_autoptr(json_t) meta_written = meta_record_to_json(meta);
    g_assert_true(json_equal(meta_written, meta_json));
    g_autoptr(json_t) intent_json = parse(INTENT);
    g_autoptr(IntentRecord) intent = intent_record_from_json("intent/01A", 1, intent_json, NULL);
    g_autoptr(json_t) intent_written = intent_record_to_json(intent);
    g_assert_true(json_equal(intent_written, intent_json));
    g_autoptr(json_t) history_json = parse(HISTORY);
    g_autoptr(HistoryRecord) history = history_record_from_json("history/01C", 1, history_json, NULL);
    g_autoptr(json_t) history_written = history_record_to_json(history);
    g_assert_true(json_equal(history_written, history_json));
}

static void assert_format(const char *key, const json_t *value, const char *part) {
    g_autoptr(GError) error = NULL;
    g_assert_false(records_check(key, value, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
    if (strstr(error->message, part) == NULL)
        g_error("'%s' does not say '%s'", error->message, part);
}

static bool may_be_missing(const char *member) {
    static const char *const optional[] = {"commit",   "plan",          "apply",         "at",
                                           "by",       "kafka_cluster", "lock",          "ended",
                                           "override", "digest",        "keys_once_set", NULL};
    return g_strv_contains(optional, member);
}

/* Every member of every record: missing, or of a type that none has. */
static void wrong_members_are_named(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(json_t) value = parse(good[i].text);
        const char *member;
        json_t *item;
        json_object_foreach (value, member, item) {
            g_autoptr(json_t) wrong = json_copy(value);
            json_object_set_new(wrong, member, json_pack("[f]", 1.5));
            if (strcmp(member, "offsets") != 0)
                assert_format(good[i].key, wrong, member);
            json_object_del(wrong, member);
            if (!may_be_missing(member) ||
                (strcmp(good[i].key, "plan/01D") == 0 && strcmp(member, "apply") == 0))
                assert_format(good[i].key, wrong, member);
        }
    }
}

static void no_json_is_fatal(void) {
    static const char *const texts[] = {"null",      "1",
                                        "\"x\"",     "[]",
                                        "{}",        "{\"v\":\"1\"}",
                                        "{\"v\":1}", "{\"v\":1,\"applied\":{\"config\":[]}}"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(texts); j++) {
            g_autoptr(json_t) value = parse(texts[j]);
            assert_format(good[i].key, value, "");
        }
    }
}

static void newer_records_ask_for_a_newer_sluice(void) {
    g_autoptr(json_t) resource = parse("{\"v\":2}");
    g_autoptr(GError) error = NULL;
    g_assert_false(records_check("resource/01A", resource, &error));
    g_assert_cmpstr(error_hint(error), ==, "use a newer sluice");
    g_clear_error(&error);
    g_autoptr(json_t) meta = parse(META);
    json_object_set_new(meta, "min_reader", json_integer(2));
    g_assert_false(records_check("meta", meta, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
    g_assert_cmpstr(error_hint(error), ==, "use a newer sluice");
}

static void unknown_kinds_are_let_be(void) {
    g_autoptr(json_t) value = parse("17");
    g_assert_true(records_check("metadata", value, NULL));
    g_assert_true(records_check("future/01A", value, NULL));
}

static void short_key_is_refused(void) {
    g_autoptr(json_t) meta = parse(META);
    json_object_set_new(meta, "hmac_key", json_string("AAAA"));
    assert_format("meta", meta, "hmac_key");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/records/each kind is read", records_are_read);
    g_test_add_func("/records/a resource is written as it was read", resources_are_written_as_read);
    g_test_add_func("/records/meta, intents and history are written as they were read",
                    others_are_written_as_read);
    g_test_add_func("/records/a wrong member is named", wrong_members_are_named);
    g_test_add_func("/records/any other JSON is an error", no_json_is_fatal);
    g_test_add_func("/records/a newer record asks for a newer sluice", newer_records_ask_for_a_newer_sluice);
    g_test_add_func("/records/kinds that are not known are let be", unknown_kinds_are_let_be);
    g_test_add_func("/records/a key of another length is refused", short_key_is_refused);
    return g_test_run();
}
