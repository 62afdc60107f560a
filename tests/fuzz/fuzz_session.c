/* fuzz_session.c - any bytes as a session file: refused in one line, or it can be saved again, in either
 * version, and comes back the same. As the end of a file they are looked through for a state. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef char *Writer(const SavedChat *chat);

static void goes_and_comes(const SavedChat *chat, Writer *write)
{
    SavedChat again;
    Err err = {0};
    char *text = write(chat);
    assert(text);
    int status = session_from_text(&again, text, strlen(text), "again", &err);
    assert(status == 0);
    char *same = write(&again);
    assert(same && strcmp(text, same) == 0);
    free(text);
    free(same);
    saved_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SavedChat chat;
    SessionSummary summary;
    Err err = {0};
    if (session_summary_from_end((const char *)data, size, &summary))
        assert(summary.tokens >= 0 && strlen(summary.first) < sizeof(summary.first));
    if (session_from_text(&chat, (const char *)data, size, "fuzz", &err) != 0) {
        assert(err.code == EXIT_DATA && err.text[0] && !strchr(err.text, '\n'));
        return 0;
    }
    char *markdown = export_markdown(&chat);
    assert(markdown);
    free(markdown);
    goes_and_comes(&chat, session_to_text);
    goes_and_comes(&chat, session_to_lines);
    saved_close(&chat);
    return 0;
}
