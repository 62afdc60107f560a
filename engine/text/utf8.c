/* utf8.c - see utf8.h. Well-formedness after table 3-7 of the Unicode standard: no overlong forms,
 * no surrogates, nothing above U+10FFFF. */
#include "engine/text/utf8.h"

#include <stdbool.h>
#include <string.h>

static int length_of(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xC2 ? 0
           : first < 0xE0 ? 2
           : first < 0xF0 ? 3
           : first < 0xF5 ? 4
                          : 0;
}

/* May `byte` follow as the second byte after `first`? Later bytes only need to be continuations. */
static bool second_fits(unsigned char first, unsigned char byte)
{
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return byte >= low && byte <= high;
}

static size_t put(char *out, size_t at, size_t capacity, const void *bytes, size_t n)
{
    if (at + n >= capacity)
        return at;
    memcpy(out + at, bytes, n);
    return at + n;
}

size_t utf8_feed(Utf8 *u, const char *bytes, size_t n, char *out, size_t capacity)
{
    size_t at = 0;
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)bytes[i];
        if (u->n_held == 0) {
            int length = length_of(c);
            if (length == 0)
                at = put(out, at, capacity, "\xEF\xBF\xBD", 3);
            else if (length == 1)
                at = put(out, at, capacity, &c, 1);
            else
                u->held[u->n_held++] = c;
            i++;
            continue;
        }
        bool fits = u->n_held == 1 ? second_fits(u->held[0], c) : (c & 0xC0) == 0x80;
        if (!fits) { /* the byte starts something new and is looked at again */
            at = put(out, at, capacity, "\xEF\xBF\xBD", 3);
            u->n_held = 0;
            continue;
        }
        u->held[u->n_held++] = c;
        i++;
        if (u->n_held == length_of(u->held[0])) {
            at = put(out, at, capacity, u->held, (size_t)u->n_held);
            u->n_held = 0;
        }
    }
    out[at] = '\0';
    return at;
}

size_t utf8_finish(Utf8 *u, char *out, size_t capacity)
{
    size_t at = u->n_held > 0 ? put(out, 0, capacity, "\xEF\xBF\xBD", 3) : 0;
    u->n_held = 0;
    out[at] = '\0';
    return at;
}
