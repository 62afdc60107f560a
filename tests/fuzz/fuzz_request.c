/* fuzz_request.c - any bytes as a request line: refused in one line, or a request that survives
 * writing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Request request, back;
    Err err = {0};
    if (request_from_line(&request, (const char *)data, size, &err) != 0) {
        demand(err.code == EXIT_USAGE || err.code == EXIT_DATA);
        demand(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        demand(request.type == REQUEST_STOP); /* owns nothing */
        return 0;
    }
    char *line = request_to_line(&request);
    demand(line != NULL && strchr(line, '\n') == NULL);
    demand(request_from_line(&back, line, strlen(line), NULL) == 0);
    char *again = request_to_line(&back);
    demand(again != NULL && strcmp(line, again) == 0);
    free(again);
    free(line);
    request_free(&back);
    request_free(&request);
    return 0;
}
