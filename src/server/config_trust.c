/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "declare/names.h"
#include "declare/secrets.h"
#include "pipeline/person.h"
#include "server/config_private.h"

#define TOKEN_HINT "make a token with: openssl rand -hex 32; its hash with: printf %s TOKEN | sha256sum"
enum { NAME_MOST = 128, HASH_LENGTH = 64 };

static const Field USER_FIELDS[] = {
    {"name", FIELD_TEXT, FIELD_REQUIRED}, {"emails", FIELD_TEXTS, 0},
    {"groups", FIELD_TEXTS, 0},           {"roles", FIELD_TEXTS, 0},
    {"token_sha256", FIELD_TEXT, 0},      {NULL},
};
static const Schema USER = {"a user", USER_FIELDS};

static const Field ENVIRONMENT_FIELDS[] = {
    {"env", FIELD_TEXTS, 0}, {"secrets", FIELD_MAP, 0}, {"rollout", FIELD_MAP, 0}, {NULL}};
static const Schema ENVIRONMENT = {"an environment", ENVIRONMENT_FIELDS};

static const Field ROLLOUT_FIELDS[] = {{"command", FIELD_TEXTS, FIELD_REQUIRED}, {NULL}};
static const Schema ROLLOUT = {"a rollout", ROLLOUT_FIELDS};

/* --- Users ---------------------------------------------------------------------------------------------- */

static void read_roles(Loader *loader, const Datum *roles, Person *person) {
    static const char *const NAMES[] = {"viewer", "operator", "approver", NULL};
    for (guint i = 0; roles != NULL && roles->kind == DATUM_LIST && i < roles->items->len; i++) {
        const Datum *name = roles->items->pdata[i];
        if (name->kind != DATUM_SCALAR)
            continue;
        Role role = role_parse(name->text);
        g_autofree char *near = diagnostics_did_you_mean(name->text, NAMES);
        if (role == 0)
            loader_mistake(loader, name->position, near != NULL ? near : "roles: viewer, operator, approver",
                           "there is no role '%s'", name->text);
        person->roles |= (int)role;
    }
}

static bool is_hash(const char *text) {
    if (strlen(text) != HASH_LENGTH)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isxdigit(*c))
            return false;
    return true;
}

static void read_token(Loader *loader, const Datum *user, Person *person) {
    const Datum *hash = schema_scalar(user, "token_sha256");
    if (hash == NULL) {
        if (datum_get(user, "token_sha256") == NULL)
            loader_mistake(loader, user->position, TOKEN_HINT, "a user needs 'token_sha256:'");
        return;
    }
    if (!is_hash(hash->text)) {
        /* It may be the token itself. */
        diagnostics_hide_line(loader->diagnostics, hash->position);
        loader_mistake(loader, hash->position, TOKEN_HINT, "'token_sha256' must be 64 hex digits");
        return;
    }
    person->token_sha256 = g_ascii_strdown(hash->text, -1);
}

static const Person *find_same(const GPtrArray *people, const Person *person, bool by_token) {
    for (guint i = 0; i < people->len; i++) {
        const Person *other = people->pdata[i];
        if (by_token ? g_strcmp0(other->token_sha256, person->token_sha256) == 0
                     : g_str_equal(other->name, person->name))
            return other;
    }
    return NULL;
}

static bool check_name(Loader *loader, const Datum *name) {
    bool good = strlen(name->text) <= NAME_MOST;
    for (const char *c = name->text; *c != '\0'; c++)
        good = good && !g_ascii_iscntrl(*c);
    if (!good)
        loader_mistake(loader, name->position, NULL, "a name has at most %d bytes and one line", NAME_MOST);
    return good;
}

