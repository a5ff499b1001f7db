/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

#include <string.h>
#include <unistd.h>

#include "cli/session.h"
#include "sandbox/sandbox.h"

/* How far the words have been understood. */
typedef struct {
    const Command *table;     /* commands that may follow; NULL: none */
    const Command *command;   /* NULL: none yet */
    GArray *entries;          /* GOptionEntry of the command */
    const GOptionEntry *open; /* waits for its value; NULL: none */
    bool only_arguments;      /* after "--" */
    guint arguments;
    const char *environment; /* the first argument */
    const char *word;        /* what is completed */
    const char *before;      /* what goes before each candidate: "--target=" */
    Completion *completion;
} Scan;

static void candidate_free(gpointer data) {
    CompletionCandidate *candidate = data;
    g_free(candidate->text);
    g_free(candidate->description);
    g_free(candidate);
}

void completion_free(Completion *completion) {
    if (completion == NULL)
        return;
    g_ptr_array_unref(completion->candidates);
    g_free(completion);
}

static void add(Scan *scan, const char *text, const char *description) {
    if (!g_str_has_prefix(text, scan->word))
        return;
    CompletionCandidate *candidate = g_new0(CompletionCandidate, 1);
    candidate->text = g_strconcat(scan->before, text, NULL);
    candidate->description = g_strdup(description);
    g_ptr_array_add(scan->completion->candidates, candidate);
}

static void add_all(Scan *scan, char *const *texts) {
    for (char *const *text = texts; text != NULL && *text != NULL; text++)
        add(scan, *text, NULL);
}

static Project *project_at_hand(void) {
    const DeclareOptions options = {.resolve_secrets = false};
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autofree char *root = session_root(NULL);
    return root != NULL ? declare_read_project(root, &options, diagnostics, NULL) : NULL;
}

static Environment *environment_at_hand(const char *name) {
    const DeclareOptions options = {.resolve_secrets = false};
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autofree char *root = session_root(NULL);
    return root != NULL && name != NULL ? declare_load(root, name, &options, diagnostics, NULL) : NULL;
}

static void add_environments(Scan *scan) {
    g_autoptr(Project) project = project_at_hand();
    if (project != NULL)
        add_all(scan, project->environments);
}

static void add_repositories(Scan *scan) {
    g_autoptr(Project) project = project_at_hand();
    for (guint i = 0; project != NULL && i < project->repositories->len; i++)
        add(scan, ((RepositorySpec *)project->repositories->pdata[i])->id, NULL);
}

static void add_addresses(Scan *scan) {
    g_autoptr(Environment) environment = environment_at_hand(scan->environment);
    for (guint i = 0; environment != NULL && i < environment->connectors->len; i++)
        add(scan, ((DesiredConnector *)environment->connectors->pdata[i])->address, NULL);
    for (guint i = 0; environment != NULL && i < environment->topics->len; i++)
        add(scan, ((DesiredTopic *)environment->topics->pdata[i])->address, NULL);
}

static void add_instances(Scan *scan) {
    g_autoptr(Environment) environment = environment_at_hand(scan->environment);
    for (guint i = 0; environment != NULL && i < environment->instances->len; i++)
        add(scan, ((Instance *)environment->instances->pdata[i])->name, NULL);
}

static void add_plugins(Scan *scan) {
    g_autoptr(Environment) environment = environment_at_hand(scan->environment);
    for (guint i = 0; environment != NULL && i < environment->plugins->len; i++)
        add(scan, ((PluginRequest *)environment->plugins->pdata[i])->name, NULL);
}

static gint by_name(gconstpointer left, gconstpointer right) {
    return strcmp(left, right);
}

/* What runs are of: environments, and plugins that are built. */
static void add_subjects(Scan *scan) {
    g_autoptr(Project) project = project_at_hand();
    if (project == NULL)
        return;
    add_all(scan, project->environments);
    GList *plugins = g_list_sort(g_hash_table_get_keys(project->plugins), by_name);
    for (const GList *plugin = plugins; plugin != NULL; plugin = plugin->next)
        add(scan, plugin->data, NULL);
    g_list_free(plugins);
}

