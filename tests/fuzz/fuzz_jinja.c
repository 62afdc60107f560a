/* fuzz_jinja.c - any bytes as a chat template: it is refused, or writes the same each time, within
 * bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/text/jinja.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const Message messages[] = {{.role = ROLE_SYSTEM, .text = "Be brief."},
                                       {.role = ROLE_USER, .text = " {{ Hi }} {% if %}\n"},
                                       {.role = ROLE_ASSISTANT, .text = ""},
                                       {.role = ROLE_USER, .text = "\xff'\"\\"}};
    const struct tm date = {.tm_year = 126, .tm_mday = 1};
    for (int n = 0; n <= 4; n++) {
        JinjaInput input = {.messages = messages,
                            .n_messages = n,
                            .bos = "<s>",
                            .eos = "</s>",
                            .thinking = (JinjaThinking)(n % 3),
                            .date = n % 2 ? &date : NULL};
        size_t bytes[2];
        char *out[2];
        for (int i = 0; i < 2; i++)
            out[i] = jinja_render((const char *)data, size, &input, &bytes[i]);
        demand((out[0] == NULL) == (out[1] == NULL));
        if (out[0])
            demand(bytes[0] <= JINJA_OUTPUT_MAX && bytes[0] == bytes[1] &&
                   memcmp(out[0], out[1], bytes[0]) == 0);
        free(out[0]);
        free(out[1]);
    }
    return 0;
}
