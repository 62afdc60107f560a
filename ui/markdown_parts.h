/* markdown_parts.h - inside markdown: a line being put together, and what its files offer each other.
 * Each calls those before it only: markdown_inline.c (words), markdown_table.c, markdown.c (blocks). */
#ifndef S2D_UI_MARKDOWN_PARTS_H
#define S2D_UI_MARKDOWN_PARTS_H

#include "ui/highlight.h"
#include "ui/markdown.h"

/* What of a block of code a line is. */
typedef enum Code { CODE_NONE, CODE_BEGINS, CODE_WITHIN } Code;

typedef struct Writer {
    const View *view;
    const Item *item;
    int width, first_indent;
    int n_lines;
    int span;   /* the span that the current byte lies in */
    char *text; /* of the current source line, markup taken out */
    uint16_t *attrs;
    size_t *sources; /* where in the item each byte comes from */
    size_t n;
    size_t line_at;      /* in the item: where the source line begins */
    bool ghost_done;     /* its character has been written */
    Highlight highlight; /* of the code that is open */
    uint16_t *styles;    /* of a line of it; NULL = colours tell something else */
    int hits;            /* of the search, so far */
    Code code;
    int folded_codes; /* blocks of code that a folded line stands for */
    LineSink *sink;
    void *user;
} Writer;

/* markdown_inline.c */
/* Attribute of the item's byte at `at`; bytes are asked for in rising order, but for w->span. */
int writer_attr(Writer *w, size_t at);
/* What is marked at that byte: the words of a round, where plain decoding would be. */
int writer_marks(Writer *w, size_t at);
/* Adds a byte to the line, which stands there in the item; a tab becomes blanks. */
void writer_byte(Writer *w, size_t at, char byte, int attr);
/* Adds bytes [from … to) of the item's text without the marks of **bold**, *italic*, `code`. growing: the
 * line is not complete yet. cell: of a table, where "\|" is a bar. */
void writer_inline(Writer *w, size_t from, size_t to, int extra, bool growing, bool cell);
/* Marks what the search finds in a text that is handed out next. */
void writer_mark_hits(Writer *w, const char *text, uint16_t *attrs, size_t n);
/* Hands out one line with attrs and hits of `taken` bytes of such a text: its own, and blanks that a
 * wrapped one leaves out. */
void writer_line(Writer *w, Line line, uint16_t *attrs, size_t taken);

/* markdown_table.c */
/* Whether a table begins at byte `from` of the item's text, of which `n` are looked at: its head and the
 * line under it are complete. */
bool table_begins(const Item *item, size_t from, size_t n);
/* Writes it; returns the byte behind it, `from` itself where the width has no room for it. */
size_t table_write(Writer *w, size_t from, size_t n);

#endif
