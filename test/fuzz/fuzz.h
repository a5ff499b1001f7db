/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target, fuzz_NAME.c, feeds one reader of outside input with whatever bytes it is given. With
 * -Dfuzz=true libFuzzer finds the bytes (make fuzz); else corpus_main.c runs the target over the files of
 * corpus/NAME/ as an ordinary test. What crashed a target once belongs in its corpus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Reads one input, which is not NUL-terminated, and returns 0. A broken promise is a failed assertion, a leak
 * or a sanitizer's report; refusing the input is none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