static void read_user(Loader *loader, const Datum *user, PipelineSettings *settings) {
    if (!schema_check(loader, &USER, user, user->position))
        return;
    const Datum *name = schema_scalar(user, "name");
    if (name == NULL || !check_name(loader, name))
        return;
    g_autoptr(Person) person = person_new(name->text);
    g_strfreev(person->emails);
    person->emails = schema_texts(user, "emails");
    g_strfreev(person->groups);
    person->groups = schema_texts(user, "groups");
    read_roles(loader, datum_get(user, "roles"), person);
    read_token(loader, user, person);
    if (find_same(settings->people, person, false) != NULL)
        loader_mistake(loader, name->position, NULL, "there are two users '%s'", person->name);
    else if (person->token_sha256 != NULL && find_same(settings->people, person, true) != NULL)
        loader_mistake(loader, schema_scalar(user, "token_sha256")->position, TOKEN_HINT,
                       "'%s' has the same token as '%s'", person->name,
                       find_same(settings->people, person, true)->name);
    else
        g_ptr_array_add(settings->people, g_steal_pointer(&person));
}

void config_read_users(Loader *loader, const Datum *users, PipelineSettings *settings) {
    for (guint i = 0; users != NULL && users->kind == DATUM_LIST && i < users->items->len; i++)
        read_user(loader, users->items->pdata[i], settings);
}

/* --- Environments --------------------------------------------------------------------------------------- */

static void read_names(Loader *loader, const Datum *map, DeclareTrust *trust) {
    const Datum *names = datum_get(map, "env");
    for (guint i = 0; names != NULL && names->kind == DATUM_LIST && i < names->items->len; i++) {
        const Datum *name = names->items->pdata[i];
        if (name->kind == DATUM_SCALAR)
            name_check_env(loader, name->text, name->position);
    }
    g_strfreev(trust->env);
    trust->env = schema_texts(map, "env");
}

static void read_secret(Loader *loader, const Datum *key, const Datum *source, DeclareTrust *trust) {
    g_autofree char *what = g_strdup_printf("the secret '%s'", key->text);
    const char *unread;
    bool named = name_check(loader, "secret", key->text, key->position);
    if (!secrets_source_read(loader, source, what, key->position, &unread) || !named)
        return;
    const char *file = schema_text(source, "file");
    g_autofree char *path = file != NULL ? files_resolve(loader->root, file) : NULL;
    bool is_command = datum_get(source, "command") != NULL;
    g_auto(GStrv) command = is_command ? schema_texts(source, "command") : NULL;
    g_hash_table_replace(trust->secrets, g_strdup(key->text),
                         secret_source_new(schema_text(source, "env"), path, (const char *const *)command));
}

static void read_rollout(Loader *loader, const Datum *key, const Datum *rollout, DeclareTrust *trust) {
    bool named = name_check(loader, "Connect cluster", key->text, key->position);
    if (!schema_check(loader, &ROLLOUT, rollout, key->position) || !named)
        return;
    g_auto(GStrv) command = schema_texts(rollout, "command");
    const Datum *list = datum_get(rollout, "command");
    if (list != NULL && list->kind == DATUM_LIST && command[0] == NULL)
        loader_mistake(loader, list->position, NULL, "the command is empty");
    g_hash_table_replace(trust->rollouts, g_strdup(key->text), g_steal_pointer(&command));
}

typedef void (*EntryReader)(Loader *loader, const Datum *key, const Datum *value, DeclareTrust *trust);

static void read_entries(Loader *loader, const Datum *map, EntryReader read, DeclareTrust *trust) {
    for (guint i = 0; map != NULL && map->kind == DATUM_MAP && i < map->items->len; i++)
        read(loader, map->keys->pdata[i], map->items->pdata[i], trust);
}

static void read_environment(Loader *loader, const Datum *key, const Datum *map, PipelineSettings *settings) {
    bool named = name_check(loader, "environment", key->text, key->position);
    if (!schema_check(loader, &ENVIRONMENT, map, key->position) || !named)
        return;
    DeclareTrust *trust = pipeline_settings_add(settings, key->text);
    read_names(loader, map, trust);
    read_entries(loader, datum_get(map, "secrets"), read_secret, trust);
    read_entries(loader, datum_get(map, "rollout"), read_rollout, trust);
}

void config_read_environments(Loader *loader, const Datum *environments, PipelineSettings *settings) {
    for (guint i = 0; environments != NULL && environments->kind == DATUM_MAP && i < environments->items->len;
         i++)
        read_environment(loader, environments->keys->pdata[i], environments->items->pdata[i], settings);
}
