/* fuzz_prompts.c - any bytes as a file of prompts: refused in one line, or texts that are not
 * empty.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "app/train/prompts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Prompts prompts;
    Err err = {0};
    if (prompts_parse(&prompts, (const char *)data, size, "fuzz", &err) != 0) {
        assert(err.code == EXIT_DATA && err.text[0] && !strchr(err.text, '\n') && prompts.n == 0);
        return 0;
    }
    assert(prompts.n > 0);
    for (int i = 0; i < prompts.n; i++)
        assert(prompts.list[i][0]);
    prompts_choose(&prompts, 1 + prompts.n / 2);
    assert(prompts.n > 0);
    prompts_close(&prompts);
    return 0;
}
