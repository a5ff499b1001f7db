/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock as JSON. A lock comes from Git, where everyone can write it, and its names and paths become paths
 * on a worker: so nothing is taken that this program would not have written.
 */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "plugin/coordinate.h"
#include "plugin/lock.h"
#include "plugin/names.h"
#include "plugin/version.h"

#define LOCK_FORMAT "sluice.lock/1"
#define LOCK_LIMIT ((gsize)16 * 1024 * 1024)
#define LOCK_HINT "a lock is written by sluice: restore it from Git, or write it anew with 'sluice lock ENV'"
#define DIGEST_PREFIX "sha256:"

enum { SHA256_HEX = 64, COMMIT_HEX = 40, TEXT_LIMIT = 4096 };

typedef struct {
    const char *name; /* of the lock, for messages */
    GError **error;
} Reader;

G_GNUC_PRINTF(3, 4)
static bool fail(const Reader *reader, const char *where, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    error_set(reader->error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, LOCK_HINT, "%s: %s: %s", reader->name, where,
              message);
    return false;
}

typedef struct {
    const char *key;
    json_type type;
    bool required;
} Field;

static const char *type_name(json_type type) {
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",        [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a whole number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return names[type];
}

static const Field *find_field(const Field *fields, gsize count, const char *key) {
    for (gsize i = 0; i < count; i++)
        if (g_str_equal(fields[i].key, key))
            return &fields[i];
    return NULL;
}

/* Checks that an object has the fields that it must, of the right types, and no others. Optional ones may be
 * null. */
static bool check_fields(const Reader *reader, const char *where, json_t *object, const Field *fields,
                         gsize count) {
    if (!json_is_object(object))
        return fail(reader, where, "must be an object");
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        const Field *field = find_field(fields, count, key);
        if (field == NULL)
            return fail(reader, where, "unknown key '%s'", key);
        bool is_left_out = json_is_null(value) && !field->required;
        if (json_typeof(value) != field->type && !is_left_out)
            return fail(reader, where, "'%s' must be %s", key, type_name(field->type));
        if (json_is_string(value) && json_string_length(value) > TEXT_LIMIT)
            return fail(reader, where, "'%s' is longer than %d bytes", key, TEXT_LIMIT);
    }
    for (gsize i = 0; i < count; i++)
        if (fields[i].required && json_object_get(object, fields[i].key) == NULL)
            return fail(reader, where, "'%s' is missing", fields[i].key);
    return true;
}

static char *copy_string(const json_t *object, const char *key) {
    return g_strdup(json_get_string(object, key));
}

static bool read_repositories(const Reader *reader, json_t *object, Lock *lock) {
    static const Field fields[] = {{"url", JSON_STRING, true}};
    const char *id;
    json_t *value;
    json_object_foreach (object, id, value) {
        g_autofree char *where = g_strconcat("repositories.", id, NULL);
        if (!name_is_valid(id))
            return fail(reader, where, "is no name");
        if (!check_fields(reader, where, value, fields, G_N_ELEMENTS(fields)))
            return false;
        const char *url = json_get_string(value, "url");
        if (!repository_url_is_valid(url))
            return fail(reader, where, "'url' must be https://…, http://… or a folder, without a password");
        g_hash_table_insert(lock->repositories, g_strdup(id), g_strdup(url));
    }
    return true;
}

/* Where the artifact comes from: below a repository, or a URL, or a file. */
static const char *place_fault(const LockedVersion *version, const Lock *lock) {
    if (version->repository != NULL && !g_hash_table_contains(lock->repositories, version->repository))
        return "'repository' is not one of the lock's repositories";
    bool is_url = version->repository == NULL && strstr(version->path, "://") != NULL;
    if (is_url)
        return url_is_plain(version->path) ? NULL : "'path' must be an http or https URL without a password";
    bool is_absolute_file = version->repository == NULL && version->path[0] == '/';
    if (!path_is_contained(version->path + (is_absolute_file ? 1 : 0)))
        return "'path' must be a path without '..'";
    return NULL;
}

