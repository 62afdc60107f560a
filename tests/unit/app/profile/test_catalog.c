/* test_catalog.c - the catalog's table, and where a name leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/sha256.h"
#include "app/profile/catalog.h"
#include "tests/support/temp.h"

static char root[TEMP_BYTES];

static int set_up(void **state)
{
    (void)state;
    temp_folder_make(root);
    return setenv("XDG_CACHE_HOME", root, 1) == 0 && unsetenv("S2D_MODELS") == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    temp_folder_remove(root);
    return 0;
}

/* A file of this length without contents, and the folders above it. Returns its path. */
static const char *make_file(const char *below_root, uint64_t bytes)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", root, below_root);
    for (char *c = strchr(path + strlen(root) + 1, '/'); c; c = strchr(c + 1, '/')) {
        *c = '\0';
        mkdir(path, 0700);
        *c = '/';
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, (off_t)bytes), 0);
    close(file);
    return path;
}

static void test_table(void **state)
{
    (void)state;
    char text[256];
    assert_null(catalog_at(-1));
    assert_null(catalog_at(catalog_count()));
    assert_null(catalog_find("nonesuch"));
    for (int i = 0; i < catalog_count(); i++) {
        const CatalogModel *m = catalog_at(i);
        assert_ptr_equal(catalog_find(m->name), m); /* no name twice */
        assert_non_null(m->about);
        assert_null(strchr(m->name, '/'));
        if (!m->file) { /* path-only: nothing may be known of it, and nothing invented */
            assert_true(m->bytes == 0 && !m->sha256 && !m->repo && !m->wheel.package);
            continue;
        }
        assert_true(m->bytes > 0);
        assert_int_equal(strlen(m->sha256), 64);
        assert_int_equal(strspn(m->sha256, "0123456789abcdef"), 64);
        assert_true(m->repo || m->wheel.package);
        if (m->wheel.package) {
            assert_true(m->wheel.parts >= 1);
            assert_int_equal(catalog_part_text(m->wheel.package, m->wheel.parts, text, sizeof text),
                             0);
            assert_null(strchr(text, '#'));
            assert_non_null(strstr(text, "==")); /* a version, or the hash would be luck */
        }
    }
}

