/* test_store.c - memory for weights: zeroed, aligned, and given back when it is freed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "kernels/cpu/store.h"

enum { MB = 1 << 20 };

/* Bytes of this process that are in memory. */
static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void pieces_are_apart(void **state)
{
    enum { N = 200 };
    unsigned char *piece[N];
    Store *store = store_open();
    (void)state;
    for (int i = 0; i < N; i++) {
        size_t bytes = (size_t)(i * 977 % 5000) * 41;
        piece[i] = store_alloc(store, bytes);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % 64, 0);
        for (size_t j = 0; j < bytes; j++)
            assert_int_equal(piece[i][j], 0);
        memset(piece[i], i, bytes);
    }
    for (int i = 0; i < N; i += 2)
        store_free(store, piece[i]);
    for (int i = 1; i < N; i += 2) {
        for (size_t j = 0; j < (size_t)(i * 977 % 5000) * 41; j++)
            assert_int_equal(piece[i][j], (unsigned char)i);
        store_free(store, piece[i]);
    }
    store_free(store, NULL);
    assert_null(store_alloc(store, SIZE_MAX - 100));
    store_close(store);
}

/* A model that goes leaves nothing behind although another one lives in the same region. */
static void memory_comes_back(void **state)
{
    Store *store = store_open();
    (void)state;
    size_t before = resident();
    char *goes = store_alloc(store, 64 * MB), *stays = store_alloc(store, MB);
    char *large = store_alloc(store, 400 * MB);
    assert_true(goes && stays && large);
    assert_true(resident() < before + 16 * MB); /* untouched: nothing but whole pages of headers */
    memset(goes, 1, 64 * MB);
    memset(stays, 2, MB);
    assert_true(resident() >= before + 64 * MB);
    store_free(store, goes);
    assert_true(resident() < before + 16 * MB);
    for (int i = 0; i < MB; i++)
        assert_int_equal(stays[i], 2);
    store_free(store, large);
    store_free(store, stays);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_apart),
        cmocka_unit_test(memory_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
