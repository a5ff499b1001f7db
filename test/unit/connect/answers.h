/* SPDX-License-Identifier: Apache-2.0 */
/* Answers recorded from a worker of Kafka 4.3.1, in answers/: NAME.json of a success, NAME.STATUS.… of an
 * error. The long ones were cut to the entries that matter. */
#pragma once

#include "base/json.h"

/* The text of one; the caller frees it. */
char *answer_text(const char *name);

/* The JSON of one, a new reference. */
json_t *answer_json(const char *name);

/* The "message" of one; the caller frees it. */
char *answer_message(const char *name);
