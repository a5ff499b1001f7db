/* SPDX-License-Identifier: Apache-2.0 */
/* A plan file, as a stranger hands it over; and, sealed with the state's key so that the seal stops nothing,
 * held against a plan that was made now. */
#include <string.h>

#include "base/hash.h"
#include "engine/planner.h"
#include "fuzz.h"

static const guint8 key[HASH_KEY_SIZE] = "fuzz";

static void seal(json_t *json) {
    json_object_del(json, "mac");
    g_autofree char *text = json_canonical(json);
    g_autofree char *mac = hash_mac(key, text, strlen(text));
    json_object_set_new(json, "mac", json_string(mac));
}

/* What corpus/plan_file/whole.json says. */
static Plan *plan_made_now(void) {
    Plan *plan = plan_empty();
    plan->environment = g_strdup("dev");
    plan->state = g_strdup("S");
    plan->declarations = g_strdup("sha256:00");
    plan->lock = g_strdup("sha256:11");
    PlanAction *action = plan_action_new("orders/connector/source", PLAN_CREATE, PHASE_CONNECTORS);
    action->base_live = g_strdup("absent");
    plan_add_change(action, "config.url", NULL, "http://x");
    g_ptr_array_add(plan->actions, action);
    plan_seal(plan);
    return plan;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(PlanFile) file = plan_file_parse((const char *)data, size, "input", &error);
    g_assert_true((file == NULL) == (error != NULL));
    if (file == NULL)
        return 0;
    seal(file->json);
    g_autoptr(Plan) plan = plan_made_now();
    bool narrowed = plan_narrow(plan, file, key, &error);
    g_assert_true(narrowed == (error == NULL));
    return 0;
}
