/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <stdatomic.h>

#include "server/events.h"
#include "server/routes.h"

enum { CLASSES = 5 }; /* 1xx to 5xx */

typedef _Atomic guint64 Counter;

struct Metrics {
    Counter *requests; /* a row for each route and one for unknown paths, CLASSES wide */
    Counter webhooks[WEBHOOK_PROVIDERS][WEBHOOK_OUTCOMES];
    Counter sign_ins[2]; /* failed, good */
};

Metrics *metrics_new(void) {
    Metrics *metrics = g_new0(Metrics, 1);
    metrics->requests = g_new0(Counter, (routes_count() + 1) * CLASSES);
    return metrics;
}

void metrics_free(Metrics *metrics) {
    if (metrics == NULL)
        return;
    g_free(metrics->requests);
    g_free(metrics);
}

void metrics_count_request(Metrics *metrics, const Route *route, guint status) {
    gsize row = route != NULL ? (gsize)(route - routes_all()) : routes_count();
    metrics->requests[row * CLASSES + (CLAMP(status, 100, 599) / 100 - 1)]++;
}

void metrics_count_webhook(Metrics *metrics, WebhookProvider provider, WebhookOutcome outcome) {
    metrics->webhooks[provider][outcome]++;
}

void metrics_count_sign_in(Metrics *metrics, bool good) {
    metrics->sign_ins[good]++;
}

/* --- Text ----------------------------------------------------------------------------------------------- */

static void head(GString *text, const char *name, const char *type, const char *help) {
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_requests(GString *text, const Metrics *metrics) {
    head(text, "sluice_http_requests_total", "counter", "Requests answered, by route and class of status.");
    for (gsize row = 0; row <= routes_count(); row++) {
        const Route *route = routes_all() + row;
        for (int class = 0; class < CLASSES; class ++) {
            guint64 count = metrics->requests[row * CLASSES + class];
            if (count > 0)
                g_string_append_printf(
                    text,
                    "sluice_http_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} "
                    "%" G_GUINT64_FORMAT "\n",
                    route->method != NULL ? route->method : "", route->method != NULL ? route->path : "",
                    class + 1, count);
        }
    }
}

static void add_webhooks(GString *text, const Metrics *metrics) {
    head(text, "sluice_webhooks_total", "counter", "Deliveries of webhooks, by what became of them.");
    for (int provider = 0; provider < WEBHOOK_PROVIDERS; provider++)
        for (int outcome = 0; outcome < WEBHOOK_OUTCOMES; outcome++)
            g_string_append_printf(
                text, "sluice_webhooks_total{provider=\"%s\",outcome=\"%s\"} %" G_GUINT64_FORMAT "\n",
                webhook_provider_name(provider), webhook_outcome_name(outcome),
                (guint64)metrics->webhooks[provider][outcome]);
}

static void add_own(GString *text, const Context *context) {
    const Metrics *metrics = context->metrics;
    head(text, "sluice_build_info", "gauge", "The version that runs; always 1.");
    g_string_append(text, "sluice_build_info{version=\"" SLUICE_VERSION "\"} 1\n");
    add_requests(text, metrics);
    head(text, "sluice_event_clients", "gauge", "Open event streams.");
    g_string_append_printf(text, "sluice_event_clients %u\n", events_clients(context->events));
    head(text, "sluice_sign_ins_total", "counter", "Attempts to sign in on the page.");
    for (int good = 0; good < 2; good++)
        g_string_append_printf(text, "sluice_sign_ins_total{outcome=\"%s\"} %" G_GUINT64_FORMAT "\n",
                               good ? "good" : "failed", (guint64)metrics->sign_ins[good]);
    add_webhooks(text, metrics);
}

/* --- The pipeline's ------------------------------------------------------------------------------------- */

static void add_label(GString *text, const char *value) {
    for (const char *c = value; *c != '\0'; c++)
        if (*c == '\\' || *c == '"')
            g_string_append_printf(text, "\\%c", *c);
        else
            g_string_append_c(text, *c == '\n' ? ' ' : *c);
}

static void add_value(GString *text, const json_t *value) {
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    double real = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    g_string_append_printf(text, " %s\n", g_ascii_dtostr(number, sizeof number, real));
}

/* By an environment. */
static void add_environments(GString *text, const json_t *counts, const char *key, const char *name,
                             const char *help) {
    const char *environment;
    json_t *value;
    head(text, name, "gauge", help);
    json_object_foreach (json_object_get(counts, key), environment, value) {
        g_string_append_printf(text, "%s{environment=\"", name);
        add_label(text, environment);
        g_string_append(text, "\"}");
        add_value(text, value);
    }
}

static void add_runs(GString *text, const json_t *counts) {
    const char *kind, *state;
    json_t *states, *value;
    head(text, "sluice_runs", "gauge", "Runs that are kept, by kind and state.");
    json_object_foreach (json_object_get(counts, "runs"), kind, states) {
        json_object_foreach (states, state, value) {
            g_string_append_printf(text, "sluice_runs{kind=\"%s\",state=\"%s\"}", kind, state);
            add_value(text, value);
        }
    }
}

static const struct {
    const char *key;
    const char *name;
    const char *type;
    const char *help;
} SINGLES[] = {
    {"waiting", "sluice_runs_waiting", "gauge", "Runs that wait for an approval."},
    {"polls", "sluice_polls_total", "counter", "Looks at repositories."},
    {"poll_failures", "sluice_poll_failures_total", "counter", "Looks at repositories that failed."},
};

static void add_singles(GString *text, const json_t *counts) {
    for (gsize i = 0; i < G_N_ELEMENTS(SINGLES); i++) {
        head(text, SINGLES[i].name, SINGLES[i].type, SINGLES[i].help);
        g_string_append(text, SINGLES[i].name);
        add_value(text, json_object_get(counts, SINGLES[i].key));
    }
}

static void add_durations(GString *text, const json_t *counts, const char *kind, const char *help) {
    static const char *const PARTS[] = {"sum", "count"};
    g_autofree char *name = g_strdup_printf("sluice_%s_duration_seconds", kind);
    head(text, name, "summary", help);
    for (gsize i = 0; i < G_N_ELEMENTS(PARTS); i++) {
        g_autofree char *key = g_strdup_printf("%s_seconds_%s", kind, PARTS[i]);
        g_string_append_printf(text, "%s_%s", name, PARTS[i]);
        add_value(text, json_object_get(counts, key));
    }
}

char *metrics_text(const Context *context) {
    GString *text = g_string_new(NULL);
    g_autoptr(json_t) counts = pipeline_counts(context->pipeline);
    g_autofree char *not_ready = pipeline_not_ready(context->pipeline);
    add_own(text, context);
    head(text, "sluice_ready", "gauge", "Whether the declarations were read and runs are worked on.");
    g_string_append_printf(text, "sluice_ready %d\n", not_ready == NULL);
    add_runs(text, counts);
    add_singles(text, counts);
    add_environments(text, counts, "healthy", "sluice_environment_healthy",
                     "Whether all that is declared runs and is healthy.");
    add_environments(text, counts, "behind", "sluice_environment_behind",
                     "Whether its declarations are newer than what runs, and failed.");
    add_durations(text, counts, "build", "How long builds took.");
    add_durations(text, counts, "deploy", "How long deploys took, without their waiting.");
    return g_string_free(text, false);
}