static void test_part_text(void **state)
{
    (void)state;
    char text[32];
    assert_int_equal(catalog_part_text("a#/b##.bin", 7, text, sizeof text), 0);
    assert_string_equal(text, "a7/b07.bin");
    assert_int_equal(catalog_part_text("a#/b##.bin", 22, text, sizeof text), 0);
    assert_string_equal(text, "a22/b22.bin");
    assert_int_equal(catalog_part_text("", 1, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(catalog_part_text("abcdef", 1, text, 6), -1);
    assert_int_equal(catalog_part_text("abcde", 1, text, 6), 0);
    assert_int_equal(catalog_part_text("abcd##", 1, text, 6), -1);
}

static void test_size_text(void **state)
{
    (void)state;
    char text[16];
    assert_string_equal(catalog_size_text(98362432, text, sizeof text), "98 MB");
    assert_string_equal(catalog_size_text(1117320768, text, sizeof text), "1.1 GB");
}

static void test_resolve_absent(void **state)
{
    (void)state;
    char path[PATH_BYTES];
    Err err = {0};
    assert_int_equal(catalog_resolve("smollm2-135m", path, sizeof path, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    assert_string_equal(
        err.text, "model smollm2-135m is not here; `s2d pull smollm2-135m` brings it (98 MB)");
    err = (Err){0};
    assert_int_equal(catalog_resolve("vicuna-7b", path, sizeof path, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    assert_non_null(strstr(err.text, "s2d/vicuna-7b.gguf"));
    err = (Err){0};
    assert_int_equal(catalog_resolve("/no/such/file", path, sizeof path, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    err = (Err){0};
    assert_int_equal(catalog_resolve(root, path, sizeof path, &err), -1); /* a folder is no model */
    assert_int_equal(err.code, EXIT_NOINPUT);
}

/* Other programs' places first, since the models' place wins once it has the file. */
static void test_resolve_places(void **state)
{
    (void)state;
    static const char *const below[] = {
        "llama.cpp/someone_SmolLM2_SmolLM2-135M-Instruct.Q4_1.gguf",
        "huggingface/hub/models--a--b/snapshots/0123/SmolLM2-135M-Instruct.Q4_1.gguf",
        "s2d/SmolLM2-135M-Instruct.Q4_1.gguf",
    };
    char path[PATH_BYTES];
    for (int i = 0; i < 3; i++) {
        make_file(below[i], 1000); /* the right name, but not the right size: something else */
        assert_int_equal(catalog_resolve("smollm2-135m", path, sizeof path, NULL), i == 0 ? -1 : 0);
        const char *made = make_file(below[i], 98362432);
        Err err = {0};
        if (catalog_resolve("smollm2-135m", path, sizeof path, &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(path, made);
    }
    const char *own = make_file("s2d/vicuna-7b.gguf", 10);
    assert_int_equal(catalog_resolve("vicuna-7b", path, sizeof path, NULL), 0);
    assert_string_equal(path, own);
    assert_int_equal(catalog_resolve(own, path, sizeof path, NULL), 0); /* a path stays itself */
    assert_string_equal(path, own);

    /* What was fetched from elsewhere has its file's name. */
    const char *fetched = make_file("s2d/fetched-Q4_0.gguf", 10);
    assert_int_equal(catalog_resolve("fetched-Q4_0", path, sizeof path, NULL), 0);
    assert_string_equal(path, fetched);
    assert_int_equal(catalog_resolve("fetched-Q4_0.gguf", path, sizeof path, NULL), 0);
    assert_string_equal(path, fetched);
    assert_int_equal(catalog_resolve("fetched", path, sizeof path, NULL), -1);

    Err err = {0};
    assert_int_equal(catalog_resolve(own, path, strlen(own), &err), -1); /* no room for the end */
    assert_int_equal(err.code, EXIT_NOINPUT);
}

static void test_paths(void **state)
{
    (void)state;
    char path[PATH_BYTES], expected[PATH_BYTES];
    Err err = {0};
    setenv("HOME", "/home/ada", 1);
    unsetenv("XDG_STATE_HOME");
    setenv("XDG_DATA_HOME", "relative/is/ignored", 1);
    assert_int_equal(paths_get(PLACE_STATE, NULL, path, sizeof path, &err), 0);
    assert_string_equal(path, "/home/ada/.local/state/s2d");
    assert_int_equal(paths_get(PLACE_DATA, "x.json", path, sizeof path, &err), 0);
    assert_string_equal(path, "/home/ada/.local/share/s2d/x.json");
    assert_int_equal(paths_get(PLACE_CACHE, NULL, path, sizeof path, &err), 0);
    assert_string_equal(path, root);
    setenv("S2D_MODELS", "/models", 1);
    assert_int_equal(paths_get(PLACE_MODELS, "a.gguf", path, sizeof path, &err), 0);
    assert_string_equal(path, "/models/a.gguf");
    unsetenv("S2D_MODELS");
    assert_int_equal(paths_get(PLACE_MODELS, NULL, path, 4, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);

    setenv("HOME", "", 1);
    err = (Err){0};
    assert_int_equal(paths_get(PLACE_STATE, NULL, path, sizeof path, &err), -1);
    assert_non_null(strstr(err.text, "XDG_STATE_HOME"));

    snprintf(expected, sizeof expected, "%s/deep/er", root);
    setenv("XDG_STATE_HOME", expected, 1);
    err = (Err){0};
    assert_int_equal(paths_make(PLACE_STATE, &err), 0);
    assert_int_equal(paths_make(PLACE_STATE, &err), 0); /* there already */
    assert_int_equal(paths_get(PLACE_STATE, NULL, path, sizeof path, &err), 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 077, 0);
}

static bool stop(void *user, unsigned long long done)
{
    *(unsigned long long *)user = done;
    return true;
}

static void test_sha256(void **state)
{
    (void)state;
    char hash[SHA256_TEXT];
    Err err = {0};
    const char *path = make_file("abc", 0);
    assert_int_equal(sha256_file(path, hash, NULL, NULL, &err), 0);
    assert_string_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    file_write_text(path, "abc");
    assert_int_equal(sha256_file(path, hash, NULL, NULL, &err), 0); /* FIPS 180-4's first example */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    unsigned long long done = 0;
    assert_int_equal(sha256_file(path, hash, stop, &done, &err), -1);
    assert_int_equal(err.code, EXIT_INTERRUPTED);
    assert_int_equal(done, 3);
    err = (Err){0};
    assert_int_equal(sha256_file("/no/such/file", hash, NULL, NULL, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),          cmocka_unit_test(test_part_text),
        cmocka_unit_test(test_size_text),      cmocka_unit_test(test_resolve_absent),
        cmocka_unit_test(test_resolve_places), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_sha256),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
