/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/client.h"

#include <string.h>

#define FIRST_TRY_MS 500
#define ANSWER_GRACE_MS 2000

ERROR_DEFINE_DOMAIN(kafka)

/* Logs go nowhere: what matters comes as an error too. */
static void drop_log(const rd_kafka_t *handle, int level, const char *facility, const char *line) {
}

/* "1/1 brokers are down" adds nothing to what was said of them one by one, nor does a mere "Disconnected" to
 * a reason for it that came before. */
static bool adds_nothing(const Kafka *kafka, int code, const char *reason) {
    return code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           (kafka->problem != NULL && strstr(reason, ": Disconnected (after ") != NULL);
}

static void keep_problem(rd_kafka_t *handle, int code, const char *reason, void *opaque) {
    Kafka *kafka = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kafka->lock);
    if (adds_nothing(kafka, code, reason))
        return;
    g_free(kafka->problem);
    kafka->problem = properties_scrub(kafka->hidden, reason);
    char *timing = strstr(kafka->problem, " (after ");
    if (timing != NULL)
        *timing = '\0';
    kafka->problem_code = code;
}

static const char *find_servers(GHashTable *properties) {
    const char *servers = g_hash_table_lookup(properties, "bootstrap.servers");
    return servers != NULL ? servers : g_hash_table_lookup(properties, "metadata.broker.list");
}

static rd_kafka_conf_t *configure(Kafka *kafka, GHashTable *properties, GError **error) {
    rd_kafka_conf_t *configuration = properties_apply(properties, kafka->hidden, error);
    if (configuration == NULL)
        return NULL;
    if (!g_hash_table_contains(properties, "client.id"))
        rd_kafka_conf_set(configuration, "client.id", "sluice", NULL, 0);
    rd_kafka_conf_set_log_cb(configuration, drop_log);
    rd_kafka_conf_set_error_cb(configuration, keep_problem);
    rd_kafka_conf_set_opaque(configuration, kafka);
    return configuration;
}

Kafka *kafka_open(GHashTable *properties, GError **error) {
    const char *servers = find_servers(properties);
    if (servers == NULL || *servers == '\0') {
        error_set(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY, "kafka: { bootstrap.servers: \"broker:9092\" }",
                  "the Kafka property 'bootstrap.servers' is missing");
        return NULL;
    }
    g_autoptr(Kafka) kafka = g_new0(Kafka, 1);
    g_mutex_init(&kafka->lock);
    kafka->hidden = g_ptr_array_new_with_free_func(g_free);
    kafka->servers = g_strdup(servers);
    rd_kafka_conf_t *configuration = configure(kafka, properties, error);
    if (configuration == NULL)
        return NULL;
    char message[512];
    kafka->handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, message, sizeof message);
    if (kafka->handle == NULL) {
        rd_kafka_conf_destroy(configuration);
        g_autofree char *scrubbed = properties_scrub(kafka->hidden, message);
        error_set(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY, NULL, "the Kafka properties are not accepted: %s",
                  scrubbed);
        return NULL;
    }
    return g_steal_pointer(&kafka);
}

void kafka_close(Kafka *kafka) {
    if (kafka == NULL)
        return;
    if (kafka->handle != NULL)
        rd_kafka_destroy(kafka->handle);
    g_ptr_array_unref(kafka->hidden);
    g_mutex_clear(&kafka->lock);
    g_free(kafka->servers);
    g_free(kafka->problem);
    g_free(kafka);
}

/* Errors */

#define HINT_REACH "is the broker running, the address right, and security.protocol that of its listener?"
#define HINT_LOGIN "check security.protocol, sasl.mechanism, sasl.username and sasl.password"
#define HINT_TLS "check security.protocol, ssl.ca.location and the broker's certificate"
#define HINT_RIGHTS "the user needs rights for it: ask whoever keeps the cluster's access lists"

static const struct {
    rd_kafka_resp_err_t code;
    KafkaError error;
    const char *hint;
} codes[] = {
    {RD_KAFKA_RESP_ERR__TRANSPORT, KAFKA_ERROR_UNREACHABLE, HINT_REACH},
    {RD_KAFKA_RESP_ERR__RESOLVE, KAFKA_ERROR_UNREACHABLE, HINT_REACH},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, KAFKA_ERROR_UNREACHABLE, HINT_REACH},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, KAFKA_ERROR_TIMEOUT, NULL},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, KAFKA_ERROR_TIMEOUT, NULL},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, KAFKA_ERROR_TIMEOUT, NULL},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, KAFKA_ERROR_DENIED, HINT_LOGIN},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, KAFKA_ERROR_DENIED, HINT_LOGIN},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, KAFKA_ERROR_DENIED, HINT_LOGIN},
    {RD_KAFKA_RESP_ERR__SSL, KAFKA_ERROR_DENIED, HINT_TLS},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, KAFKA_ERROR_DENIED, HINT_RIGHTS},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, KAFKA_ERROR_DENIED, HINT_RIGHTS},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, KAFKA_ERROR_EXISTS, NULL},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, KAFKA_ERROR_NOT_FOUND, NULL},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_REQUEST, KAFKA_ERROR_INVALID, NULL},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, KAFKA_ERROR_INVALID, NULL},
};

