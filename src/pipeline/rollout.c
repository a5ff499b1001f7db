/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/rollout.h"

#include "pipeline/rollout_private.h"

ERROR_DEFINE_DOMAIN(pipeline)

static const RolloutDriver drivers[] = {
    [ROLLOUT_LOCAL_SANDBOX] = {rollout_begin_sandbox},
    [ROLLOUT_LOCAL_FOLDER] = {rollout_begin_folder},
    [ROLLOUT_COMMAND] = {rollout_begin_command},
};

const RolloutDriver *rollout_driver(RolloutKind kind) {
    return kind < G_N_ELEMENTS(drivers) && drivers[kind].begin != NULL ? &drivers[kind] : NULL;
}
