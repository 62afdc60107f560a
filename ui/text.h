/* text.h - what may reach the terminal, and how wide it is there.
 *
 * In: bytes from models, files, names, keyboards. Out: UTF-8 without control or escape sequences and
 * bidi controls, measured in columns by libunistring, in any locale. A character that is newer than
 * its tables stays, one column wide. Cleaning is for what a terminal draws: what is sent, saved,
 * exported or piped stays as it came.
 */
#ifndef S2D_UI_TEXT_H
#define S2D_UI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_TAB = 4, TEXT_REPLACEMENT = 0xFFFD };

/* One character at s[0 … n-1]: bytes taken (at least 1 if n > 0); *ch = U+FFFD when they are no
 * UTF-8. */
size_t text_decode(const char *s, size_t n, uint32_t *ch);
/* Writes 1 to 4 bytes, no terminator. */
size_t text_encode(uint32_t ch, char out[4]);

/* Takes no room and has no ink: joiners, variation selectors, soft hyphens. */
bool text_invisible(uint32_t ch);
/* Columns of a character: 0, 1 or 2; -1 = not printable. */
int text_char_width(uint32_t ch);
/* Columns of clean text without newlines; a tab counts to the next multiple of TEXT_TAB. */
int text_width(const char *s, size_t n);
/* Bytes of the longest start of s, whole characters with their combining marks, that fits into
 * `columns`. */
size_t text_fit(const char *s, size_t n, int columns);
/* Bytes of the first line of s when wrapped at `columns` (at least 1): breaks after blanks or
 * hyphens where it can; *skip = further bytes (the newline or blanks at the break) to leave out
 * before the next line. */
size_t text_wrap(const char *s, size_t n, int columns, size_t *skip);

/* Keeps its state between pieces: an escape sequence may be cut anywhere. All zero is the start. */
typedef struct TextCleaner {
    int state;
    uint32_t partial; /* bytes of a character that was cut */
    int n_partial;
} TextCleaner;

/* Cleans n bytes into out, which has room for 3 * (n + 3) + 1 bytes; returns its length without the
 * terminator. Newlines and tabs stay; a line separator is a newline. An unfinished escape sequence ends at a newline at the
 * latest. */
size_t text_clean(TextCleaner *cleaner, const char *s, size_t n, char *out);
/* A whole string, cut to fit out at a character; newlines and tabs become blanks: for names and
 * messages. */
void text_clean_line(const char *s, char *out, size_t bytes);
/* A token's text in quotes with C escapes for control bytes and cut characters: "' the'",
 * "'\n'". */
void text_quote(const char *s, char *out, size_t bytes);
/* Cuts to `columns`, the last being "…" (or "~" outside UTF-8) when something was cut. */
void text_truncate(char *s, int columns);

#endif
