/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/checksum.h"

#include <string.h>

#include "plugin/names.h"
#include "plugin/transfer.h"

#define CHECKSUM_FILE_LIMIT ((gsize)4096)

const Checksum checksums[CHECKSUM_COUNT] = {
    {HASH_SHA512, ".sha512", 128},
    {HASH_SHA256, ".sha256", 64},
    {HASH_SHA1, ".sha1", 40},
    {HASH_MD5, ".md5", 32},
};

char *checksum_parse(const Checksum *checksum, const char *text) {
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n=*", -1);
    for (char **word = words; *word != NULL; word++) {
        g_autofree char *digest = g_ascii_strdown(*word, -1);
        if (hex_is_valid(digest, checksum->length))
            return g_steal_pointer(&digest);
    }
    return NULL;
}

/* The promised digest in *promised, NULL where the repository has no such file. */
static bool read_promise(Repository *repository, const char *path, const Checksum *checksum, char **promised,
                         GError **error) {
    g_autofree char *beside = g_strconcat(path, checksum->suffix, NULL);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = transfer_read(repository, beside, CHECKSUM_FILE_LIMIT, &problem);
    if (bytes == NULL && !g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    gsize length = 0;
    const char *data = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
    g_autofree char *text = g_strndup(data != NULL ? data : "", length);
    *promised = checksum_parse(checksum, text);
    return true;
}

static bool compare(const Checksum *checksum, const char *promised, const char *path, const char *file,
                    GError **error) {
    g_autofree char *found = hash_file(checksum->kind, file, error);
    if (found == NULL)
        return false;
    if (g_str_equal(found, promised))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY,
              "the repository holds damaged bytes, or a proxy changed them",
              "'%s' does not match its %s file", path, checksum->suffix + 1);
    return false;
}

bool checksum_verify(Repository *repository, const char *path, const char *file, GError **error) {
    for (gsize i = 0; i < CHECKSUM_COUNT; i++) {
        g_autofree char *promised = NULL;
        if (!read_promise(repository, path, &checksums[i], &promised, error))
            return false;
        if (promised != NULL)
            return compare(&checksums[i], promised, path, file, error);
    }
    return true;
}
