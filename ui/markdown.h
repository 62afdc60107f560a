/* markdown.h - an item of the scrollback as lines on a screen: light markdown, colours by source,
 * wrapping.
 *
 * In: a clean text with its spans, a width. Out: lines, one call each, with an attribute per byte.
 * Markup that is understood (headings, **bold**, *italics*, fences, lists, tables) is not shown itself,
 * `code` keeps its marks, dimmed; all else stands as it came. A text that still grows is drawn as if
 * what is open now will be closed; but a table and italics are text until they are what they look
 * like. Bytes with ATTR_RULE are lines: '-', '|' and '+' where they cross. Hits of the view's search
 * are marked, the current one apart, but none in commands. In a bare view code stands as it came, so
 * that what is selected on the screen can be pasted.
 */
#ifndef S2D_UI_MARKDOWN_H
#define S2D_UI_MARKDOWN_H

#include "ui/cells.h"
#include "ui/view.h"

/* What stands before a line's text, at column indent - 2. */
typedef enum LineLead {
    LEAD_NONE,
    LEAD_BULLET,
    LEAD_CODE,       /* a bar */
    LEAD_CODE_BEGIN, /* corners */
    LEAD_CODE_END,
} LineLead;

typedef struct Line {
    int indent; /* columns before the text */
    LineLead lead;
    const char *text;
    const uint16_t *attrs; /* [bytes] styles and flags as of cells.h, and ATTR_RULE */
    size_t bytes;
    bool code;
    int begins_code; /* blocks that begin in it: several where thoughts are folded to it */
    int hits;        /* of the view's search that begin in it */
    int hit_from;    /* the first of them: its place among the item's, from 0 */
    size_t from, to; /* what of the item's text it shows */
} Line;

typedef void LineSink(void *user, const Line *line);

/* Lines of the item's text; the first one leaves `first_indent` columns free. Returns how many
 * there are (at least 1); sink may be NULL. markdown false: the text as it is. */
int markdown_lines(const View *view, const Item *item, int width, int first_indent, bool markdown,
                   LineSink *sink, void *user);

#endif
