/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/secrets.h"

#include <string.h>

#include "base/files.h"
#include "base/process.h"
#include "declare/names.h"
#include "declare/schema.h"
#include "declare/trust.h"

#define SECRET_LIMIT ((gsize)64 * 1024)
#define COMMAND_TIMEOUT_MS 30000

static const Field SOURCE_FIELDS[] = {
    {"env", FIELD_TEXT, 0, NULL},
    {"file", FIELD_TEXT, 0, NULL},
    {"command", FIELD_TEXTS, 0, NULL},
    {NULL},
};
static const Schema SOURCE = {"a secret", SOURCE_FIELDS};

static const char *keep(Loader *loader, const char *id, char *text) {
    g_hash_table_replace(loader->secret_texts, g_strdup(id), text);
    return text;
}

/* --- Reading one source --------------------------------------------------------------------------------- */

static char *read_env(Loader *loader, const char *name, Position at) {
    const char *value = g_getenv(name);
    if (value == NULL)
        loader_mistake(loader, at,
                       loader->options.trust != NULL ? "set it where the server is started"
                                                     : "export it before you run this command",
                       "the environment variable %s is not set", name);
    else if (!g_utf8_validate(value, -1, NULL))
        loader_mistake(loader, at, NULL, "the environment variable %s is no UTF-8", name);
    else
        return g_strdup(value);
    return NULL;
}

/* Editors and `echo` end a file with a newline that is no part of the secret. */
static char *without_newline(char *text) {
    gsize length = strlen(text);
    if (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    if (length > 0 && text[length - 1] == '\r')
        text[--length] = '\0';
    return text;
}

static char *read_file(Loader *loader, const char *base, const char *file, Position at) {
    g_autofree char *path = files_resolve(base, file);
    g_autoptr(GError) error = NULL;
    char *text = files_read_text(path, SECRET_LIMIT, &error);
    if (text == NULL)
        loader_mistake(loader, at, error_hint(error), "cannot read the secret: %s", error->message);
    return text != NULL ? without_newline(text) : NULL;
}

static char *run_command(Loader *loader, const char *folder, const char *const *command, Position at) {
    ProcessSpec spec = {
        .argv = command, .directory = folder, .timeout_ms = COMMAND_TIMEOUT_MS, .limit = SECRET_LIMIT};
    g_autoptr(GError) error = NULL;
    char *text = process_output(&spec, &error);
    if (text == NULL) {
        loader_mistake(loader, at, error_hint(error), "cannot get the secret: %s", error->message);
    } else if (!g_utf8_validate(text, -1, NULL)) {
        loader_mistake(loader, at, "encode it, with base64 for one, where its reader expects that",
                       "what '%s' writes is no UTF-8", command[0]);
        g_clear_pointer(&text, g_free);
    }
    return text;
}

static const Datum *only_item(const Datum *map) {
    return map->items->pdata[0];
}

static const char *read_source(Loader *loader, const Datum *source, const char *id, Position at) {
    const char *env = schema_text(source, "env"), *file = schema_text(source, "file");
    char *text = NULL;
    if (env != NULL) {
        text = read_env(loader, env, only_item(source)->position);
    } else if (file != NULL) {
        text = read_file(loader, loader->root, file, only_item(source)->position);
    } else {
        g_auto(GStrv) command = schema_texts(source, "command");
        text = run_command(loader, loader->root, (const char *const *)command, at);
    }
    return text != NULL ? keep(loader, id, text) : NULL;
}

/* Never in the declarations' folder, where Git could put a file or program of that name. */
static const char *read_trusted(Loader *loader, const SecretSource *source, const char *id, Position at) {
    const char *folder = loader->options.trust->state_folder;
    char *text = NULL;
    if (source->env != NULL)
        text = read_env(loader, source->env, at);
    else if (source->file != NULL)
        text = read_file(loader, folder, source->file, at);
    else
        text = run_command(loader, folder, (const char *const *)source->command, at);
    return text != NULL ? keep(loader, id, text) : NULL;
}

static bool check_source(Loader *loader, const Datum *source, const char *what, Position at) {
    if (!schema_check(loader, &SOURCE, source, at))
        return false;
    if (source->items->len != 1) {
        loader_mistake(loader, at, "{ env: NAME }, { file: PATH } or { command: [PROGRAM, ARGUMENT, …] }",
                       "%s comes from one of env, file and command", what);
        return false;
    }
    const Datum *command = datum_get(source, "command");
    if (command != NULL && command->items->len == 0) {
        loader_mistake(loader, command->position, NULL, "the command is empty");
        return false;
    }
    const char *env = schema_text(source, "env");
    return env == NULL || name_check_env(loader, env, only_item(source)->position);
}

/* What a server lets declarations read by themselves: variables that it lists. */
static bool check_trust(Loader *loader, const Datum *source, const char *what) {
    const Datum *item = only_item(source);
    const char *env = schema_text(source, "env");
    if (loader->options.trust == NULL || env != NULL)
        return env == NULL || trust_allows_env(loader, env, item->position);
    g_autofree char *hint = g_strdup_printf("{ env: NAME }, with the server's file listing the name: "
                                            "environments: { %s: { env: [NAME] } }",
                                            loader->environment);
    loader_mistake(loader, item->position, hint,
                   "a server takes %s from no file and no command of declarations", what);
    return false;
}

bool secrets_source_read(Loader *loader, const Datum *source, const char *what, Position at,
                         const char **text) {
    if (!check_source(loader, source, what, at) || !check_trust(loader, source, what))
        return false;
    if (!loader->options.resolve_secrets) {
        *text = NULL;
        return true;
    }
    g_autofree char *id = g_strconcat("source of ", what, NULL);
    *text = read_source(loader, source, id, at);
    return *text != NULL;
}

/* --- By name -------------------------------------------------------------------------------------------- */

void secrets_declare(Loader *loader, const Datum *secrets) {
    loader->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!schema_check_map(loader, secrets, "secrets"))
        return;
    for (guint i = 0; i < secrets->items->len; i++) {
        const Datum *key = secrets->keys->pdata[i], *source = secrets->items->pdata[i];
        g_autofree char *what = g_strdup_printf("the secret '%s'", key->text);
        bool valid = name_check(loader, "secret", key->text, key->position);
        if (!check_source(loader, source, what, key->position) || !valid)
            source = loader_datum(loader, DATUM_BROKEN, key->position);
        g_hash_table_insert(loader->secrets, g_strdup(key->text), (gpointer)source);
    }
}

