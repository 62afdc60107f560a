/* fuzz_event_json.c - any bytes as an event line: refused, or an event that survives writing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Event event, back;
    Err err = {0};
    if (event_from_line(&event, (const char *)data, size, &err) != 0) {
        if (err.code == 0 || err.text[0] == '\0')
            abort();
        return 0;
    }
    char *line = event_to_line(&event);
    if (!line || event_from_line(&back, line, strlen(line), NULL) != 0)
        abort();
    char *again = event_to_line(&back);
    if (!again || strcmp(line, again) != 0)
        abort();
    free(again);
    free(line);
    event_free(&back);
    event_free(&event);
    return 0;
}
