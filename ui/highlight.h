/* highlight.h - the parts of code, for its colours: keywords, strings, comments, numbers.
 *
 * In: the language a fence names, then line after line. Out: a style for each byte. By one table
 * (language.c), in a dozen of languages, and roughly: it is for reading, not for compiling. Lines
 * of a language that is not there are plain text.
 */
#ifndef S2D_UI_HIGHLIGHT_H
#define S2D_UI_HIGHLIGHT_H

#include <stddef.h>
#include <stdint.h>

/* What lines hand on to the next one. All zero knows no language. */
typedef struct Highlight {
    const struct Language *language;
    char end[8]; /* what a string or a comment that is open ends with; "" = none is open */
    int style;   /* of what is open */
} Highlight;

/* info: what stands behind the fence's marks, "python" or "c title=x". */
void highlight_begin(Highlight *highlight, const char *info, size_t n);
/* One line without its newline; styles: [n], each STYLE_TEXT, _KEYWORD, _STRING, _COMMENT or
 * _NUMBER (cells.h). */
void highlight_line(Highlight *highlight, const char *line, size_t n, uint16_t *styles);

#endif
