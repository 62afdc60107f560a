/* fuzz_text.c - any bytes as what a model says: cleaned, wrapped, quoted, cut, and never a control
 * byte left. */
#include <assert.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/clip.h"
#include "ui/keys.h"
#include "ui/search.h"
#include "ui/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *s, size_t n, bool newlines)
{
    uint32_t ch;
    for (size_t i = 0; i < n;) {
        i += text_decode(s + i, n - i, &ch);
        assert(ch == '\t' || (ch == '\n' && newlines) || text_char_width(ch) >= 0);
        assert((ch < 0x202A || ch > 0x202E) && (ch < 0x2066 || ch > 0x2069));
    }
}

/* In two pieces, cut where the first byte says: the same as in one. */
static char *clean(const char *s, size_t n, size_t *length)
{
    char *whole = malloc(3 * (n + 3) + 1), *pieces = malloc(3 * (n + 6) + 2);
    assert(whole && pieces);
    TextCleaner one = {0}, two = {0};
    size_t cut = n > 0 ? (unsigned char)s[0] % (n + 1) : 0;
    *length = text_clean(&one, s, n, whole);
    size_t first = text_clean(&two, s, cut, pieces);
    size_t both = first + text_clean(&two, s + cut, n - cut, pieces + first);
    assert(both == *length && memcmp(whole, pieces, both) == 0);
    free(pieces);
    return whole;
}

static void wrap(const char *s, size_t n, int columns)
{
    for (size_t at = 0, skip; at < n; at += skip) {
        size_t length = text_wrap(s + at, n - at, columns, &skip);
        assert(length + skip > 0 && at + length + skip <= n);
        assert(columns < TEXT_TAB || text_width(s + at, length) <= columns);
        assert(memchr(s + at, '\n', length) == NULL);
        at += length;
    }
}

/* As keys: ends, and every key's bytes are whole. */
static void type(const char *s, size_t n)
{
    KeyParser parser = {0};
    Key key;
    size_t keys = 0;
    for (size_t at = 0; at < n;) {
        size_t piece = n - at < 7 ? n - at : 7;
        keys_feed(&parser, s + at, piece);
        while (keys_next(&parser, &key, false))
            keys++;
        at += piece;
    }
    /* The rest of an answer that was cut may still come, but is not waited for twice. */
    for (int silence = 0; silence < 2; silence++)
        while (keys_next(&parser, &key, true))
            keys++;
    assert(keys <= n);
    assert(keys_wait_ms(&parser) == 0);
    keys_close(&parser);
}

/* As an answer with code: as many blocks as are counted, each of them inside, and copied as a
 * number. */
static void copy_blocks(const char *text, size_t n)
{
    Fence fence = {0}, counted = {0};
    FenceBlock block;
    size_t at = 0, bytes;
    int count = fence_count(text, n, &counted), found = 0;
    for (; fence_next(text, n, &at, &fence, &block); found++) {
        assert(block.from <= block.to && block.to <= at && at <= n);
        char *copy = fence_copy(text, &block, &bytes);
        assert(copy && bytes <= block.to - block.from);
        free(copy);
    }
    assert(found == count && fence.length == counted.length);
    char *terminated = strndup(text, n);
    const char *answers[] = {terminated};
    Clip clip;
    if (terminated && strlen(terminated) == n)
        assert(clip_pick(answers, 1, 0, count > 0 ? count : 1, &clip, NULL) ==
               (count > 0 ? 0 : -1));
    else
        clip.text = NULL;
    free(clip.text);
    free(terminated);
}

/* Its own beginning is found in it. */
static void search(const char *text, size_t n)
{
    char pattern[SEARCH_BYTES] = "";
    size_t length, bytes = text_fit(text, n, 7);
    if (bytes < sizeof pattern)
        memcpy(pattern, text, bytes);
    size_t at = search_find(pattern, text, n, 0, &length);
    assert(pattern[0] == '\0' ? at == n : at == 0 && length == strlen(pattern));
    for (at = 0; at < n; at += length + 1) {
        at = search_find("e", text, n, at, &length);
        assert(at == n || at + length <= n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const char *s = (const char *)data;
    size_t n;
    char *text = clean(s, size, &n), line[64], quoted[40];
    check_clean(text, n, true);
    for (int columns = 1; columns < 30; columns += 7)
        wrap(text, n, columns);
    char *terminated = strndup(s, size);
    assert(terminated);
    text_clean_line(terminated, line, sizeof line);
    check_clean(line, strlen(line), false);
    text_truncate(line, 10);
    assert(text_width(line, strlen(line)) <= 10);
    text_quote(terminated, quoted, sizeof quoted);
    check_clean(quoted, strlen(quoted), false);
    type(s, size);
    copy_blocks(text, n);
    search(text, n);
    free(terminated);
    free(text);
    return 0;
}
