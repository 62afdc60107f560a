/* stop_text.c - stop strings in the tokens of an answer, as they are accepted: the bytes that the
 * screen gets, before it gets them. */
#include "engine/session/session_state.h"

bool stop_text_ends(void *user, int token)
{
    StopText *seen = user;
    char text[4096], out[STOP_BYTES];
    size_t bytes;
    if (!seen->scan.stops)
        return false;
    const char *raw = tokenizer_text(seen->tokenizer, token, false, &bytes);
    while (bytes > 0 && !seen->scan.ended) {
        size_t part = bytes < 1024 ? bytes : 1024;
        utf8_feed(&seen->utf8, raw, part, text, sizeof text);
        for (const char *c = text; *c; c++)
            stop_take(&seen->scan, *c, out);
        raw += part;
        bytes -= part;
    }
    return seen->scan.ended;
}
