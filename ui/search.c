/* search.c - see search.h. Letters are compared one by one, folded by libunistring's tables. */
#include "ui/search.h"

#include <stdint.h>
#include <string.h>
#include <unicase.h>

#include "ui/text.h"

static bool has_capitals(const char *pattern, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t ch;
        i += text_decode(pattern + i, n - i, &ch);
        if (uc_tolower(ch) != ch)
            return true;
    }
    return false;
}

/* Bytes of the text that the whole pattern fits; 0 = it does not. */
static size_t fits(const char *pattern, size_t p_bytes, const char *text, size_t n, bool exactly)
{
    size_t at = 0;
    for (size_t i = 0; i < p_bytes;) {
        uint32_t wanted, ch;
        if (at >= n)
            return 0;
        i += text_decode(pattern + i, p_bytes - i, &wanted);
        at += text_decode(text + at, n - at, &ch);
        if (ch != wanted && (exactly || uc_tolower(ch) != wanted))
            return 0;
    }
    return at;
}

size_t search_find(const char *pattern, const char *text, size_t n, size_t from, size_t *length)
{
    size_t bytes = strlen(pattern);
    bool exactly = has_capitals(pattern, bytes);
    *length = 0;
    while (from < n && bytes > 0) {
        *length = fits(pattern, bytes, text + from, n - from, exactly);
        if (*length > 0)
            return from;
        uint32_t ch;
        from += text_decode(text + from, n - from, &ch);
    }
    return n;
}
