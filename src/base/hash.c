/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define KEYED_PREFIX "hmac:"
#define KEYED_BYTES 16
#define PIECE (256 * 1024)

struct Hash {
    EVP_MD_CTX *context;
};

static const EVP_MD *algorithm(HashKind kind) {
    switch (kind) {
    case HASH_MD5:
        return EVP_md5();
    case HASH_SHA1:
        return EVP_sha1();
    case HASH_SHA512:
        return EVP_sha512();
    case HASH_SHA256:
        break;
    }
    return EVP_sha256();
}

static char *to_hex(const guint8 *bytes, gsize length) {
    GString *text = g_string_sized_new(2 * length);
    for (gsize i = 0; i < length; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

Hash *hash_new(HashKind kind) {
    Hash *hash = g_new0(Hash, 1);
    hash->context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(hash->context, algorithm(kind), NULL);
    return hash;
}

void hash_update(Hash *hash, gconstpointer data, gsize length) {
    EVP_DigestUpdate(hash->context, data, length);
}

char *hash_finish(Hash *hash) {
    guint8 digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(hash->context, digest, &length);
    return to_hex(digest, length);
}

void hash_free(Hash *hash) {
    if (hash != NULL)
        EVP_MD_CTX_free(hash->context);
    g_free(hash);
}

char *hash_bytes(HashKind kind, gconstpointer data, gsize length) {
    g_autoptr(Hash) hash = hash_new(kind);
    hash_update(hash, data, length);
    return hash_finish(hash);
}

char *hash_file(HashKind kind, const char *path, GError **error) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        error_set(error, BASE_ERROR, errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED, NULL,
                  "cannot read '%s': %s", path, g_strerror(errno));
        return NULL;
    }
    g_autoptr(Hash) hash = hash_new(kind);
    g_autofree guint8 *piece = g_malloc(PIECE);
    for (size_t length; (length = fread(piece, 1, PIECE, file)) > 0;)
        hash_update(hash, piece, length);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot read '%s' to its end", path);
        return NULL;
    }
    return hash_finish(hash);
}

static void mac_of(gconstpointer key, gsize key_length, gconstpointer data, gsize length,
                   guint8 digest[EVP_MAX_MD_SIZE]) {
    unsigned written = 0;
    HMAC(EVP_sha256(), key, (int)key_length, data, length, digest, &written);
}

char *hash_keyed(const guint8 *key, const char *name, const char *value) {
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_byte_array_append(data, (const guint8 *)name, (guint)strlen(name) + 1);
    g_byte_array_append(data, (const guint8 *)value, (guint)strlen(value));
    guint8 digest[EVP_MAX_MD_SIZE];
    mac_of(key, HASH_KEY_SIZE, data->data, data->len, digest);
    g_autofree char *hex = to_hex(digest, KEYED_BYTES);
    return g_strconcat(KEYED_PREFIX, hex, NULL);
}

char *hash_mac(const guint8 *key, gconstpointer data, gsize length) {
    return hash_mac_with(key, HASH_KEY_SIZE, data, length);
}

char *hash_mac_with(gconstpointer key, gsize key_length, gconstpointer data, gsize length) {
    guint8 digest[EVP_MAX_MD_SIZE];
    mac_of(key, key_length, data, length, digest);
    return to_hex(digest, 32);
}

bool hash_equal(const char *one, const char *other) {
    gsize length = strlen(one);
    return length == strlen(other) && CRYPTO_memcmp(one, other, length) == 0;
}

bool hash_random(guint8 *bytes, gsize length, GError **error) {
    if (RAND_bytes(bytes, (int)length) == 1)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot get random bytes from the system");
    return false;
}