static const Datum *secret_datum(Loader *loader, const char *text, bool unread, Position at) {
    Datum *datum = loader_datum(loader, DATUM_SCALAR, at);
    datum->text = g_strdup(text);
    datum->secret = true;
    datum->unread = unread;
    return datum;
}

const Datum *secrets_env(Loader *loader, const char *name, const char *written, Position at) {
    if (!name_check_env(loader, name, at) || !trust_allows_env(loader, name, at))
        return NULL;
    if (!loader->options.resolve_secrets)
        return secret_datum(loader, written, true, at);
    g_autofree char *id = g_strconcat("variable ", name, NULL);
    const char *value = g_hash_table_lookup(loader->secret_texts, id);
    char *text = value == NULL ? read_env(loader, name, at) : NULL;
    if (text != NULL)
        value = keep(loader, id, text);
    return value != NULL ? secret_datum(loader, value, false, at) : NULL;
}

static const Datum *find_source(Loader *loader, const char *name, Position at) {
    const Datum *source = g_hash_table_lookup(loader->secrets, name);
    if (source != NULL)
        return source;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(loader->secrets, NULL);
    g_autofree char *near = diagnostics_did_you_mean(name, names);
    g_autofree char *hint = g_strdup_printf(
        "declare it in environments/%s.yaml: secrets: { %s: { file: PATH } }", loader->environment, name);
    loader_mistake(loader, at, near != NULL ? near : hint, "there is no secret '%s'", name);
    return NULL;
}

static const Datum *trusted_named(Loader *loader, const char *name, const char *written, Position at) {
    const SecretSource *source = trust_secret(loader, name, at);
    if (source == NULL)
        return NULL;
    if (!loader->options.resolve_secrets)
        return secret_datum(loader, written, true, at);
    const char *value = g_hash_table_lookup(loader->secret_texts, name);
    if (value == NULL)
        value = read_trusted(loader, source, name, at);
    return value != NULL ? secret_datum(loader, value, false, at) : NULL;
}

const Datum *secrets_named(Loader *loader, const char *name, const char *written, Position at) {
    if (loader->options.trust != NULL)
        return trusted_named(loader, name, written, at);
    /* sluice.yaml alone has no environment whose secrets these could be: they stay unread. */
    if (loader->secrets == NULL)
        return secret_datum(loader, written, true, at);
    const Datum *source = find_source(loader, name, at);
    if (source == NULL || source->kind == DATUM_BROKEN)
        return NULL;
    if (!loader->options.resolve_secrets)
        return secret_datum(loader, written, true, at);
    const char *value = g_hash_table_lookup(loader->secret_texts, name);
    if (value == NULL)
        value = read_source(loader, source, name, source->position);
    return value != NULL ? secret_datum(loader, value, false, at) : NULL;
}
