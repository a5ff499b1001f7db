/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong in the pipeline. */
#pragma once

#include "base/error.h"

ERROR_DECLARE_DOMAIN(pipeline);
#define PIPELINE_ERROR (pipeline_error_quark())
typedef enum {
    PIPELINE_ERROR_FAILED,
    PIPELINE_ERROR_COMMAND, /* a program (of a rollout, of a build) failed; the message has its last lines */
    PIPELINE_ERROR_NOT_FOUND, /* no such run, environment or plugin */
    PIPELINE_ERROR_DENIED,    /* this person may not */
    PIPELINE_ERROR_CONFLICT,  /* not in the state that it is in now */
    PIPELINE_ERROR_INVALID,   /* what was asked makes no sense */
} PipelineError;
