/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake of pipeline.h with answers of canned.json, for the tests of the server and for those who look at the
 * page without a Kafka. Nothing moves by itself before pipeline_start(); then logs grow and runs go on, an
 * approved one too.
 */
#pragma once

#include "pipeline/pipeline.h"

#define FAKE_RUN_BUILDING "01KH0000000000000000000009"
#define FAKE_RUN_WAITING "01KH0000000000000000000004"
#define FAKE_RUN_APPLYING "01KH0000000000000000000003"
#define FAKE_RUN_DONE "01KH0000000000000000000002"
#define FAKE_DIGEST "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"

/* Why it isn't ready; NULL: it is. */
void fake_pipeline_not_ready(Pipeline *pipeline, const char *why);

/* Tells the listener. */
void fake_pipeline_tell(Pipeline *pipeline, const char *kind, json_t *value);

/* Adds text to a run's log, and tells; ends a run. */
void fake_pipeline_log(Pipeline *pipeline, const char *run, const char *text);
void fake_pipeline_end(Pipeline *pipeline, const char *run);

/* The addresses that were hinted at, and "act NAME" of what people did, joined by blanks; owned by the
 * caller. */
char *fake_pipeline_hints(Pipeline *pipeline);
char *fake_pipeline_acts(Pipeline *pipeline);