static const char *version_fault(const LockedVersion *version, const Lock *lock) {
    if (!version_is_valid(version->version) || !version_is_valid(version->resolved))
        return "'version' and 'resolved' must be versions";
    if (!hex_is_valid(version->sha256, SHA256_HEX))
        return "'sha256' must be 64 lower-case hex digits";
    if (version->commit != NULL && !hex_is_valid(version->commit, COMMIT_HEX))
        return "'commit' must be 40 lower-case hex digits";
    return place_fault(version, lock);
}

static bool read_reports(const Reader *reader, const char *where, json_t *object, LockedVersion *version) {
    const char *class_name;
    json_t *value;
    if (json_object_size(object) == 0)
        return true;
    version->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    json_object_foreach (object, class_name, value) {
        if (!json_is_string(value) || json_string_length(value) > TEXT_LIMIT)
            return fail(reader, where, "'reports.%s' must be a text", class_name);
        g_hash_table_insert(version->reports, g_strdup(class_name), g_strdup(json_string_value(value)));
    }
    return true;
}

static bool read_version(const Reader *reader, const char *where, json_t *object, LockedPlugin *plugin,
                         const Lock *lock) {
    static const Field fields[] = {
        {"version", JSON_STRING, true}, {"resolved", JSON_STRING, true}, {"repository", JSON_STRING, false},
        {"path", JSON_STRING, true},    {"size", JSON_INTEGER, true},    {"sha256", JSON_STRING, true},
        {"commit", JSON_STRING, false}, {"reports", JSON_OBJECT, false},
    };
    if (!check_fields(reader, where, object, fields, G_N_ELEMENTS(fields)))
        return false;
    LockedVersion *version = g_new0(LockedVersion, 1);
    g_ptr_array_add(plugin->versions, version);
    version->version = copy_string(object, "version");
    version->resolved = copy_string(object, "resolved");
    version->repository = copy_string(object, "repository");
    version->path = copy_string(object, "path");
    version->size = (guint64)MAX(json_get_integer(object, "size", 0), 0);
    version->sha256 = copy_string(object, "sha256");
    version->commit = copy_string(object, "commit");
    if (json_get_integer(object, "size", 0) < 0)
        return fail(reader, where, "'size' must not be negative");
    const char *fault = version_fault(version, lock);
    if (fault != NULL)
        return fail(reader, where, "%s", fault);
    return read_reports(reader, where, json_object_get(object, "reports"), version);
}

static bool has_version_twice(const LockedPlugin *plugin) {
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < plugin->versions->len; i++) {
        const LockedVersion *version = plugin->versions->pdata[i];
        if (!g_hash_table_add(seen, version->version))
            return true;
    }
    return false;
}

static bool read_versions(const Reader *reader, const char *where, json_t *array, LockedPlugin *plugin,
                          const Lock *lock) {
    if (json_array_size(array) == 0)
        return fail(reader, where, "'versions' is empty");
    gsize i;
    json_t *value;
    json_array_foreach (array, i, value) {
        g_autofree char *place = g_strdup_printf("%s.versions[%zu]", where, i);
        if (!read_version(reader, place, value, plugin, lock))
            return false;
    }
    return has_version_twice(plugin) ? fail(reader, where, "has one version twice") : true;
}

static bool read_connect(const Reader *reader, const char *where, json_t *array, LockedPlugin *plugin) {
    gsize i;
    json_t *value;
    json_array_foreach (array, i, value) {
        if (!json_is_string(value) || !name_is_valid(json_string_value(value)))
            return fail(reader, where, "'connect' must be a list of names");
        g_ptr_array_add(plugin->connect, g_strdup(json_string_value(value)));
    }
    return true;
}

