/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests and keyed hashes (OpenSSL), as lower-case hex.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define HASH_KEY_SIZE 32

/* A SHA-2 digest fed piece by piece. */
typedef struct Hash Hash;
typedef enum { HASH_SHA1, HASH_SHA256, HASH_SHA512, HASH_MD5 } HashKind;

Hash *hash_new(HashKind kind);
void hash_update(Hash *hash, gconstpointer data, gsize length);
/* The digest in hex, owned by the caller; the hash takes no more data after it. */
char *hash_finish(Hash *hash);
void hash_free(Hash *hash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hash, hash_free)

/* The digest of `length` bytes, in hex; the caller frees it. */
char *hash_bytes(HashKind kind, gconstpointer data, gsize length);

/* The digest of a file's bytes, read in pieces; the caller frees it. */
char *hash_file(HashKind kind, const char *path, GError **error);

/* "hmac:" + the first 16 bytes, in hex, of HMAC-SHA-256(key, name ‖ 0 ‖ value): what stands for a value that
 * must not be kept. `key` has HASH_KEY_SIZE bytes. The caller frees it. */
char *hash_keyed(const guint8 *key, const char *name, const char *value);

/* All of HMAC-SHA-256(key, data) in hex; the caller frees it. */
char *hash_mac(const guint8 *key, gconstpointer data, gsize length);

/* The same under a key of any length: a webhook's shared secret. */
char *hash_mac_with(gconstpointer key, gsize key_length, gconstpointer data, gsize length);

/* Whether two texts of hex (or of anything) are the same, in a time that tells nothing but their lengths. */
bool hash_equal(const char *one, const char *other);

/* `length` random bytes fit for a key. */
bool hash_random(guint8 *bytes, gsize length, GError **error);
