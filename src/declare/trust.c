/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/trust.h"

/* --- What a server gives -------------------------------------------------------------------------------- */

SecretSource *secret_source_new(const char *env, const char *file, const char *const *command) {
    SecretSource *source = g_new0(SecretSource, 1);
    source->env = g_strdup(env);
    source->file = g_strdup(file);
    source->command = g_strdupv((char **)command);
    return source;
}

void secret_source_free(SecretSource *source) {
    if (source == NULL)
        return;
    g_free(source->env);
    g_free(source->file);
    g_strfreev(source->command);
    g_free(source);
}

static void free_source(gpointer source) {
    secret_source_free(source);
}

static void free_command(gpointer command) {
    g_strfreev(command);
}

DeclareTrust *declare_trust_new(const char *state_folder) {
    DeclareTrust *trust = g_new0(DeclareTrust, 1);
    trust->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_source);
    trust->rollouts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_command);
    trust->state_folder = g_strdup(state_folder);
    return trust;
}

void declare_trust_free(DeclareTrust *trust) {
    if (trust == NULL)
        return;
    g_strfreev(trust->env);
    g_hash_table_unref(trust->secrets);
    g_hash_table_unref(trust->rollouts);
    g_free(trust->state_folder);
    g_free(trust);
}

/* --- What declarations get of it ------------------------------------------------------------------------ */

/* The environment as a hint names it; sluice.yaml alone is of none. */
static const char *environment_of(const Loader *loader) {
    return loader->environment != NULL ? loader->environment : "NAME";
}

bool trust_allows_env(Loader *loader, const char *name, Position at) {
    const DeclareTrust *trust = loader->options.trust;
    if (trust == NULL || (trust->env != NULL && g_strv_contains((const char *const *)trust->env, name)))
        return true;
    g_autofree char *hint = g_strdup_printf(
        "list it in the server's file: environments: { %s: { env: [%s] } }", environment_of(loader), name);
    loader_mistake(loader, at, hint, "the server lets declarations read no environment variable %s", name);
    return false;
}

const SecretSource *trust_secret(Loader *loader, const char *name, Position at) {
    GHashTable *secrets = loader->options.trust->secrets;
    const SecretSource *source = g_hash_table_lookup(secrets, name);
    if (source != NULL)
        return source;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(secrets, NULL);
    g_autofree char *near = diagnostics_did_you_mean(name, names);
    g_autofree char *hint = g_strdup_printf(
        "give it in the server's file: environments: { %s: { secrets: { %s: { file: PATH } } } }",
        environment_of(loader), name);
    loader_mistake(loader, at, near != NULL ? near : hint, "the server has no secret '%s'", name);
    return NULL;
}

void trust_take_rollout(const Loader *loader, const char *cluster, RolloutSpec *rollout) {
    const DeclareTrust *trust = loader->options.trust;
    if (trust == NULL || rollout->kind == ROLLOUT_LOCAL_SANDBOX)
        return;
    char **given = g_hash_table_lookup(trust->rollouts, cluster);
    bool runs = rollout->command != NULL && rollout->command[0] != NULL;
    g_clear_pointer(&rollout->command, g_strfreev);
    if (given != NULL && given[0] != NULL) {
        rollout->command = g_strdupv(given);
        rollout->trusted = true;
        if (rollout->kind == ROLLOUT_NONE)
            rollout->kind = ROLLOUT_COMMAND;
    } else if (runs) {
        rollout->refused = g_strdup("a server runs no command of the declarations");
    }
}
