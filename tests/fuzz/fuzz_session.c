/* fuzz_session.c - any bytes as a session file: refused in one line, or it can be saved again and
 * comes back the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SavedChat chat, again;
    Err err = {0};
    if (session_from_text(&chat, (const char *)data, size, "fuzz", &err) != 0) {
        assert(err.code == EXIT_DATA && err.text[0] && !strchr(err.text, '\n'));
        return 0;
    }
    char *markdown = export_markdown(&chat);
    char *text = session_to_text(&chat);
    assert(markdown && text);
    int status = session_from_text(&again, text, strlen(text), "again", &err);
    assert(status == 0);
    char *same = session_to_text(&again);
    assert(same && strcmp(text, same) == 0);
    free(markdown);
    free(text);
    free(same);
    saved_close(&chat);
    saved_close(&again);
    return 0;
}
