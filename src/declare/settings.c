/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "declare/builder.h"
#include "declare/duration.h"
#include "declare/schema.h"
#include "declare/secrets.h"
#include "kafka/kafka.h"
#include "store/store.h"

static const char *const DRIFT[] = {"report", "repair", "hold", NULL};
static const char *const PROMOTION[] = {"propose", "manual", NULL};

static const Field POLICY_FIELDS[] = {
    {"approvals", FIELD_INTEGER, FIELD_PUBLIC},
    {"approvers", FIELD_TEXTS, FIELD_PUBLIC},
    {"expires", FIELD_DURATION, FIELD_PUBLIC},
    {"drift", FIELD_CHOICE, FIELD_PUBLIC, DRIFT},
    {"promotion", FIELD_CHOICE, FIELD_PUBLIC, PROMOTION},
    {NULL},
};
static const Schema POLICY = {"a policy", POLICY_FIELDS};

static const Field TIMING_FIELDS[] = {
    {"settle", FIELD_DURATION, FIELD_PUBLIC},
    {"deadline", FIELD_DURATION, FIELD_PUBLIC},
    {"lease", FIELD_DURATION, FIELD_PUBLIC},
    {"heartbeat", FIELD_DURATION, FIELD_PUBLIC},
    {NULL},
};
static const Schema TIMING = {"timing", TIMING_FIELDS};

static Position key_place(const Datum *root, const char *key) {
    const Datum *found = datum_get_key(root, key);
    return found != NULL ? found->position : root->position;
}

/* --- kafka ---------------------------------------------------------------------------------------------- */

static void read_property(Loader *loader, const Datum *key, const Datum *value, GHashTable *properties) {
    const char *refusal = kafka_property_refusal(key->text);
    if (value->kind == DATUM_BROKEN)
        return;
    if (refusal != NULL) {
        loader_mistake(loader, key->position, refusal, "the property '%s' is refused", key->text);
    } else if (value->kind != DATUM_SCALAR) {
        g_autofree char *hint =
            g_strdup_printf("librdkafka's properties are written with dots: %s.…: VALUE", key->text);
        loader_mistake(loader, value->position, hint, "'%s' must be one value, not %s", key->text,
                       datum_kind_name(value));
    } else if (datum_is_null(value)) {
        loader_mistake(loader, key->position, NULL, "'%s' has no value", key->text);
    } else {
        g_hash_table_replace(properties, g_strdup(key->text), g_strdup(value->text));
    }
}

static void read_kafka(Loader *loader, const Datum *root, GHashTable *properties) {
    const Datum *kafka = datum_get(root, "kafka");
    if (!schema_check_map(loader, kafka, "kafka"))
        return;
    for (guint i = 0; i < kafka->items->len; i++)
        read_property(loader, kafka->keys->pdata[i], kafka->items->pdata[i], properties);
    if (datum_get(kafka, "bootstrap.servers") == NULL && datum_get(kafka, "metadata.broker.list") == NULL)
        loader_mistake(loader, key_place(root, "kafka"), "bootstrap.servers: \"HOST:9092\"",
                       "'kafka' needs 'bootstrap.servers:'");
}

/* --- state ---------------------------------------------------------------------------------------------- */

static char *read_state(Loader *loader, const Datum *root) {
    const Datum *state = schema_scalar(root, "state");
    const char *reason = NULL;
    if (state == NULL)
        return g_strdup_printf("sqlite:.sluice/%s.db", loader->environment);
    if (!state->unread && !store_url_is_valid(state->text, &reason))
        loader_mistake(loader, state->position, "state: \"sqlite:.sluice/NAME.db\"",
                       "no state can be kept there: %s", reason);
    return g_strdup(state->text);
}

static bool hex_key(const char *text, guint8 *key) {
    for (gsize i = 0; i < HASH_KEY_SIZE; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]);
        int low = high >= 0 ? g_ascii_xdigit_value(text[2 * i + 1]) : -1;
        if (low < 0)
            return false;
        key[i] = (guint8)(high << 4 | low);
    }
    return text[2 * HASH_KEY_SIZE] == '\0';
}

static bool base64_key(const char *text, guint8 *key) {
    gsize length = 0;
    g_autofree guint8 *bytes = g_base64_decode(text, &length);
    if (length == HASH_KEY_SIZE)
        memcpy(key, bytes, HASH_KEY_SIZE);
    if (bytes != NULL)
        explicit_bzero(bytes, length);
    return length == HASH_KEY_SIZE;
}

