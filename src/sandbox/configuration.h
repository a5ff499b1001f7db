/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration files of a sandbox's processes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "sandbox/record.h"

/* Writes broker.properties, one worker-N.properties per worker and log4j2.xml into the sandbox's folder. */
bool configuration_write(const SandboxRecord *record, GError **error);
