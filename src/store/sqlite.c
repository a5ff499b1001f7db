/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state in an SQLite file: table `record`, and in table `floor` the highest serial that was ever deleted,
 * above which new records start, so that no key ever has the same serial twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "store/driver.h"

#define BUSY_MS 10000
#define SCHEMA_VERSION 1

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

typedef struct {
    char *path;
    GMutex lock;       /* of all below, and of the connection */
    sqlite3 *database; /* NULL while there is no file */
} SqliteStore;

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "BEGIN;"
    "CREATE TABLE record (key TEXT PRIMARY KEY, serial INTEGER NOT NULL, value TEXT NOT NULL);"
    "CREATE TABLE floor (serial INTEGER NOT NULL);"
    "INSERT INTO floor VALUES (0);"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static bool fail(sqlite3 *database, const char *verb, const char *path, GError **error) {
    int code = sqlite3_errcode(database);
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    const char *hint = code == SQLITE_BUSY ? "another process keeps writing to it"
                       : damaged           ? "put a copy of it back, or move it away and import what runs"
                                           : NULL;
    error_set(error, STORE_ERROR, damaged ? STORE_ERROR_FORMAT : STORE_ERROR_FAILED, hint,
              "cannot %s the state '%s': %s", verb, path, sqlite3_errmsg(database));
    return false;
}

static bool fail_errno(const char *path, GError **error) {
    error_set(error, STORE_ERROR, STORE_ERROR_FAILED, NULL, "cannot make the state '%s': %s", path,
              g_strerror(errno));
    return false;
}

static sqlite3 *connect_to(const char *path, GError **error) {
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK) {
        fail(database, "open", path, error);
        sqlite3_close(database);
        return NULL;
    }
    sqlite3_busy_timeout(database, BUSY_MS);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, (int)STORE_VALUE_LIMIT + STORE_KEY_LIMIT);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_exec(database, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK) {
        fail(database, "open", path, error);
        sqlite3_close(database);
        return NULL;
    }
    return database;
}

static bool fill(const char *path, GError **error) {
    sqlite3 *database = connect_to(path, error);
    if (database == NULL)
        return false;
    bool done =
        sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK || fail(database, "make", path, error);
    sqlite3_close(database);
    return done;
}

static void sync_folder(const char *folder) {
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

/* Makes the file whole under another name and links it, so that nobody ever meets one without its tables. */
static bool make_file(const char *path, GError **error) {
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0700) != 0)
        return fail_errno(path, error);
    g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
    int descriptor = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fail_errno(path, error);
    close(descriptor);
    bool made = fill(temporary, error);
    if (made && link(temporary, path) != 0 && errno != EEXIST)
        made = fail_errno(path, error);
    unlink(temporary);
    if (made)
        sync_folder(folder);
    return made;
}

static bool check_version(sqlite3 *database, const char *path, GError **error) {
    g_autoptr(sqlite3_stmt) query = NULL;
    if (sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &query, NULL) != SQLITE_OK ||
        sqlite3_step(query) != SQLITE_ROW)
        return fail(database, "open", path, error);
    int version = sqlite3_column_int(query, 0);
    if (version == SCHEMA_VERSION)
        return true;
    error_set(error, STORE_ERROR, STORE_ERROR_FORMAT, version > SCHEMA_VERSION ? "use a newer sluice" : NULL,
              version > SCHEMA_VERSION ? "the state '%s' was written by a newer sluice"
                                       : "the file '%s' is not a state of sluice",
              path);
    return false;
}

/* Opens the file. Where there is none, makes it when `make`; else leaves self->database NULL. */
static bool ensure_open(SqliteStore *self, bool make, GError **error) {
    if (self->database != NULL)
        return true;
    if (!g_file_test(self->path, G_FILE_TEST_EXISTS)) {
        if (!make)
            return true;
        if (!make_file(self->path, error))
            return false;
    }
    sqlite3 *database = connect_to(self->path, error);
    if (database == NULL)
        return false;
    if (!check_version(database, self->path, error)) {
        sqlite3_close(database);
        return false;
    }
    self->database = database;
    return true;
}

static const char *sqlite_refusal(const char *rest) {
    return *rest == '\0' ? "sqlite: needs the path of a file" : NULL;
}

