/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

ERROR_DEFINE_DOMAIN(cli)

typedef struct {
    char *directory;
    char *output;
    gboolean no_colour;
    gboolean help;
} CommonOptions;

static GOptionEntry *common_entries(CommonOptions *common) {
    const GOptionEntry entries[] = {
        {"directory", 'C', 0, G_OPTION_ARG_FILENAME, &common->directory, "Work in DIR", "DIR"},
        {"output", 'o', 0, G_OPTION_ARG_STRING, &common->output, "Print as table, json or yaml", "FORMAT"},
        {"no-color", 0, 0, G_OPTION_ARG_NONE, &common->no_colour, "No colour, as with NO_COLOR", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &common->help, "Show this help", NULL},
        {NULL},
    };
    return g_memdup2(entries, sizeof entries);
}

static void describe_entries(Invocation *invocation, const GOptionEntry *entries) {
    for (; entries != NULL && entries->long_name != NULL; entries++)
        g_array_append_val(invocation->entries, *entries);
}

static void print_help(const Invocation *invocation, GOptionContext *context) {
    g_autofree char *title = terminal_style(invocation->colour, STYLE_BOLD, invocation->path);
    g_autofree char *help = g_option_context_get_help(context, FALSE, NULL);
    const char *options = strstr(help, "\n\n");
    const char *usage = invocation->command->usage;
    printf("%s - %s\n\nUsage:\n  %s [OPTION…]%s%s%s", title, invocation->command->summary, invocation->path,
           usage[0] != '\0' ? " " : "", usage, options != NULL ? options : "\n");
    if (invocation->command->examples != NULL)
        printf("Examples:\n%s", invocation->command->examples);
}

static bool check_count(Invocation *invocation, int least, int most, GError **error) {
    int count = (int)g_strv_length(invocation->arguments);
    if (count >= least && (most < 0 || count <= most))
        return true;
    g_autofree char *hint = g_strdup_printf("usage: %s %s (see %s --help)", invocation->path,
                                            invocation->command->usage, invocation->path);
    if (count < least)
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "%s: something is missing after it",
                  invocation->path);
    else
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "%s: '%s' is too much", invocation->path,
                  invocation->arguments[most]);
    return false;
}

static bool change_directory(const char *directory, GError **error) {
    if (directory == NULL || chdir(directory) == 0)
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, NULL, "cannot work in '%s': %s", directory,
              g_strerror(errno));
    return false;
}

static bool apply_common(Invocation *invocation, CommonOptions *common, GError **error) {
    if (common->no_colour) {
        g_setenv("NO_COLOR", "1", TRUE);
        invocation->colour = invocation->colour_error = false;
    }
    if (common->output != NULL && !output_format_parse(common->output, &invocation->output, error))
        return false;
    return change_directory(common->directory, error);
}

static bool parse_words(Invocation *invocation, GOptionContext *context, GError **error) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_strv_builder_add(builder, invocation->path);
    g_strv_builder_addv(builder, (const char **)invocation->words);
    g_auto(GStrv) words = g_strv_builder_end(builder);
    g_autoptr(GError) problem = NULL;
    if (!g_option_context_parse_strv(context, &words, &problem)) {
        g_autofree char *hint = g_strdup_printf("see %s --help", invocation->path);
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "%s: %s", invocation->path, problem->message);
        return false;
    }
    g_strfreev(invocation->arguments);
    invocation->arguments = g_strdupv(words + 1);
    return true;
}

bool command_parse(Invocation *invocation, const GOptionEntry *options, int least, int most, GError **error) {
    CommonOptions common = {0};
    g_autofree GOptionEntry *shared = common_entries(&common);
    if (invocation->mode == INVOCATION_DESCRIBE) {
        describe_entries(invocation, options);
        describe_entries(invocation, shared);
        return false;
    }
    g_autoptr(GOptionContext) context = g_option_context_new(invocation->command->usage);
    g_option_context_set_help_enabled(context, FALSE);
    if (options != NULL)
        g_option_context_add_main_entries(context, options, NULL);
    g_option_context_add_main_entries(context, shared, NULL);
    bool parsed = parse_words(invocation, context, error);
    if (parsed && common.help) {
        print_help(invocation, context);
        parsed = false;
    } else if (parsed) {
        parsed = apply_common(invocation, &common, error) && check_count(invocation, least, most, error);
    }
    g_free(common.directory);
    g_free(common.output);
    return parsed;
}

int command_status(const Invocation *invocation) {
    return invocation->status;
}

void command_print_diagnostics(const Invocation *invocation, const Diagnostics *diagnostics) {
    if (invocation->output != OUTPUT_TABLE) {
        g_autoptr(json_t) value = diagnostics_to_json(diagnostics);
        output_json(stdout, invocation->output, value);
        return;
    }
    g_autofree char *text = diagnostics_format(diagnostics, invocation->colour_error);
    fputs(text, stderr);
}

void command_print_error(const Invocation *invocation, const GError *error) {
    g_autofree char *label = terminal_style(invocation->colour_error, STYLE_RED, "error:");
    g_autofree char *message = terminal_clean(error->message);
    fprintf(stderr, "%s %s\n", label, message);
    if (error_hint(error) == NULL)
        return;
    g_autofree char *hint_label = terminal_style(invocation->colour_error, STYLE_CYAN, "hint:");
    g_autofree char *hint = terminal_clean(error_hint(error));
    fprintf(stderr, "%s %s\n", hint_label, hint);
}