static const char *source_fault(const LockedPlugin *plugin) {
    int sources = (plugin->maven != NULL) + (plugin->url != NULL) + (plugin->file != NULL);
    if (sources != 1)
        return "needs one of 'maven', 'url' and 'file'";
    if (plugin->maven != NULL) {
        g_autoptr(Coordinate) coordinate = coordinate_parse(plugin->maven, NULL);
        if (coordinate == NULL)
            return "'maven' must be group:artifact[:extension[:classifier]]";
    }
    if (plugin->url != NULL && !url_is_plain(plugin->url))
        return "'url' must be an http or https URL without a password";
    if (plugin->requested != NULL && !version_request_is_valid(plugin->requested, NULL))
        return "'requested' must be a version, a range, latest, release or promoted";
    return NULL;
}

static bool read_plugin(const Reader *reader, const char *name, json_t *object, Lock *lock) {
    static const Field fields[] = {
        {"connect", JSON_ARRAY, false}, {"maven", JSON_STRING, false},     {"url", JSON_STRING, false},
        {"file", JSON_STRING, false},   {"requested", JSON_STRING, false}, {"versions", JSON_ARRAY, true},
    };
    g_autofree char *where = g_strconcat("plugins.", name, NULL);
    if (!name_is_valid(name))
        return fail(reader, where, "is no name");
    if (!check_fields(reader, where, object, fields, G_N_ELEMENTS(fields)))
        return false;
    LockedPlugin *plugin = lock_add_plugin(lock, name);
    plugin->maven = copy_string(object, "maven");
    plugin->url = copy_string(object, "url");
    plugin->file = copy_string(object, "file");
    plugin->requested = copy_string(object, "requested");
    const char *fault = source_fault(plugin);
    if (fault != NULL)
        return fail(reader, where, "%s", fault);
    return read_connect(reader, where, json_object_get(object, "connect"), plugin) &&
           read_versions(reader, where, json_object_get(object, "versions"), plugin, lock);
}

static bool read_plugins(const Reader *reader, json_t *object, Lock *lock) {
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        if (!read_plugin(reader, name, value, lock))
            return false;
    }
    return true;
}

static bool tree_is_valid(const char *tree) {
    return g_str_has_prefix(tree, DIGEST_PREFIX) && hex_is_valid(tree + strlen(DIGEST_PREFIX), SHA256_HEX);
}

static bool read_modules(const Reader *reader, json_t *object, Lock *lock) {
    static const Field fields[] = {
        {"source", JSON_STRING, true}, {"commit", JSON_STRING, false}, {"tree", JSON_STRING, true}};
    const char *instance;
    json_t *value;
    json_object_foreach (object, instance, value) {
        g_autofree char *where = g_strconcat("modules.", instance, NULL);
        if (!name_is_valid(instance))
            return fail(reader, where, "is no name");
        if (!check_fields(reader, where, value, fields, G_N_ELEMENTS(fields)))
            return false;
        const char *commit = json_get_string(value, "commit");
        const char *tree = json_get_string(value, "tree");
        if (commit != NULL && !hex_is_valid(commit, COMMIT_HEX))
            return fail(reader, where, "'commit' must be 40 lower-case hex digits");
        if (!tree_is_valid(tree))
            return fail(reader, where, "'tree' must be sha256: and 64 lower-case hex digits");
        lock_set_module(lock, instance, json_get_string(value, "source"), commit, tree);
    }
    return true;
}

static bool read_hold(const Reader *reader, const char *plugin, json_t *object, Lock *lock) {
    static const Field fields[] = {
        {"not", JSON_STRING, true}, {"why", JSON_STRING, true}, {"run", JSON_STRING, false}};
    g_autofree char *where = g_strconcat("holds.", plugin, NULL);
    if (!check_fields(reader, where, object, fields, G_N_ELEMENTS(fields)))
        return false;
    const char *version = json_get_string(object, "not");
    if (!version_is_valid(version))
        return fail(reader, where, "'not' must be a version");
    lock_add_hold(lock, plugin, version, json_get_string(object, "why"), json_get_string(object, "run"));
    return true;
}