static gpointer sqlite_open(const char *rest, const char *base, GError **error) {
    SqliteStore *self = g_new0(SqliteStore, 1);
    self->path = files_resolve(base, rest);
    g_mutex_init(&self->lock);
    return self;
}

static void sqlite_close(gpointer data) {
    SqliteStore *self = data;
    sqlite3_close(self->database);
    g_mutex_clear(&self->lock);
    g_free(self->path);
    g_free(self);
}

static bool read_rows(SqliteStore *self, GHashTable *snapshot, GError **error) {
    g_autoptr(sqlite3_stmt) query = NULL;
    if (sqlite3_prepare_v2(self->database, "SELECT key, serial, value FROM record", -1, &query, NULL) !=
        SQLITE_OK)
        return fail(self->database, "read", self->path, error);
    int step;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(query, 0);
        const char *text = (const char *)sqlite3_column_text(query, 2);
        if (key == NULL || text == NULL)
            return fail(self->database, "read", self->path, error);
        if (!store_snapshot_add(snapshot, key, sqlite3_column_int64(query, 1), text,
                                (gsize)sqlite3_column_bytes(query, 2), error))
            return false;
    }
    return step == SQLITE_DONE || fail(self->database, "read", self->path, error);
}

static GHashTable *sqlite_snapshot(gpointer data, GError **error) {
    SqliteStore *self = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_autoptr(GHashTable) snapshot = store_snapshot_new();
    if (!ensure_open(self, false, error))
        return NULL;
    if (self->database != NULL && !read_rows(self, snapshot, error))
        return NULL;
    return g_steal_pointer(&snapshot);
}

static void value_free(gpointer value) {
    json_decref(value);
}

static bool scan_rows(SqliteStore *self, sqlite3_stmt *query, GPtrArray *values, GError **error) {
    int step;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(query, 0);
        if (text == NULL)
            return fail(self->database, "read", self->path, error);
        json_t *value = json_read(text, (gsize)sqlite3_column_bytes(query, 0), "a record", error);
        if (value == NULL)
            return false;
        g_ptr_array_add(values, value);
    }
    return step == SQLITE_DONE || fail(self->database, "read", self->path, error);
}

static GPtrArray *sqlite_scan(gpointer data, const char *prefix, const char *before, guint limit,
                              GError **error) {
    SqliteStore *self = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(value_free);
    if (!ensure_open(self, false, error))
        return NULL;
    if (self->database == NULL)
        return g_steal_pointer(&values);
    g_autoptr(sqlite3_stmt) query = NULL;
    /* Keys are ASCII: what begins with `prefix` sorts before `prefix` and DEL. */
    g_autofree char *end = before != NULL ? g_strdup(before) : g_strconcat(prefix, "\x7f", NULL);
    const char *sql = "SELECT value FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";
    if (sqlite3_prepare_v2(self->database, sql, -1, &query, NULL) != SQLITE_OK) {
        fail(self->database, "read", self->path, error);
        return NULL;
    }
    sqlite3_bind_text(query, 1, prefix, -1, SQLITE_STATIC);
    sqlite3_bind_text(query, 2, end, -1, SQLITE_STATIC);
    sqlite3_bind_int64(query, 3, limit);
    return scan_rows(self, query, values, error) ? g_steal_pointer(&values) : NULL;
}

/* The statements of one commit. */
typedef struct {
    sqlite3_stmt *find, *floor, *raise, *put, *drop;
} Statements;

static void statements_clear(Statements *statements) {
    sqlite3_finalize(statements->find);
    sqlite3_finalize(statements->floor);
    sqlite3_finalize(statements->raise);
    sqlite3_finalize(statements->put);
    sqlite3_finalize(statements->drop);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Statements, statements_clear)

