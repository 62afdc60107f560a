/* nfc.c - see nfc.h. */
#include "engine/text/nfc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

/* All below U+0300 is in form C, and that begins with this byte. */
enum { FIRST_MARK = 0xcc };

static bool is_composed(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] >= FIRST_MARK)
            return false;
    return true;
}

typedef struct Output {
    char *text;
    size_t bytes, room;
} Output;

static int append(Output *out, const void *text, size_t bytes)
{
    if (bytes > out->room - out->bytes) {
        size_t room = 2 * out->room + bytes;
        char *grown = realloc(out->text, room);
        if (grown == NULL)
            return -1;
        out->text = grown;
        out->room = room;
    }
    if (bytes > 0)
        memcpy(out->text + out->bytes, text, bytes);
    out->bytes += bytes;
    return 0;
}

/* A stretch that is UTF-8. */
static int append_composed(Output *out, const uint8_t *text, size_t bytes)
{
    size_t n = 0;
    uint8_t *composed = bytes > 0 ? u8_normalize(UNINORM_NFC, text, bytes, NULL, &n) : NULL;
    int status = bytes > 0 && composed == NULL ? -1 : append(out, composed, n);
    free(composed);
    return status;
}

int nfc_compose(const char *text, size_t bytes, char **composed, size_t *composed_bytes, Err *err)
{
    Output out = {0};
    *composed = NULL;
    *composed_bytes = 0;
    if (is_composed(text, bytes))
        return 0;
    const uint8_t *at = (const uint8_t *)text, *end = at + bytes;
    int status = 0;
    while (status == 0 && at < end) {
        const uint8_t *wrong = u8_check(at, (size_t)(end - at));
        status = append_composed(&out, at, (size_t)((wrong ? wrong : end) - at));
        at = wrong ? wrong : end;
        if (status == 0 && wrong)
            status = append(&out, at++, 1);
    }
    if (status != 0) {
        free(out.text);
        return err_set(err, EXIT_MEMORY, "no memory to tokenize %zu bytes", bytes);
    }
    *composed = out.text;
    *composed_bytes = out.bytes;
    return 0;
}