static guint8 *read_state_key(Loader *loader, const Datum *root) {
    const Datum *source = datum_get(root, "state_key");
    Position at = key_place(root, "state_key");
    const char *text = NULL;
    if (source == NULL || !secrets_source_read(loader, source, "the state's key", at, &text) || text == NULL)
        return NULL;
    g_autofree guint8 *key = g_malloc0(HASH_KEY_SIZE);
    if (hex_key(text, key) || base64_key(text, key))
        return g_steal_pointer(&key);
    loader_mistake(loader, at, "make one with: openssl rand -hex 32",
                   "the state's key must be 32 bytes, in hex or base64");
    return NULL;
}

/* As one text, for who wants to know whether it changed. */
static char *state_key_source(const Datum *root) {
    const Datum *source = datum_get(root, "state_key");
    if (source == NULL || source->kind != DATUM_MAP || source->items->len != 1)
        return NULL;
    const char *key = ((Datum *)source->keys->pdata[0])->text;
    const Datum *value = source->items->pdata[0];
    if (value->kind == DATUM_SCALAR)
        return g_strconcat(key, ":", value->text, NULL);
    g_auto(GStrv) words = schema_texts_of(value);
    g_autofree char *joined = g_strjoinv(" ", words);
    return g_strconcat(key, ":", joined, NULL);
}

/* --- timing and policy ---------------------------------------------------------------------------------- */

static guint read_time(Loader *loader, const Datum *timing, const char *key, gint64 fallback) {
    gint64 milliseconds = schema_duration(timing, key, fallback);
    if (milliseconds <= 24 * 3600 * 1000)
        return (guint)milliseconds;
    loader_mistake(loader, datum_get(timing, key)->position, NULL, "'%s' is longer than a day", key);
    return (guint)fallback;
}

static void read_timing(Loader *loader, const Datum *root, Timing *timing) {
    const Datum *map = datum_get(root, "timing");
    Position at = key_place(root, "timing");
    if (schema_has(root, "timing"))
        schema_check(loader, &TIMING, map, at);
    timing->settle_ms = read_time(loader, map, "settle", 5000);
    timing->deadline_ms = read_time(loader, map, "deadline", 120000);
    timing->lease_ms = read_time(loader, map, "lease", 30000);
    timing->heartbeat_ms = read_time(loader, map, "heartbeat", 5000);
    if (timing->heartbeat_ms == 0 || timing->heartbeat_ms >= timing->lease_ms)
        loader_mistake(loader, at, "a lease is kept by several heartbeats: lease: 30s, heartbeat: 5s",
                       "'heartbeat' must be shorter than 'lease', and not 0");
    if (timing->settle_ms >= timing->deadline_ms)
        loader_mistake(loader, at, NULL, "'settle' must be shorter than 'deadline'");
}

static void read_policy(Loader *loader, const Datum *root, bool first, Policy *policy) {
    const Datum *map = datum_get(root, "policy");
    if (schema_has(root, "policy"))
        schema_check(loader, &POLICY, map, key_place(root, "policy"));
    gint64 approvals = schema_integer(map, "approvals", first ? 0 : 1);
    if (approvals < 0 || approvals > 100) {
        loader_mistake(loader, datum_get(map, "approvals")->position, "0 to 100",
                       "a plan can't have %" G_GINT64_FORMAT " approvals", approvals);
        approvals = 1;
    }
    policy->approvals = (int)approvals;
    policy->written = schema_has(map, "approvals");
    policy->approvers = schema_texts(map, "approvers");
    policy->expires_ms = (guint64)schema_duration(map, "expires", 24 * 3600 * 1000);
    policy->drift = g_strdup(DRIFT[schema_choice(map, "drift", DRIFT, 0)]);
    policy->promotion = g_strdup(PROMOTION[schema_choice(map, "promotion", PROMOTION, 0)]);
}

void environment_settings_read(Builder *builder, const Datum *root) {
    Environment *environment = builder->environment;
    read_kafka(builder->loader, root, environment->kafka);
    environment->state = read_state(builder->loader, root);
    environment->state_key = read_state_key(builder->loader, root);
    environment->state_key_source = state_key_source(root);
    read_timing(builder->loader, root, &environment->timing);
    read_policy(builder->loader, root, environment->first, &environment->policy);
}
