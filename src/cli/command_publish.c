/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "plugin/publish.h"

#define UNDECLARED_ID "repository"

typedef struct {
    char *repository;
    char *url;
    char *pom;
    char *maven;
    char *version;
} PublishOptions;

static void publish_options_clear(PublishOptions *options) {
    g_free(options->repository);
    g_free(options->url);
    g_free(options->pom);
    g_free(options->maven);
    g_free(options->version);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PublishOptions, publish_options_clear)

/* What is said of one file can't be meant for several. */
static bool check_options(const Invocation *invocation, const PublishOptions *options, GError **error) {
    bool is_of_one = options->pom != NULL || options->maven != NULL;
    if (!is_of_one || g_strv_length(invocation->arguments) == 1)
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, "publish them one by one",
              "--pom and --maven are of one file, but there are several");
    return false;
}

static const RepositorySpec *find_repository(const Project *project, const char *id, GError **error) {
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < project->repositories->len; i++) {
        const RepositorySpec *spec = project->repositories->pdata[i];
        if (g_strcmp0(spec->id, id) == 0 || (id == NULL && project->repositories->len == 1))
            return spec;
        g_ptr_array_add(known, spec->id);
    }
    g_ptr_array_add(known, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)known->pdata);
    g_autofree char *nearest =
        id != NULL ? diagnostics_did_you_mean(id, (const char *const *)known->pdata) : NULL;
    g_autofree char *hint =
        nearest != NULL ? g_strdup(nearest) : g_strdup_printf("sluice.yaml declares: %s", names);
    if (id != NULL)
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "there is no repository '%s'", id);
    else
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "say which repository: --repository ID");
    return NULL;
}

static Repository *open_repository(const Invocation *invocation, const PublishOptions *options,
                                   GError **error) {
    if (options->url != NULL) {
        const char *id = options->repository != NULL ? options->repository : UNDECLARED_ID;
        const RepositorySpec spec = {.id = (char *)id, .url = options->url};
        return repository_open(&spec, error);
    }
    g_autoptr(Project) project = project_read(invocation, NULL, error);
    const RepositorySpec *spec =
        project != NULL ? find_repository(project, options->repository, error) : NULL;
    return spec != NULL ? repository_open(spec, error) : NULL;
}

static Published *publish(const Invocation *invocation, const PublishOptions *options, Repository *repository,
                          const char *file, GError **error) {
    g_autoptr(Progress) progress = progress_new(stderr);
    const PublishRequest request = {
        .file = file,
        .pom = options->pom,
        .maven = options->maven,
        .version = options->version,
        .progress = project_progress,
        .user_data = progress,
        .cancellable = invocation->stop,
    };
    return plugin_publish(repository, &request, error);
}

/* Path and hash are for programs: a line with them is too long to read. */
static void add_row(Table *table, const Published *published, OutputFormat output) {
    table_row(table);
    table_cell(table, STYLE_BOLD, published->maven);
    table_cell(table, STYLE_NONE, published->resolved);
    if (output != OUTPUT_TABLE) {
        table_cell(table, STYLE_NONE, published->path);
        table_cell(table, STYLE_NONE, published->sha256);
    }
    table_cell(table, published->existed ? STYLE_DIM : STYLE_GREEN,
               published->existed ? "there already" : "published");
}

/* What was published before one that fails is told, too. */
static int publish_all(const Invocation *invocation, const PublishOptions *options, Repository *repository,
                       GError **error) {
    static const char *const all[] = {"MAVEN", "VERSION", "PATH", "SHA256", "RESULT", NULL};
    static const char *const few[] = {"MAVEN", "VERSION", "RESULT", NULL};
    g_autoptr(Table) table = table_new(invocation->output == OUTPUT_TABLE ? few : all);
    ExitStatus status = EXIT_DONE;
    for (char **file = invocation->arguments; *file != NULL && status == EXIT_DONE; file++) {
        g_autoptr(Published) published = publish(invocation, options, repository, *file, error);
        if (published != NULL)
            add_row(table, published, invocation->output);
        else
            status = EXIT_ERROR;
    }
    if (table_rows(table) > 0 || invocation->output != OUTPUT_TABLE)
        table_print(table, stdout, invocation->output);
    return status;
}

int command_publish(Invocation *invocation, GError **error) {
    g_auto(PublishOptions) options = {0};
    const GOptionEntry entries[] = {
        {"repository", 0, 0, G_OPTION_ARG_STRING, &options.repository,
         "The repository of sluice.yaml; needed where there are several", "ID"},
        {"url", 0, 0, G_OPTION_ARG_STRING, &options.url,
         "A repository that no sluice.yaml declares; --repository names its credentials", "URL"},
        {"pom", 0, 0, G_OPTION_ARG_FILENAME, &options.pom,
         "The POM (default: the one in the artifact, or beside it, or one made from --maven and --version)",
         "FILE"},
        {"maven", 0, 0, G_OPTION_ARG_STRING, &options.maven,
         "Coordinates (default: the POM's): group:artifact[:extension[:classifier]]", "COORDINATES"},
        {"version", 0, 0, G_OPTION_ARG_STRING, &options.version, "The version (default: the POM's)",
         "VERSION"},
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, -1, error))
        return command_status(invocation);
    if (!check_options(invocation, &options, error))
        return EXIT_ERROR;
    g_autoptr(Repository) repository = open_repository(invocation, &options, error);
    return repository != NULL ? publish_all(invocation, &options, repository, error) : EXIT_ERROR;
}