static void add_runs(Scan *scan) {
    add(scan, "latest", "The newest run of all");
    add_subjects(scan);
}

static void add_sandboxes(Scan *scan) {
    g_auto(GStrv) names = sandbox_names(NULL);
    add_all(scan, names);
}

static void add_formats(Scan *scan) {
    static const char *const formats[] = {"table", "json", "yaml", NULL};
    add_all(scan, (char *const *)formats);
}

static void add_files(Scan *scan) {
    scan->completion->files = true;
}

/* What the words in capitals stand for, in usages and as options' values. */
static const struct {
    const char *name;
    void (*add)(Scan *scan);
} sources[] = {
    {"ENV", add_environments},  {"FROM", add_environments},  {"TO", add_environments},
    {"ADDRESS", add_addresses}, {"INSTANCE", add_instances}, {"PLUGIN", add_plugins},
    {"NAME", add_sandboxes},    {"ID", add_repositories},    {"FORMAT", add_formats},
    {"SUBJECT", add_subjects},  {"RUN", add_runs},           {"FILE", add_files},
    {"PLANFILE", add_files},    {"DIR", add_files},
};

static void add_source(Scan *scan, const char *name) {
    if (g_ascii_islower(*name))
        add(scan, name, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
        if (g_str_equal(sources[i].name, name))
            sources[i].add(scan);
}

/* "[ADDRESS…]" → "ADDRESS"; *repeats where it may stand several times. The caller frees it. */
static char *bare_name(const char *token, bool *repeats) {
    g_autoptr(GString) name = g_string_new(token);
    *repeats = g_string_replace(name, "…", "", 0) > 0;
    g_string_replace(name, "[", "", 0);
    g_string_replace(name, "]", "", 0);
    return g_strdup(name->str);
}

/* Candidates of the argument that is number `position`, as the usage tells: alternatives stand between '|'.
 */
static void add_argument(Scan *scan) {
    g_auto(GStrv) tokens = g_strsplit(scan->command->usage, " ", -1);
    guint position = 0;
    bool repeats = false;
    for (guint i = 0; tokens[i] != NULL; i++) {
        if (g_str_equal(tokens[i], "|")) {
            position--;
            continue;
        }
        g_autofree char *name = bare_name(tokens[i], &repeats);
        if (position == scan->arguments || (repeats && position < scan->arguments))
            add_source(scan, name);
        position++;
    }
}

static void add_options(Scan *scan) {
    for (guint i = 0; i < scan->entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(scan->entries, GOptionEntry, i);
        g_autofree char *option = g_strconcat("--", entry->long_name, NULL);
        if ((entry->flags & G_OPTION_FLAG_HIDDEN) == 0)
            add(scan, option, entry->description);
    }
}

static void add_commands(Scan *scan) {
    for (const Command *command = scan->table; command->name != NULL; command++)
        if (command->summary != NULL)
            add(scan, command->name, command->summary);
    add(scan, "--help", "Show help");
    if (scan->table == command_table())
        add(scan, "--version", "Show the version");
}

GArray *completion_entries(const Command *command) {
    Invocation invocation = {
        .command = command,
        .mode = INVOCATION_DESCRIBE,
        .entries = g_array_new(FALSE, FALSE, sizeof(GOptionEntry)),
    };
    g_autoptr(GError) error = NULL;
    command->run(&invocation, &error);
    return invocation.entries;
}

/* The option that `word` names, "--target", "--target=…" or "-C"; NULL where there is none. */
static const GOptionEntry *find_option(const Scan *scan, const char *word) {
    gsize length = strcspn(word, "=");
    for (guint i = 0; i < scan->entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(scan->entries, GOptionEntry, i);
        g_autofree char *name = g_strconcat("--", entry->long_name, NULL);
        bool by_long_name = strlen(name) == length && strncmp(word, name, length) == 0;
        bool by_short_name = entry->short_name != 0 && word[1] == entry->short_name && word[2] == '\0';
        if (by_long_name || by_short_name)
            return entry;
    }
    return NULL;
}

static void scan_value(Scan *scan, const char *value) {
    bool directory = scan->open->short_name == 'C';
    scan->open = NULL;
    if (directory && chdir(value) != 0)
        scan->environment = NULL;
}

static void scan_option(Scan *scan, const char *word) {
    const GOptionEntry *entry = find_option(scan, word);
    if (entry == NULL || entry->arg == G_OPTION_ARG_NONE)
        return;
    const char *equals = strchr(word, '=');
    scan->open = entry;
    if (equals != NULL)
        scan_value(scan, equals + 1);
}

static void scan_command(Scan *scan, const char *word) {
    const Command *command = scan->table;
    while (command != NULL && command->name != NULL && !g_str_equal(command->name, word))
        command++;
    bool found = command != NULL && command->name != NULL;
    scan->table = found ? command->subcommands : NULL;
    scan->command = found && scan->table == NULL ? command : NULL;
    if (scan->command != NULL)
        scan->entries = completion_entries(command);
}

/* A word before the command's name, where options of all commands may stand too. */
static void scan_leading(Scan *scan, const char *word) {
    static const GOptionEntry directory = {
        .long_name = "directory", .short_name = 'C', .arg_description = "DIR"};
    static const GOptionEntry output = {.long_name = "output", .arg_description = "FORMAT"};
    if (g_str_equal(word, "-C") || g_str_equal(word, "--directory"))
        scan->open = &directory;
    else if (g_str_equal(word, "-o") || g_str_equal(word, "--output"))
        scan->open = &output;
    else if (*word != '-')
        scan_command(scan, word);
}

/* A word that is complete already. */
static void scan_word(Scan *scan, const char *word) {
    if (scan->open != NULL) {
        scan_value(scan, word);
    } else if (scan->command == NULL) {
        scan_leading(scan, word);
    } else if (!scan->only_arguments && g_str_equal(word, "--")) {
        scan->only_arguments = true;
    } else if (!scan->only_arguments && *word == '-') {
        scan_option(scan, word);
    } else if (scan->arguments++ == 0) {
        scan->environment = word;
    }
}

/* The value of "--option=VALUE": candidates have the option before them again. */
static void add_value_of(Scan *scan, const char *equals) {
    const GOptionEntry *entry = find_option(scan, scan->word);
    g_autofree char *before = g_strndup(scan->word, equals + 1 - scan->word);
    if (entry == NULL || entry->arg_description == NULL)
        return;
    scan->before = before;
    scan->word = equals + 1;
    add_source(scan, entry->arg_description);
    scan->before = "";
}

static void scan_last(Scan *scan) {
    const char *equals = strchr(scan->word, '=');
    if (scan->open != NULL)
        add_source(scan, scan->open->arg_description != NULL ? scan->open->arg_description : "");
    else if (scan->command == NULL)
        add_commands(scan);
    else if (!scan->only_arguments && *scan->word == '-' && equals != NULL)
        add_value_of(scan, equals);
    else if (!scan->only_arguments && *scan->word == '-')
        add_options(scan);
    else
        add_argument(scan);
}

Completion *completion_of(const char *const *words) {
    Completion *completion = g_new0(Completion, 1);
    completion->candidates = g_ptr_array_new_with_free_func(candidate_free);
    Scan scan = {.table = command_table(), .word = "", .before = "", .completion = completion};
    for (; *words != NULL; words++) {
        bool last = words[1] == NULL;
        /* bash takes an option, '=' and its value for three words. */
        if (g_str_equal(*words, "="))
            continue;
        if (last)
            scan.word = *words;
        else
            scan_word(&scan, *words);
    }
    if (scan.command != NULL || scan.table != NULL)
        scan_last(&scan);
    if (scan.entries != NULL)
        g_array_unref(scan.entries);
    return completion;
}
