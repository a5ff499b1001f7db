/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's runs for people. Runs are the API's: src/server/openapi.yaml. */
#pragma once

#include <stdio.h>

#include "cli/command.h"

/* Prints a table of runs, an array of Run. */
void run_view_print_table(FILE *stream, const json_t *runs);

/* "prod: done (run 01J…)" on a line, coloured by how it stands or ended. */
void run_view_print_state(FILE *stream, bool colour, const json_t *run);

/* An error that says how a run that has ended badly did so, with its hint. */
void run_view_set_error(const json_t *run, GError **error);

/* "3m ago" or "in 3m" of a time as the API writes it; NULL where it is none. The caller frees it. */
char *run_view_age(const char *time);
