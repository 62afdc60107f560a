/* fuzz_script.c - any bytes as a demo's script: steps within their ranges, or one message with a
 * place. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "app/play/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Script script;
    Err err = {0};
    if (script_parse(&script, (const char *)data, size, "fuzz.yaml", &err) != 0) {
        assert(err.code == EXIT_DATA && strncmp(err.text, "fuzz.yaml:", 10) == 0);
        return 0;
    }
    assert(err.code == 0 && script.n_steps >= 1 && script.file);
    for (int i = 0; i < script.n_steps; i++) {
        const Step *step = &script.steps[i];
        assert((int)step->kind >= 0 && step->kind < STEP_COUNT);
        assert(step->line >= 1 && step->column >= 1);
        assert(step->focus >= 0 && step->focus <= FOCUS_INPUT);
        assert(step->number >= -STEP_COUNT_MAX && step->number <= STEP_COUNT_MAX);
        bool has_text = step->kind == STEP_SAY || step->kind == STEP_SWITCH ||
                        step->kind == STEP_SET || step->kind == STEP_AB ||
                        step->kind == STEP_CAPTION;
        assert(has_text == (step->text != NULL));
    }
    script_close(&script);
    return 0;
}
