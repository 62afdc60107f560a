/* test_head_file.c - files of heads that lie are refused, with what is wrong in one line, and those that
 * do not are opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bad_heads.h"

typedef struct Fixture {
    Kernels *kernels;
    Model *target;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    KernelsOptions options = {.device = "cpu", .threads = 1, .act_f32 = true};
    TinyModel tiny = bad_head_target();
    if (kernels_open(&f->kernels, &options, NULL) != 0)
        return -1;
    f->target = tiny_model_open(&tiny, f->kernels, "tiny", NULL);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->target);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

static void good_files_are_opened(void **state)
{
    const Fixture *f = *state;
    for (int i = 1; i <= GOOD_HEADS; i++) {
        unsigned char *data;
        size_t bytes;
        HeadFile *file;
        Head *head;
        Err err = {0};
        bad_head_make(-i, &data, &bytes);
        if (head_file_open_memory(&file, data, bytes, "good.gguf", &err) != 0 ||
            head_open(&head, file, f->target, &err) != 0)
            fail_msg("%s: %s", bad_head_name(-i), err.text);
        assert_int_equal(head_scored(&head->info), i == 1 ? 310 : 8);
        head_close(head);
        head_file_close(file);
        free(data);
    }
}

static void bad_files_are_not(void **state)
{
    const Fixture *f = *state;
    for (int i = 0; i < bad_head_count(); i++) {
        unsigned char *data;
        size_t bytes;
        HeadFile *file;
        Head *head;
        Err err = {0};
        bool early;
        const char *says = bad_head_says(i, &early);
        bad_head_make(i, &data, &bytes);
        int opened = head_file_open_memory(&file, data, bytes, "bad.gguf", &err);
        if (opened != (early ? -1 : 0))
            fail_msg("%s: %s %s", bad_head_name(i), early ? "was opened" : "was not opened",
                     err.text);
        if (!early && head_open(&head, file, f->target, &err) != -1)
            fail_msg("%s: was loaded", bad_head_name(i));
        assert_int_equal(err.code, EXIT_DATA);
        if (strncmp(err.text, "bad.gguf: ", 10) != 0 || strstr(err.text, says) == NULL)
            fail_msg("%s: expected '%s' in: %s", bad_head_name(i), says, err.text);
        head_file_close(file);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_opened),
        cmocka_unit_test(bad_files_are_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
