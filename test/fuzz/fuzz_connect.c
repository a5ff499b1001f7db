/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker answers, as JSON or as any text: read as each of the answers that we ask for. The config's
 * secret must be in nothing that comes out as a message. */
#include <string.h>

#include "base/json.h"
#include "connect/connector.h"
#include "connect/message.h"
#include "connect/validation.h"
#include "fuzz.h"

#define SECRET "hunter2-hunter2"

static json_t *declared_config(void) {
    return json_pack("{s:s,s:s,s:s}", "database.password", SECRET, "topic", "orders", "token",
                     "${file:/run/secrets:token}");
}

static void read_message(const uint8_t *data, size_t size, const Secrets *secrets) {
    g_autoptr(GBytes) body = g_bytes_new(data, size);
    const HttpResponse response = {.status = 500, .body = body};
    g_autofree char *message = message_read(&response);
    g_autofree char *shown = message_show(message, secrets);
    g_assert_null(strstr(shown, SECRET));
    g_assert_true(g_utf8_validate(shown, -1, NULL));
}

static void read_validation(const json_t *answer, const json_t *config) {
    g_autoptr(GHashTable) passwords = NULL;
    g_autoptr(GPtrArray) problems = validation_parse(answer, config, NULL, &passwords);
    if (problems == NULL)
        return;
    validation_missing_version(problems);
    for (guint i = 0; i < problems->len; i++)
        g_assert_null(strstr(((const ConfigProblem *)problems->pdata[i])->message, SECRET));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(json_t) config = declared_config();
    g_autoptr(Secrets) secrets = secrets_new(config, NULL);
    read_message(data, size, secrets);
    g_autoptr(json_t) answer = json_read((const char *)data, size, "answer", NULL);
    if (answer == NULL)
        return 0;
    g_autoptr(GHashTable) connectors = connectors_parse(answer);
    g_autoptr(GArray) ids = task_ids_parse(answer);
    read_validation(answer, config);
    return 0;
}