static bool read_holds(const Reader *reader, json_t *object, Lock *lock) {
    const char *plugin;
    json_t *list, *value;
    gsize i;
    json_object_foreach (object, plugin, list) {
        if (!name_is_valid(plugin) || !json_is_array(list))
            return fail(reader, "holds", "must have a list for each plugin's name");
        json_array_foreach (list, i, value) {
            if (!read_hold(reader, plugin, value, lock))
                return false;
        }
    }
    return true;
}

static bool read_format(const Reader *reader, json_t *root) {
    const char *format = json_get_string(root, "format");
    if (g_strcmp0(format, LOCK_FORMAT) == 0)
        return true;
    if (format != NULL && g_str_has_prefix(format, "sluice.lock/")) {
        error_set(reader->error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, "use a newer sluice",
                  "%s: its format '%s' is not known to this sluice, which reads " LOCK_FORMAT, reader->name,
                  format);
        return false;
    }
    return fail(reader, "format", "must be '" LOCK_FORMAT "'");
}

static Lock *read_lock(const Reader *reader, json_t *root) {
    static const Field fields[] = {
        {"format", JSON_STRING, true},        {"environment", JSON_STRING, true},
        {"repositories", JSON_OBJECT, false}, {"plugins", JSON_OBJECT, false},
        {"modules", JSON_OBJECT, false},      {"holds", JSON_OBJECT, false},
    };
    if (!read_format(reader, root) || !check_fields(reader, "the lock", root, fields, G_N_ELEMENTS(fields)))
        return NULL;
    g_autoptr(Lock) lock = lock_new(json_get_string(root, "environment"));
    if (!name_is_valid(lock->environment)) {
        fail(reader, "environment", "is no name");
        return NULL;
    }
    bool is_read = read_repositories(reader, json_object_get(root, "repositories"), lock) &&
                   read_plugins(reader, json_object_get(root, "plugins"), lock) &&
                   read_modules(reader, json_object_get(root, "modules"), lock) &&
                   read_holds(reader, json_object_get(root, "holds"), lock);
    return is_read ? g_steal_pointer(&lock) : NULL;
}

Lock *lock_parse(const char *text, gsize length, const char *name, GError **error) {
    if (length > LOCK_LIMIT) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "%s: larger than %zu bytes", name,
                  LOCK_LIMIT);
        return NULL;
    }
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) root = json_read(text, length, name, &problem);
    if (root == NULL) {
        bool is_conflict = g_strstr_len(text, (gssize)length, "<<<<<<<") != NULL;
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT,
                  is_conflict ? "it has Git's conflict marks: resolve the conflict, then 'sluice lock ENV'"
                              : LOCK_HINT,
                  "%s", problem->message);
        return NULL;
    }
    Reader reader = {name, error};
    return read_lock(&reader, root);
}

Lock *lock_read(const char *path, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = files_read(path, LOCK_LIMIT, &problem);
    if (bytes == NULL) {
        bool is_missing = g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND);
        error_set(error, PLUGIN_ERROR, is_missing ? PLUGIN_ERROR_NOT_FOUND : PLUGIN_ERROR_FORMAT,
                  is_missing ? "'sluice lock ENV' writes it" : NULL, "%s", problem->message);
        return NULL;
    }
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return lock_parse(text != NULL ? text : "", length, path, error);
}

static void set_text(json_t *object, const char *key, const char *text) {
    if (text != NULL)
        json_object_set_new(object, key, json_string(text));
}

static json_t *texts_to_json(GHashTable *texts) {
    json_t *object = json_object();
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, texts);
    for (gpointer key, value; g_hash_table_iter_next(&iterator, &key, &value);)
        set_text(object, key, value);
    return object;
}

