/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand next on a command line, for shells: made of the table of commands, the options that each
 * declares, its usage ("ENV ADDRESS…" says what its arguments are), and the declarations at hand.
 */
#pragma once

#include "cli/command.h"

typedef struct {
    char *text;
    char *description; /* may be NULL */
} CompletionCandidate;

typedef struct {
    GPtrArray *candidates; /* CompletionCandidate */
    bool files;            /* names of files may stand there too */
} Completion;
void completion_free(Completion *completion);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Completion, completion_free)

/* `words` are those after the program's name, the last one being what is completed ("" for a new one). Where
 * declarations are needed and are wrong or missing, there are just no candidates. -C among the words changes
 * the working directory. */
Completion *completion_of(const char *const *words);

/* The options that a command declares, those of all commands last; free with g_array_unref(). */
GArray *completion_entries(const Command *command);
