/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of the program: one row of the table in main.c, one file `command_NAME.c`. A command declares its
 * options and positional arguments with command_parse(), works, prints data on standard output and words for
 * people on standard error, and returns its exit status.
 *
 *     int command_example(Invocation *invocation, GError **error) {
 *         gboolean all = FALSE;
 *         const GOptionEntry options[] = {{"all", 'a', 0, G_OPTION_ARG_NONE, &all, "Show everything", NULL},
 * {NULL}}; if (!command_parse(invocation, options, 1, 1, error)) return command_status(invocation);
 *         …invocation->arguments[0]…
 *         return EXIT_DONE;
 *     }
 *
 * command_parse() also prints --help and tells completion which options there are: then it returns false
 * without an error.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "base/diagnostics.h"
#include "base/error.h"
#include "base/table.h"
#include "base/terminal.h"

ERROR_DECLARE_DOMAIN(cli);
#define CLI_ERROR (cli_error_quark())
typedef enum {
    CLI_ERROR_USAGE,
    CLI_ERROR_FAILED,
    CLI_ERROR_UNREACHABLE, /* the daemon can't be reached now: later it may */
    CLI_ERROR_CONFLICT,    /* the daemon says that things stand otherwise by now */
} CliError;

/* What the program's exit status means. */
typedef enum {
    EXIT_DONE = 0, /* done; with --detailed-exitcode: nothing to do */
    EXIT_ERROR = 1,
    EXIT_CHANGES = 2,   /* with --detailed-exitcode: there are changes */
    EXIT_UNHEALTHY = 3, /* status: something has failed */
} ExitStatus;

typedef struct Invocation Invocation;
typedef int (*CommandFunction)(Invocation *invocation, GError **error);

typedef struct Command {
    const char *name;
    const char *usage;                 /* positional arguments: "ENV | PLANFILE" */
    const char *summary;               /* one line, lower case, no full stop; NULL: not listed */
    const char *examples;              /* lines for --help, may be NULL */
    CommandFunction run;               /* NULL where there are subcommands */
    const struct Command *subcommands; /* ends with a row without a name; NULL: none */
} Command;

/* INVOCATION_DESCRIBE: command_parse() only fills in `entries`. */
typedef enum { INVOCATION_RUN, INVOCATION_DESCRIBE } InvocationMode;

struct Invocation {
    const Command *command;
    char *path; /* "sluice state list" */
    InvocationMode mode;
    char **words;        /* what stands after the command's name */
    char **arguments;    /* positional ones, after command_parse() */
    GArray *entries;     /* GOptionEntry, of the command and of all; with INVOCATION_DESCRIBE */
    int status;          /* what to return when command_parse() said false without an error */
    OutputFormat output; /* -o */
    bool colour;         /* of standard output */
    bool colour_error;   /* of standard error */
    GCancellable *stop;  /* Ctrl-C once: begin nothing new, finish what is in flight */
    GCancellable *abort; /* Ctrl-C twice: stop now */
};

/* Parses the options of this command and those of all (-C, -o, --no-color, --help), and counts positional
 * arguments (`most` -1: any number). -C changes the working directory, so that every path counts from it.
 * False with CLI_ERROR_USAGE, or without an error when help or a description was printed. */
bool command_parse(Invocation *invocation, const GOptionEntry *options, int least, int most, GError **error);

/* The exit status to return when command_parse() said false. */
int command_status(const Invocation *invocation);

/* Prints diagnostics on standard error (with -o json: as JSON on standard output). */
void command_print_diagnostics(const Invocation *invocation, const Diagnostics *diagnostics);

/* Prints "error: …" and the hint on standard error. */
void command_print_error(const Invocation *invocation, const GError *error);

/* Every command; ends with a row without a name. */
const Command *command_table(void);
