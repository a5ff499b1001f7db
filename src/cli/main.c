/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/interrupt.h"

static const Command sandbox_commands[] = {
    {"up", "NAME", "start a real Kafka broker and Connect workers on this machine",
     "  sluice sandbox up dev\n  sluice sandbox up dev --workers 2\n", command_sandbox_up, NULL},
    {"down", "[NAME]", "end a sandbox's processes",
     "  sluice sandbox down dev\n  sluice sandbox down dev --purge\n  sluice sandbox down --all\n",
     command_sandbox_down, NULL},
    {"status", "[NAME]", "show sandboxes and where they listen", "  sluice sandbox status\n",
     command_sandbox_status, NULL},
    {NULL},
};

static const Command state_commands[] = {
    {"list", "ENV", "list what Sluice owns there", "  sluice state list dev\n", command_state_list, NULL},
    {"show", "ENV [ADDRESS]", "show a resource as it was last applied, or the state's own facts",
     "  sluice state show dev orders/connector/source\n", command_state_show, NULL},
    {"unlock", "ENV", "take the lease from an owner that is gone", "  sluice state unlock dev\n",
     command_state_unlock, NULL},
    {NULL},
};

static const Command commands[] = {
    {"init", "[DIR]", "start a declarations repository that validates", "  sluice init streaming\n",
     command_init, NULL},
    {"validate", "[ENV…]", "check declarations, with no network",
     "  sluice validate\n  sluice validate prod\n", command_validate, NULL},
    {"lock", "ENV [PLUGIN…]", "resolve plugin versions and write the environment's lock",
     "  sluice lock dev\n  sluice lock dev --upgrade\n  sluice lock dev --upgrade orders-source\n  sluice "
     "lock dev --unhold orders-source\n",
     command_lock, NULL},
    {"plan", "ENV", "show what would change",
     "  sluice plan dev\n  sluice plan prod --out prod.plan\n  sluice plan dev --detailed-exitcode\n",
     command_plan, NULL},
    {"apply", "ENV | PLANFILE", "make it so; asks first",
     "  sluice apply dev\n  sluice apply dev --auto-approve\n  sluice apply prod.plan      what "
     "sluice plan prod --out prod.plan wrote; not asked again\n",
     command_apply, NULL},
    {"status", "ENV", "show what runs: connectors, tasks, versions, drift, last apply",
     "  sluice status dev      exits with 3 where something has failed\n  sluice status prod -o json\n",
     command_status_environment, NULL},
    {"promote", "FROM TO [INSTANCE…]", "copy module pins and plugin versions to the next environment's lock",
     "  sluice promote dev prod\n  sluice promote dev prod orders --push\n", command_promote, NULL},
    {"import", "ENV ADDRESS…", "take declared resources that run already into the state, changing nothing",
     "  sluice import dev orders/connector/source\n", command_import, NULL},
    {"destroy", "ENV", "remove what Sluice owns there",
     "  sluice destroy dev\n  sluice destroy dev --with-topics\n", command_destroy, NULL},
    {"state", "COMMAND", "look into the state", NULL, NULL, state_commands},
    {"runs", "[SUBJECT]", "list the daemon's runs, newest first, of an environment or plugin, or all",
     "  sluice runs\n  sluice runs prod --open\n  sluice runs orders-source --limit 5 -o json\n",
     command_runs, NULL},
    {"logs", "RUN", "print a run's log",
     "  sluice logs latest --follow\n  sluice logs prod             the newest run of prod\n  sluice logs "
     "7Q2W9XK4     "
     "the end of a run's id, or its beginning\n",
     command_logs, NULL},
    {"approve", "RUN", "consent to the plan that a run waits with; shows it and asks first",
     "  sluice approve prod\n  sluice approve 7Q2W9XK4 --auto-approve\n", command_approve, NULL},
    {"reject", "RUN", "drop a run that waits", "  sluice reject prod --reason \"after the holidays\"\n",
     command_reject, NULL},
    {"retry", "RUN", "start a new run of the same", "  sluice retry dev\n", command_retry, NULL},
    {"publish", "FILE…", "upload an artifact with its POM, checksums and Maven metadata",
     "  sluice publish target/orders-source-1.5.0.jar --repository acme\n", command_publish, NULL},
    {"fetch", "[ENV]", "install every locked plugin into a worker's plugin folder",
     "  sluice fetch --lock environments/dev.lock --to /opt/connect/plugins\n  sluice fetch dev --to "
     "plugins\n",
     command_fetch, NULL},
    {"serve", "", "the daemon: webhooks, builds, deploys, approvals, the page",
     "  sluice serve --config /etc/sluice/server.yaml\n", command_serve, NULL},
    {"sandbox", "COMMAND", "a real Kafka and Connect on this machine, to try things on", NULL, NULL,
     sandbox_commands},
    {"completion", "bash | zsh | fish", "print a completion script for a shell",
     "  sluice completion bash > /etc/bash_completion.d/sluice\n", command_completion, NULL},
    {"complete", "[WORD…]", NULL, NULL, command_complete, NULL},
    {NULL},
};

