/* fuzz_markdown.c - any text as an answer, whole and growing, at any width: as many lines as were said,
 * and none of them wider than the pane. The first byte is the width. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Seen {
    int lines, width;
} Seen;

static void on_line(void *user, const Line *line)
{
    Seen *seen = user;
    int width = text_width(line->text, line->bytes);
    seen->lines++;
    assert(line->indent >= 0 && (line->bytes == 0 || line->text[line->bytes - 1] != '\n'));
    /* A line has room for four columns, and a wide character for itself. */
    int room = seen->width - line->indent > 4 ? seen->width - line->indent : 4;
    assert(width <= room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const View view;
    if (size == 0)
        return 0;
    char *text = malloc(3 * (size + 3) + 1);
    TextCleaner cleaner = {0};
    assert(text);
    Seen seen = {.width = 8 + data[0] % 90};
    size_t bytes = text_clean(&cleaner, (const char *)data + 1, size - 1, text);
    for (int open = 0; open < 2; open++) {
        Item item = {.kind = ITEM_ANSWER, .open = open, .text = text, .bytes = bytes};
        seen.lines = 0;
        int lines = markdown_lines(&view, &item, seen.width, 5, true, on_line, &seen);
        assert(lines == (seen.lines > 0 ? seen.lines : 1));
        assert(lines == markdown_lines(&view, &item, seen.width, 5, true, NULL, NULL));
    }
    free(text);
    return 0;
}
