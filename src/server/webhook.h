/* SPDX-License-Identifier: Apache-2.0 */
/* The forges whose webhooks are taken, and what becomes of a delivery. */
#pragma once

typedef enum { WEBHOOK_GITEA, WEBHOOK_GITHUB, WEBHOOK_PROVIDERS } WebhookProvider;

typedef enum {
    WEBHOOK_TAKEN,          /* a repository of ours is looked at */
    WEBHOOK_FOREIGN,        /* a repository that is none of ours */
    WEBHOOK_IGNORED,        /* no push: a ping, a pull request */
    WEBHOOK_NOT_CONFIGURED, /* the server's file has no secret for it */
    WEBHOOK_FORGED,         /* unsigned, or signed with another secret */
    WEBHOOK_REPLAYED,       /* a delivery that was taken before */
    WEBHOOK_MALFORMED,      /* no delivery id, or no payload of a push */
    WEBHOOK_REFUSED,        /* without a length, or too large: nothing of it was read */
    WEBHOOK_OUTCOMES,
} WebhookOutcome;

/* "gitea", "github"; "taken", "foreign", … Static. */
const char *webhook_provider_name(WebhookProvider provider);
const char *webhook_outcome_name(WebhookOutcome outcome);