static KafkaError find_error(rd_kafka_resp_err_t code, const char **hint) {
    *hint = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i].code == code) {
            *hint = codes[i].hint;
            return codes[i].error;
        }
    }
    return KAFKA_ERROR_FAILED;
}

/* The last complaint about a connection, as collected up to now; the caller frees it. */
static char *take_problem(Kafka *kafka, rd_kafka_resp_err_t *code) {
    rd_kafka_poll(kafka->handle, 0);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kafka->lock);
    *code = kafka->problem_code;
    return g_strdup(kafka->problem);
}

/* A broker has answered: what went wrong before explains nothing any more. */
static void forget_problem(Kafka *kafka) {
    rd_kafka_poll(kafka->handle, 0);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kafka->lock);
    g_clear_pointer(&kafka->problem, g_free);
    kafka->problem_code = RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* A refused login or certificate is tried again for ever by librdkafka, in vain. */
static bool is_hopeless(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
}

static bool is_about_connection(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

void client_fail(Kafka *kafka, GError **error, rd_kafka_resp_err_t code, const char *message,
                 const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    rd_kafka_resp_err_t problem_code = RD_KAFKA_RESP_ERR_NO_ERROR;
    g_autofree char *problem = is_about_connection(code) ? take_problem(kafka, &problem_code) : NULL;
    if (is_hopeless(problem_code)) {
        code = problem_code;
        message = problem;
    }
    bool more = problem != NULL && message != problem;
    const char *hint;
    KafkaError kind = find_error(code, &hint);
    g_autofree char *scrubbed = properties_scrub(
        kafka->hidden, message != NULL && *message != '\0' ? message : rd_kafka_err2str(code));
    error_set(error, KAFKA_ERROR, kind, hint, "cannot %s: %s%s%s%s", what, scrubbed, more ? " (" : "",
              more ? problem : "", more ? ")" : "");
}

/* Connecting */

int client_remaining_ms(gint64 deadline) {
    return (int)CLAMP((deadline - g_get_monotonic_time()) / 1000, 1, G_MAXINT);
}

static bool try_connect(Kafka *kafka, int timeout_ms) {
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(kafka->handle, 0, NULL, &metadata, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    rd_kafka_metadata_destroy(metadata);
    forget_problem(kafka);
    return true;
}

bool client_connect(Kafka *kafka, gint64 deadline, GError **error) {
    for (int patience = FIRST_TRY_MS;; patience *= 2) {
        int remaining = client_remaining_ms(deadline);
        if (try_connect(kafka, MIN(patience, remaining)))
            return true;
        rd_kafka_resp_err_t code;
        g_autofree char *problem = take_problem(kafka, &code);
        if (is_hopeless(code) || remaining <= patience) {
            client_fail(kafka, error, RD_KAFKA_RESP_ERR__TRANSPORT, "no broker answers",
                        "reach Kafka at '%s'", kafka->servers);
            return false;
        }
    }
}

char *kafka_cluster_id(Kafka *kafka, guint timeout_ms, GError **error) {
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    if (!client_connect(kafka, deadline, error))
        return NULL;
    char *id = rd_kafka_clusterid(kafka->handle, client_remaining_ms(deadline));
    if (id == NULL) {
        client_fail(kafka, error, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL,
                    "read the id of the Kafka cluster at '%s'", kafka->servers);
        return NULL;
    }
    char *copy = g_strdup(id);
    rd_kafka_mem_free(kafka->handle, id);
    return copy;
}

/* Administrative calls */

AdminCall admin_call_new(Kafka *kafka, rd_kafka_admin_op_t operation, guint timeout_ms) {
    AdminCall call = {.timeout_ms = timeout_ms};
    char ignored[256];
    call.options = rd_kafka_AdminOptions_new(kafka->handle, operation);
    rd_kafka_AdminOptions_set_request_timeout(call.options, (int)timeout_ms, ignored, sizeof ignored);
    call.queue = rd_kafka_queue_new(kafka->handle);
    return call;
}

void admin_call_clear(AdminCall *call) {
    g_clear_pointer(&call->options, rd_kafka_AdminOptions_destroy);
    g_clear_pointer(&call->queue, rd_kafka_queue_destroy);
}

rd_kafka_event_t *admin_call_wait(Kafka *kafka, AdminCall *call, const char *what, GError **error) {
    g_autoptr(rd_kafka_event_t) event =
        rd_kafka_queue_poll(call->queue, (int)call->timeout_ms + ANSWER_GRACE_MS);
    rd_kafka_resp_err_t code = event != NULL ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        forget_problem(kafka);
        return g_steal_pointer(&event);
    }
    /* Once it was sent nobody knows whether it was done. */
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT)
        code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    client_fail(kafka, error, code, event != NULL ? rd_kafka_event_error_string(event) : NULL, "%s", what);
    return NULL;
}