const Command *command_table(void) {
    return commands;
}

static const Command *find(const Command *table, const char *name) {
    for (; table != NULL && table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void print_commands(FILE *stream, const char *path, const Command *table) {
    fprintf(stream, "Usage:\n  %s COMMAND [OPTION…]\n\nCommands:\n", path);
    for (; table->name != NULL; table++)
        if (table->summary != NULL)
            fprintf(stream, "  %-12s %s\n", table->name, table->summary);
    fprintf(stream, "\nRun '%s COMMAND --help' for a command's options and examples.\n", path);
}

static void print_overview(FILE *stream) {
    fputs("sluice - delivers Kafka connectors continuously from Git\n\n", stream);
    print_commands(stream, "sluice", commands);
}

static char *suggest(const Command *table, const char *word) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (; table->name != NULL; table++)
        if (table->summary != NULL)
            g_ptr_array_add(names, (gpointer)table->name);
    g_ptr_array_add(names, NULL);
    return diagnostics_did_you_mean(word, (const char *const *)names->pdata);
}

static int unknown_command(const Invocation *invocation, const Command *table, const char *path,
                           const char *word) {
    g_autofree char *near = suggest(table, word);
    g_autofree char *hint = g_strdup_printf("%s%sall commands: %s --help", near != NULL ? near : "",
                                            near != NULL ? "; " : "", path);
    g_autoptr(GError) error = NULL;
    error_set(&error, CLI_ERROR, CLI_ERROR_USAGE, hint, "%s has no command '%s'", path, word);
    command_print_error(invocation, error);
    return EXIT_ERROR;
}

/* Walks down the table along the words; `*words` is left behind the command's name. */
static const Command *choose(Invocation *invocation, char ***words, int *status) {
    const Command *table = commands;
    for (g_autofree char *path = g_strdup("sluice");; (*words)++) {
        const char *word = **words;
        if (word == NULL || g_str_equal(word, "--help") || g_str_equal(word, "-h")) {
            FILE *stream = word == NULL ? stderr : stdout;
            table == commands ? print_overview(stream) : print_commands(stream, path, table);
            *status = word == NULL ? EXIT_ERROR : EXIT_DONE;
            return NULL;
        }
        const Command *command = find(table, word);
        if (command == NULL) {
            *status = unknown_command(invocation, table, path, word);
            return NULL;
        }
        char *longer = g_strconcat(path, " ", word, NULL);
        g_free(path);
        path = longer;
        if (command->subcommands == NULL) {
            invocation->path = g_strdup(path);
            (*words)++;
            return command;
        }
        table = command->subcommands;
    }
}

/* How many words at the start are options that all commands have: "sluice -C DIR plan dev" is
 * "sluice plan -C DIR dev". */
static guint count_leading_options(char **words) {
    static const char *const with_value[] = {"-C", "--directory", "-o", "--output", NULL};
    guint count = 0;
    while (words[count] != NULL && words[count][0] == '-' && !g_str_equal(words[count], "--help") &&
           !g_str_equal(words[count], "-h"))
        count += g_strv_contains(with_value, words[count]) && words[count + 1] != NULL ? 2 : 1;
    return count;
}

static char **join(char **leading, guint count, char **words) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < count; i++)
        g_strv_builder_add(builder, leading[i]);
    g_strv_builder_addv(builder, (const char **)words);
    return g_strv_builder_end(builder);
}

static int run(Invocation *invocation, char **words) {
    int status = EXIT_ERROR;
    char **leading = words;
    guint count = count_leading_options(words);
    words += count;
    invocation->command = choose(invocation, &words, &status);
    if (invocation->command == NULL)
        return status;
    invocation->words = join(leading, count, words);
    g_autoptr(GError) error = NULL;
    status = invocation->command->run(invocation, &error);
    if (error == NULL)
        return status;
    command_print_error(invocation, error);
    return status != EXIT_DONE ? status : EXIT_ERROR;
}

int main(int argc, char **argv) {
    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF,
            0); /* so that data and the words about it come in order, through a pipe too */
    if (argc > 1 && (g_str_equal(argv[1], "--version") || g_str_equal(argv[1], "version"))) {
        puts("sluice " SLUICE_VERSION);
        return EXIT_DONE;
    }
    Invocation invocation = {
        .colour = terminal_has_colour(stdout),
        .colour_error = terminal_has_colour(stderr),
        .stop = g_cancellable_new(),
        .abort = g_cancellable_new(),
    };
    interrupt_watch(invocation.stop, invocation.abort);
    int status = run(&invocation, argv + 1);
    if (fflush(stdout) != 0 && status == EXIT_DONE)
        status = EXIT_ERROR;
    interrupt_unwatch();
    g_object_unref(invocation.stop);
    g_object_unref(invocation.abort);
    g_strfreev(invocation.words);
    g_strfreev(invocation.arguments);
    g_free(invocation.path);
    return status;
}
