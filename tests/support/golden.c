/* golden.c - see golden.h. */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void golden_check(const char *name, const char *text, bool write)
{
    char path[128], *expected;
    snprintf(path, sizeof path, "tests/golden/%s.txt", name);
    FILE *file = fopen(path, write ? "w" : "r");
    if (file == NULL)
        fail_msg("%s is not there; the test's argument `write` makes it", path);
    if (write) {
        fputs(text, file);
        fclose(file);
        return;
    }
    expected = calloc(1, 1 << 16);
    assert_non_null(expected);
    size_t n = fread(expected, 1, (1 << 16) - 1, file);
    fclose(file);
    assert_true(n > 0);
    assert_string_equal(text, expected);
    free(expected);
}
