/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/settings.h"

#include "pipeline/person.h"

static void free_environment(gpointer data) {
    EnvironmentSettings *environment = data;
    g_free(environment->name);
    declare_trust_free(environment->trust);
    g_free(environment);
}

static void free_person(gpointer person) {
    person_free(person);
}

PipelineSettings *pipeline_settings_new(void) {
    PipelineSettings *settings = g_new0(PipelineSettings, 1);
    settings->folder = g_strdup("");
    settings->build_from = g_new0(char *, 1);
    settings->build_env = g_new0(char *, 1);
    settings->build_run = g_new0(char *, 1);
    settings->builds_at_once = 1;
    settings->environments = g_ptr_array_new_with_free_func(free_environment);
    settings->people = g_ptr_array_new_with_free_func(free_person);
    return settings;
}

void pipeline_settings_set_data(PipelineSettings *settings, const char *data) {
    g_free(settings->data);
    settings->data = g_strdup(data);
    declare_trust_free(settings->nothing);
    settings->nothing = declare_trust_new(data);
}

void pipeline_settings_free(PipelineSettings *settings) {
    if (settings == NULL)
        return;
    g_free(settings->data);
    g_free(settings->git);
    g_free(settings->branch);
    g_free(settings->folder);
    g_strfreev(settings->build_from);
    g_strfreev(settings->build_env);
    g_strfreev(settings->build_run);
    g_free(settings->committer_name);
    g_free(settings->committer_email);
    g_ptr_array_unref(settings->environments);
    g_ptr_array_unref(settings->people);
    declare_trust_free(settings->nothing);
    g_free(settings);
}

DeclareTrust *pipeline_settings_add(PipelineSettings *settings, const char *environment) {
    EnvironmentSettings *added = g_new0(EnvironmentSettings, 1);
    added->name = g_strdup(environment);
    added->trust = declare_trust_new(settings->data);
    g_ptr_array_add(settings->environments, added);
    return added->trust;
}

const DeclareTrust *pipeline_settings_trust(const PipelineSettings *settings, const char *environment) {
    for (guint i = 0; i < settings->environments->len; i++) {
        const EnvironmentSettings *known = settings->environments->pdata[i];
        if (g_str_equal(known->name, environment))
            return known->trust;
    }
    return settings->nothing;
}
