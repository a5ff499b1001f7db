/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference of a plan that changes nothing: what can't be left out of it. It sends the requests that
 * observing an environment takes, side by side, and does nothing with the answers: of Connect's REST API
 * their bytes, of Kafka what librdkafka made of them.
 *
 *     bulk_reads BOOTSTRAP CONNECT_URL KEY[,KEY…] < TOPICS     names of topics, one a line
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "kafka/kafka.h"

#define TIMEOUT_MS 30000

static const char *const paths[] = {"/", "/connectors?expand=info&expand=status",
                                    "/connector-plugins?connectorsOnly=false"};

static gpointer read_connect(gpointer url) {
    g_autoptr(HttpClient) client = http_client_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *address = g_strconcat(url, paths[i], NULL);
        const HttpRequest request = {.method = "GET", .url = address, .timeout_ms = TIMEOUT_MS};
        g_autoptr(HttpResponse) response = http_send(client, &request, &error);
        if (response == NULL || response->status != 200)
            g_error("%s: %s", address, error != NULL ? error->message : "not 200");
    }
    return NULL;
}

static GHashTable *read_wanted(char **keys) {
    GHashTable *wanted =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    char line[512];
    while (fgets(line, sizeof line, stdin) != NULL) {
        GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
        for (char **key = keys; *key != NULL; key++)
            g_hash_table_add(set, *key);
        g_hash_table_insert(wanted, g_strdup(g_strchomp(line)), set);
    }
    return wanted;
}

static void read_topics(const char *bootstrap, GHashTable *wanted) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) properties = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(properties, (char *)"bootstrap.servers", (gpointer)bootstrap);
    g_autoptr(Kafka) kafka = kafka_open(properties, &error);
    g_autofree char *cluster = kafka != NULL ? kafka_cluster_id(kafka, TIMEOUT_MS, &error) : NULL;
    g_autoptr(GHashTable) topics =
        cluster != NULL ? kafka_observe(kafka, wanted, NULL, TIMEOUT_MS, &error) : NULL;
    if (topics == NULL)
        g_error("%s", error->message);
    if (g_hash_table_size(topics) != g_hash_table_size(wanted))
        g_error("%u of %u topics are there", g_hash_table_size(topics), g_hash_table_size(wanted));
}

int main(int argc, char **argv) {
    if (argc != 4) {
        g_printerr("usage: %s BOOTSTRAP CONNECT_URL KEY[,KEY…] < TOPICS\n", argv[0]);
        return 2;
    }
    g_auto(GStrv) keys = g_strsplit(argv[3], ",", -1);
    g_autoptr(GHashTable) wanted = read_wanted(keys);
    GThread *connect = g_thread_new("connect", read_connect, argv[2]);
    read_topics(argv[1], wanted);
    g_thread_join(connect);
    return 0;
}