static bool prepare(SqliteStore *self, Statements *statements, GError **error) {
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } table[] = {
        {&statements->find, "SELECT serial FROM record WHERE key = ?1"},
        {&statements->floor, "SELECT serial FROM floor"},
        {&statements->raise, "UPDATE floor SET serial = max(serial, ?1)"},
        {&statements->put,
         "INSERT INTO record VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET serial = ?2, value = ?3"},
        {&statements->drop, "DELETE FROM record WHERE key = ?1"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (sqlite3_prepare_v2(self->database, table[i].sql, -1, table[i].statement, NULL) != SQLITE_OK)
            return fail(self->database, "write", self->path, error);
    return true;
}

/* Runs a statement that gives at most one number; *number is left alone where there is no row. */
static bool run(SqliteStore *self, sqlite3_stmt *statement, gint64 *number, GError **error) {
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW && number != NULL)
        *number = sqlite3_column_int64(statement, 0);
    bool done = step == SQLITE_ROW || step == SQLITE_DONE || fail(self->database, "write", self->path, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return done;
}

static bool find_serial(SqliteStore *self, Statements *statements, const char *key, gint64 *serial,
                        GError **error) {
    *serial = 0;
    sqlite3_bind_text(statements->find, 1, key, -1, SQLITE_STATIC);
    return run(self, statements->find, serial, error);
}

static bool drop_record(SqliteStore *self, Statements *statements, const char *key, gint64 serial,
                        GError **error) {
    sqlite3_bind_int64(statements->raise, 1, serial);
    if (!run(self, statements->raise, NULL, error))
        return false;
    sqlite3_bind_text(statements->drop, 1, key, -1, SQLITE_STATIC);
    return run(self, statements->drop, NULL, error);
}

static bool put_record(SqliteStore *self, Statements *statements, const StoreChange *change, gint64 *serial,
                       GError **error) {
    if (*serial == 0 && !run(self, statements->floor, serial, error))
        return false;
    *serial += 1;
    g_autofree char *text = json_canonical(change->value);
    gsize length = strlen(text);
    if (length > STORE_VALUE_LIMIT || strlen(change->key) > STORE_KEY_LIMIT) {
        error_set(error, STORE_ERROR, STORE_ERROR_FAILED, NULL,
                  "the record '%.100s' is too large for the state", change->key);
        return false;
    }
    sqlite3_bind_text(statements->put, 1, change->key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statements->put, 2, *serial);
    sqlite3_bind_text(statements->put, 3, text, (int)length, SQLITE_STATIC);
    return run(self, statements->put, NULL, error);
}

static bool write_change(SqliteStore *self, Statements *statements, const StoreChange *change, gint64 *serial,
                         GError **error) {
    gint64 found;
    if (!find_serial(self, statements, change->key, &found, error))
        return false;
    if (change->expected != STORE_ANY && change->expected != found) {
        store_set_conflict(error, change, found);
        return false;
    }
    *serial = change->value != NULL ? found : 0;
    if (change->value != NULL)
        return put_record(self, statements, change, serial, error);
    return found == 0 || drop_record(self, statements, change->key, found, error);
}

static bool write_changes(SqliteStore *self, const StoreChange *changes, gsize count, gint64 *serials,
                          GError **error) {
    g_auto(Statements) statements = {0};
    if (!prepare(self, &statements, error))
        return false;
    for (gsize i = 0; i < count; i++)
        if (!write_change(self, &statements, &changes[i], &serials[i], error))
            return false;
    return true;
}

static bool execute(SqliteStore *self, const char *sql, GError **error) {
    return sqlite3_exec(self->database, sql, NULL, NULL, NULL) == SQLITE_OK ||
           fail(self->database, "write", self->path, error);
}

static bool sqlite_commit(gpointer data, const StoreChange *changes, gsize count, gint64 *serials,
                          GError **error) {
    SqliteStore *self = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (!ensure_open(self, true, error) || !execute(self, "BEGIN IMMEDIATE", error))
        return false;
    g_autofree gint64 *made = g_new0(gint64, count);
    if (!write_changes(self, changes, count, made, error) || !execute(self, "COMMIT", error)) {
        sqlite3_exec(self->database, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    if (serials != NULL && count > 0)
        memcpy(serials, made, count * sizeof(gint64));
    return true;
}

const StoreDriver sqlite_driver = {
    .scheme = "sqlite",
    .refusal = sqlite_refusal,
    .open = sqlite_open,
    .snapshot = sqlite_snapshot,
    .scan = sqlite_scan,
    .commit = sqlite_commit,
    .close = sqlite_close,
};