static json_t *version_to_json(const LockedVersion *version) {
    json_t *object = json_object();
    set_text(object, "version", version->version);
    set_text(object, "resolved", version->resolved);
    set_text(object, "repository", version->repository);
    set_text(object, "path", version->path);
    json_object_set_new(object, "size", json_integer((json_int_t)version->size));
    set_text(object, "sha256", version->sha256);
    set_text(object, "commit", version->commit);
    if (version->reports != NULL && g_hash_table_size(version->reports) > 0)
        json_object_set_new(object, "reports", texts_to_json(version->reports));
    return object;
}

static json_t *plugin_to_json(const LockedPlugin *plugin) {
    json_t *object = json_object();
    json_t *connect = json_array();
    for (guint i = 0; i < plugin->connect->len; i++)
        json_array_append_new(connect, json_string(plugin->connect->pdata[i]));
    json_object_set_new(object, "connect", connect);
    set_text(object, "maven", plugin->maven);
    set_text(object, "url", plugin->url);
    set_text(object, "file", plugin->file);
    set_text(object, "requested", plugin->requested);
    json_t *versions = json_array();
    for (guint i = 0; i < plugin->versions->len; i++)
        json_array_append_new(versions, version_to_json(plugin->versions->pdata[i]));
    json_object_set_new(object, "versions", versions);
    return object;
}

static json_t *module_to_json(const LockedModule *module) {
    json_t *object = json_object();
    set_text(object, "source", module->source);
    set_text(object, "commit", module->commit);
    set_text(object, "tree", module->tree);
    return object;
}

static void add_hold(json_t *holds, const LockHold *hold) {
    json_t *object = json_object();
    set_text(object, "not", hold->version);
    set_text(object, "why", hold->why);
    set_text(object, "run", hold->run);
    if (json_object_get(holds, hold->plugin) == NULL)
        json_object_set_new(holds, hold->plugin, json_array());
    json_array_append_new(json_object_get(holds, hold->plugin), object);
}

static json_t *repositories_to_json(const Lock *lock) {
    json_t *repositories = json_object();
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, lock->repositories);
    for (gpointer id, url; g_hash_table_iter_next(&iterator, &id, &url);) {
        json_t *repository = json_object();
        set_text(repository, "url", url);
        json_object_set_new(repositories, id, repository);
    }
    return repositories;
}

json_t *lock_to_json(const Lock *lock) {
    json_t *root = json_object();
    set_text(root, "format", LOCK_FORMAT);
    set_text(root, "environment", lock->environment);
    json_object_set_new(root, "repositories", repositories_to_json(lock));
    json_t *plugins = json_object(), *modules = json_object(), *holds = json_object();
    for (guint i = 0; i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        json_object_set_new(plugins, plugin->name, plugin_to_json(plugin));
    }
    for (guint i = 0; i < lock->modules->len; i++) {
        const LockedModule *module = lock->modules->pdata[i];
        json_object_set_new(modules, module->instance, module_to_json(module));
    }
    for (guint i = 0; i < lock->holds->len; i++)
        add_hold(holds, lock->holds->pdata[i]);
    json_object_set_new(root, "plugins", plugins);
    json_object_set_new(root, "modules", modules);
    json_object_set_new(root, "holds", holds);
    return root;
}

bool lock_write(const Lock *lock, const char *path, GError **error) {
    g_autoptr(json_t) root = lock_to_json(lock);
    g_autofree char *text = json_pretty(root);
    return files_write(path, text, strlen(text), 0644, error);
}

char *lock_digest(const Lock *lock) {
    g_autoptr(Lock) bare = lock_copy(lock);
    for (guint i = 0; i < bare->plugins->len; i++) {
        const LockedPlugin *plugin = bare->plugins->pdata[i];
        for (guint j = 0; j < plugin->versions->len; j++) {
            LockedVersion *version = plugin->versions->pdata[j];
            g_clear_pointer(&version->reports, g_hash_table_unref);
        }
    }
    g_autoptr(json_t) root = lock_to_json(bare);
    g_autofree char *text = json_canonical(root);
    g_autofree char *hex = hash_bytes(HASH_SHA256, text, strlen(text));
    return g_strconcat(DIGEST_PREFIX, hex, NULL);
}
