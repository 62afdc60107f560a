/* import_case.c - see import_case.h. */
#include "tests/support/import_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/base/save_file.h"

char import_folder[TEMP_BYTES], import_out[TEMP_BYTES + 16];

const ModelConfig import_target = {.vocab = 310,
                                   .hidden = 16,
                                   .layers = 4,
                                   .heads = 4,
                                   .kv_heads = 2,
                                   .head_dim = 4,
                                   .rope.base = 10000,
                                   .norm_eps = 1e-5f};

int import_setup(void **state)
{
    (void)state;
    temp_folder_make(import_folder);
    snprintf(import_out, sizeof import_out, "%s/import_out.gguf", import_folder);
    return 0;
}

int import_teardown(void **state)
{
    (void)state;
    temp_folder_remove(import_folder);
    return 0;
}

HeadAsk import_ask(const char *file)
{
    HeadAsk ask = {
        .path = import_folder, .target_name = "tiny", .target = &import_target, .type = QUANT_F16};
    if (strcmp(file, EAGLE3) == 0) {
        ask.n_taps = 3;
        memcpy(ask.taps, (int[]){1, 2, 3}, sizeof ask.taps);
    }
    return ask;
}

int import_head(const HeadAsk *ask, Err *err)
{
    HeadImport *head;
    int result = head_import_open(&head, ask, err);
    assert_true((result == 0) == (head != NULL));
    if (result == 0)
        result = save_stream(import_out, head_import_write, head, err);
    head_import_close(head);
    return result;
}

void assert_import_refused(const HeadAsk *ask, int code, const char *says, const char *of)
{
    Err err = {0};
    if (import_head(ask, &err) == 0)
        fail_msg("%s is imported; expected '%s'", of, says);
    if (err.code != code || !strstr(err.text, says))
        fail_msg("%s: expected %d '%s' in: %d %s", of, code, says, err.code, err.text);
    assert_int_not_equal(access(import_out, F_OK), 0);
}
