/* SPDX-License-Identifier: Apache-2.0 */
/* An artifact of a stranger: its manifest is read, its POM looked for, and it is unpacked. What comes out
 * lies below the folder, and no link leads out of it. */
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "fuzz.h"
#include "plugin/manifest.h"
#include "plugin/pom.h"
#include "plugin/unpack.h"

static int check_entry(const char *path, const struct stat *information, int kind, struct FTW *position) {
    g_assert_true(kind != FTW_SL || S_ISLNK(information->st_mode));
    if (kind != FTW_SL)
        return S_ISREG(information->st_mode) || S_ISDIR(information->st_mode) ? 0 : -1;
    char target[4096];
    ssize_t length = readlink(path, target, sizeof target - 1);
    g_assert_cmpint(length, >, 0);
    target[length] = '\0';
    g_assert_true(target[0] != '/');
    g_auto(GStrv) segments = g_strsplit(target, "/", -1);
    g_assert_false(g_strv_contains((const char *const *)segments, ".."));
    return 0;
}

static void unpack(const char *folder, const char *archive) {
    static const UnpackLimits limits = {1024 * 1024, 200, 200};
    g_autofree char *to = g_build_filename(folder, "in", "to", NULL);
    g_autofree char *parent = g_path_get_dirname(to);
    g_assert_true(files_make_folder(to, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_true(unpack_archive(archive, to, &limits, &error) == (error == NULL));
    g_assert_cmpint(nftw(to, check_entry, 16, FTW_PHYS), ==, 0);
    g_auto(GStrv) beside = files_list(parent, NULL);
    g_assert_cmpuint(g_strv_length(beside), ==, 1);
}

static void read_artifact(const char *archive) {
    g_autoptr(Manifest) manifest = manifest_read(archive, NULL);
    if (manifest != NULL)
        g_assert_nonnull(manifest_services(manifest));
    g_autoptr(Pom) pom = pom_find(archive, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *folder = files_make_temporary(g_get_tmp_dir(), "sluice-fuzz-", NULL);
    g_assert_nonnull(folder);
    g_autofree char *archive = g_build_filename(folder, "a.zip", NULL);
    g_assert_true(files_write(archive, (const char *)data, size, 0644, NULL));
    read_artifact(archive);
    unpack(folder, archive);
    g_assert_true(files_remove_tree(folder, NULL));
    return 0;
}
