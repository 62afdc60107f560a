/* utf8.h - tokens are bytes, the screen wants characters: holds back what is not complete yet. */
#ifndef S2D_ENGINE_TEXT_UTF8_H
#define S2D_ENGINE_TEXT_UTF8_H

#include <stddef.h>

typedef struct Utf8 {
    unsigned char held[4]; /* a character's first bytes */
    int n_held;
} Utf8;

/* Appends the whole characters of held + bytes to out (at most capacity - 1 bytes, terminated);
 * whatever can never become a character is U+FFFD. capacity >= 3 * (n + 4) + 1 always suffices.
 * Returns bytes written. */
size_t utf8_feed(Utf8 *utf8, const char *bytes, size_t n, char *out, size_t capacity);
/* The end of the text: what is still held is U+FFFD. */
size_t utf8_finish(Utf8 *utf8, char *out, size_t capacity);

#endif
