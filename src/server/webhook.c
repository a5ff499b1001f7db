/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints of forges. Nothing of one is believed before its signature was checked over the bytes that came, and
 * nothing of it is believed after that but that some repository is worth a look.
 */
#include <string.h>

#include "base/hash.h"
#include "server/api.h"
#include "server/config.h"
#include "server/error.h"
#include "server/metrics.h"
#include "server/webhook.h"
#include "server/webhook_payload.h"

enum { DELIVERY_MOST = 128 };

static const struct {
    const char *name;
    const char *event;     /* headers: what happened */
    const char *delivery;  /* … and which telling of it this is */
    const char *signature; /* plain hex, or NULL */
} PROVIDERS[] = {
    [WEBHOOK_GITEA] = {"gitea", "X-Gitea-Event", "X-Gitea-Delivery", "X-Gitea-Signature"},
    [WEBHOOK_GITHUB] = {"github", "X-GitHub-Event", "X-GitHub-Delivery", NULL},
};

static const char *const OUTCOMES[] = {
    [WEBHOOK_TAKEN] = "taken",         [WEBHOOK_FOREIGN] = "foreign",
    [WEBHOOK_IGNORED] = "ignored",     [WEBHOOK_NOT_CONFIGURED] = "not_configured",
    [WEBHOOK_FORGED] = "forged",       [WEBHOOK_REPLAYED] = "replayed",
    [WEBHOOK_MALFORMED] = "malformed", [WEBHOOK_REFUSED] = "refused",
};

const char *webhook_outcome_name(WebhookOutcome outcome) {
    return OUTCOMES[outcome];
}

const char *webhook_provider_name(WebhookProvider provider) {
    return PROVIDERS[provider].name;
}

/* The signature in hex that the request brings, whichever of its headers has it; NULL for none. */
static const char *brought_signature(const Request *request, WebhookProvider provider) {
    const char *plain = PROVIDERS[provider].signature;
    const char *hex = plain != NULL ? request_header(request, plain) : NULL;
    if (hex != NULL)
        return hex;
    const char *prefixed = request_header(request, "X-Hub-Signature-256");
    return prefixed != NULL && g_str_has_prefix(prefixed, "sha256=") ? prefixed + strlen("sha256=") : NULL;
}

static bool check_signature(const Request *request, WebhookProvider provider, const char *secret,
                            GError **error) {
    const char *hex = brought_signature(request, provider);
    g_autofree char *expected =
        hash_mac_with(secret, strlen(secret), request->body->data, request->body->len);
    if (hex != NULL && hash_equal(expected, hex))
        return true;
    error_set(error, SERVER_ERROR, SERVER_ERROR_UNKNOWN,
              "the webhook's secret must be the one in the server's file",
              hex != NULL ? "the signature is not of this body" : "the webhook is not signed");
    return false;
}

static bool take_delivery(const Request *request, WebhookProvider provider, WebhookOutcome *outcome,
                          GError **error) {
    const char *header = PROVIDERS[provider].delivery, *id = request_header(request, header);
    *outcome = WEBHOOK_MALFORMED;
    if (id == NULL || id[0] == '\0' || strlen(id) > DELIVERY_MOST) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL, "the header %s is missing or too long",
                  header);
        return false;
    }
    *outcome = WEBHOOK_REPLAYED;
    if (pipeline_take_delivery(request->context->pipeline, PROVIDERS[provider].name, id))
        return true;
    error_set(error, SERVER_ERROR, SERVER_ERROR_REPLAYED, "nothing is lost: repositories are polled too",
              "this delivery was taken before");
    return false;
}

/* The pipeline looks for itself; which of the addresses it knows the repository by, we can't tell. */
static WebhookOutcome hint(Pipeline *pipeline, char **addresses) {
    bool known = false;
    for (char **address = addresses; *address != NULL; address++)
        if (pipeline_hint(pipeline, *address))
            known = true;
    return known ? WEBHOOK_TAKEN : WEBHOOK_FOREIGN;
}

static WebhookOutcome receive(const Request *request, WebhookProvider provider, GError **error) {
    const char *secret = request->context->config->webhook_secrets[provider];
    if (secret == NULL) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_NOT_FOUND, "the server's file has no secret for it",
                  "there is no webhook of '%s' here", PROVIDERS[provider].name);
        return WEBHOOK_NOT_CONFIGURED;
    }
    if (!check_signature(request, provider, secret, error))
        return WEBHOOK_FORGED;
    WebhookOutcome outcome;
    if (!take_delivery(request, provider, &outcome, error))
        return outcome;
    const char *event = request_header(request, PROVIDERS[provider].event);
    if (event == NULL || !g_str_equal(event, "push"))
        return WEBHOOK_IGNORED;
    g_auto(GStrv) addresses =
        webhook_payload_addresses((const char *)request->body->data, request->body->len, error);
    return addresses != NULL ? hint(request->context->pipeline, addresses) : WEBHOOK_MALFORMED;
}

static Answer *answer_delivery(const Request *request, WebhookProvider provider, GError **error) {
    g_autoptr(GError) problem = NULL;
    WebhookOutcome outcome = receive(request, provider, &problem);
    metrics_count_webhook(request->context->metrics, provider, outcome);
    if (problem == NULL)
        return answer_empty(MHD_HTTP_ACCEPTED);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

void webhook_count_refused(const Request *request) {
    for (int provider = 0; provider < WEBHOOK_PROVIDERS; provider++)
        if (g_str_equal(request->path + strlen(WEBHOOK_PREFIX), PROVIDERS[provider].name))
            metrics_count_webhook(request->context->metrics, provider, WEBHOOK_REFUSED);
}

Answer *webhook_gitea(const Request *request, GError **error) {
    return answer_delivery(request, WEBHOOK_GITEA, error);
}

Answer *webhook_github(const Request *request, GError **error) {
    return answer_delivery(request, WEBHOOK_GITHUB, error);
}
