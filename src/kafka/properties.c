/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kafka/client.h"

#define LOADS_CODE "it loads code into sluice"
#define RUNS_PROGRAM "it runs a program"
#define SET_BY_SLUICE "sluice sets it itself"
#define NO_DECLARATION "it is not for declarations"

/* A name that ends with '.' stands for all that begin with it. */
static const struct {
    const char *name;
    const char *reason;
} refused[] = {
    {"plugin.library.paths", LOADS_CODE},
    {"ssl.engine.location", LOADS_CODE},
    {"ssl.engine.id", LOADS_CODE},
    {"ssl.providers", LOADS_CODE},
    {"sasl.kerberos.kinit.cmd", RUNS_PROGRAM},
    {"transactional.id", SET_BY_SLUICE},
    {"transaction.timeout.ms", SET_BY_SLUICE},
    {"isolation.level", SET_BY_SLUICE},
    {"enable.idempotence", SET_BY_SLUICE},
    {"enable.gapless.guarantee", SET_BY_SLUICE},
    {"group.id", SET_BY_SLUICE},
    {"group.instance.id", SET_BY_SLUICE},
    {"group.protocol", SET_BY_SLUICE},
    {"enable.auto.commit", SET_BY_SLUICE},
    {"enable.auto.offset.store", SET_BY_SLUICE},
    {"enable.partition.eof", SET_BY_SLUICE},
    {"auto.offset.reset", SET_BY_SLUICE},
    {"allow.auto.create.topics", SET_BY_SLUICE},
    {"acks", SET_BY_SLUICE},
    {"request.required.acks", SET_BY_SLUICE},
    {"debug", "it would log what must stay secret"},
    {"log_level", SET_BY_SLUICE},
    {"log.", SET_BY_SLUICE},
    {"statistics.interval.ms", SET_BY_SLUICE},
    {"enabled_events", SET_BY_SLUICE},
    {"builtin.features", NO_DECLARATION},
    {"offset.store.", NO_DECLARATION},
    {"internal.", NO_DECLARATION},
    {"ut_", NO_DECLARATION},
    {"test.", "it puts a mock in the place of the cluster"},
    {"opaque", NO_DECLARATION},
    {"default_topic_conf", NO_DECLARATION},
    {"interceptors", NO_DECLARATION},
    {"open_cb", NO_DECLARATION},
    {"ssl_key", NO_DECLARATION},
    {"ssl_certificate", NO_DECLARATION},
    {"ssl_ca", NO_DECLARATION},
    {"ssl_engine_callback_data", NO_DECLARATION},
};

static bool is_beginning(const char *name) {
    return g_str_has_suffix(name, ".") || g_str_has_suffix(name, "_");
}

const char *kafka_property_refusal(const char *name) {
    if (g_str_has_suffix(name, "_cb"))
        return NO_DECLARATION;
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
        if (is_beginning(refused[i].name) ? g_str_has_prefix(name, refused[i].name)
                                          : strcmp(name, refused[i].name) == 0)
            return refused[i].reason;
    return NULL;
}

/* Values of these help a person who reads an error, and are no secrets. */
static bool may_be_shown(const char *name) {
    static const char *const shown[] = {"bootstrap.servers", "metadata.broker.list", "security.protocol",
                                        "sasl.mechanism",    "sasl.mechanisms",      NULL};
    return g_strv_contains(shown, name);
}

static bool set_property(rd_kafka_conf_t *configuration, const char *name, const char *value,
                         GError **error) {
    const char *reason = kafka_property_refusal(name);
    if (reason != NULL) {
        error_set(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY, NULL, "the Kafka property '%s' is refused: %s",
                  name, reason);
        return false;
    }
    char ignored[512]; /* its message would show the value */
    rd_kafka_conf_res_t result = rd_kafka_conf_set(configuration, name, value, ignored, sizeof ignored);
    if (result == RD_KAFKA_CONF_OK)
        return true;
    bool unknown = result == RD_KAFKA_CONF_UNKNOWN;
    error_set(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY,
              unknown ? "properties are those of librdkafka, which differ from the Java client's" : NULL,
              unknown ? "there is no Kafka property '%s'"
                      : "the value of the Kafka property '%s' is not accepted",
              name);
    return false;
}

rd_kafka_conf_t *properties_apply(GHashTable *properties, GPtrArray *hidden, GError **error) {
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    GHashTableIter iterator;
    gpointer name, value;
    g_hash_table_iter_init(&iterator, properties);
    while (g_hash_table_iter_next(&iterator, &name, &value)) {
        if (!set_property(configuration, name, value, error)) {
            rd_kafka_conf_destroy(configuration);
            return NULL;
        }
        if (!may_be_shown(name))
            g_ptr_array_add(hidden, g_strdup(value));
    }
    return configuration;
}

char *properties_scrub(const GPtrArray *hidden, const char *text) {
    GString *scrubbed = g_string_new(text);
    for (guint i = 0; i < hidden->len; i++) {
        const char *value = hidden->pdata[i];
        if (strlen(value) >= 4) /* "true" and numbers of ports are too common to hide */
            g_string_replace(scrubbed, value, "***", 0);
    }
    return g_string_free(scrubbed, FALSE);
}
