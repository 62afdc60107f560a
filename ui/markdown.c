/* markdown.c - see markdown.h. Source: the CommonMark constructs that chat models use most. */
#include "ui/markdown.h"

#include <stdlib.h>
#include <string.h>

#include "ui/fence.h"
#include "ui/highlight.h"
#include "ui/panes/pane.h"

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
    size_t n;
    Highlight highlight; /* of the code that is open */
    uint16_t *styles;    /* of a line of it; NULL = colours tell something else */
    int hits;            /* of the search, so far */
    Code code;
    LineSink *sink;
    void *user;
} Writer;

static int base_attr(const Item *item)
{
    switch (item->kind) {
    case ITEM_NOTE:
    case ITEM_SWITCH:
    case ITEM_COMMAND:
        return STYLE_DIM;
    case ITEM_WARNING:
        return STYLE_WARN;
    case ITEM_ERROR:
        return STYLE_BAD;
    default:
        return STYLE_TEXT;
    }
}

/* Attribute of the item's byte at `at`; bytes are asked for in rising order. */
static int source_attr(Writer *w, size_t at)
{
    const Item *item = w->item;
    if (item->n_spans == 0)
        return base_attr(item);
    if (w->styles != NULL)
        return STYLE_TEXT;
    while (w->span + 1 < item->n_spans && (size_t)item->spans[w->span + 1].start <= at)
        w->span++;
    return pane_source_attr(w->view, item->spans[w->span].source);
}

/* Tabs become blanks here: a line is drawn in pieces, which know nothing of the columns before
 * them. */
static void put_byte(Writer *w, char byte, int attr)
{
    do {
        w->text[w->n] = byte == '\t' ? ' ' : byte;
        w->attrs[w->n++] = (uint16_t)attr;
    } while (byte == '\t' && w->n % TEXT_TAB != 0);
}

enum { HIT_BEGINS = 0x8000 }; /* an attribute of this file alone */

/* Marks what the search finds in the collected text. */
static void mark_hits(Writer *w)
{
    const Search *search = &w->view->search;
    size_t length;
    if (!search->shown || w->item->kind == ITEM_COMMAND) /* "/search x" is no place of x */
        return;
    bool here = search->item == w->item->serial;
    int hit = w->hits;
    for (size_t at = 0; (at = search_find(search->pattern, w->text, w->n, at, &length)) < w->n;
         at += length, hit++) {
        bool current = here && hit == search->hit;
        for (size_t i = at; i < at + length; i++)
            w->attrs[i] = (uint16_t)(current ? STYLE_WARN | ATTR_BOLD | ATTR_REVERSE
                                             : w->attrs[i] | ATTR_REVERSE);
        w->attrs[at] |= HIT_BEGINS;
    }
}

/* Counts those that begin in attrs[0 … n), and takes that mark away. */
static int hits_in(uint16_t *attrs, size_t n)
{
    int hits = 0;
    for (size_t i = 0; i < n; i++) {
        hits += (attrs[i] & HIT_BEGINS) != 0;
        attrs[i] &= (uint16_t)~HIT_BEGINS;
    }
    return hits;
}

/* Hands out the collected text, wrapped: the first line after `indent`, further ones after `hang`
 * columns. */
static void flush(Writer *w, int indent, int hang, LineLead lead)
{
    size_t at = 0;
    mark_hits(w);
    do {
        int used = indent + (w->n_lines == 0 ? w->first_indent : 0);
        int columns = w->width - used > 4 ? w->width - used : 4;
        size_t skip, n = text_wrap(w->text + at, w->n - at, columns, &skip);
        int hits = hits_in(w->attrs + at, n + skip);
        Line line = {.indent = used,
                     .lead = lead,
                     .text = w->text + at,
                     .attrs = w->attrs + at,
                     .bytes = n,
                     .code = w->code != CODE_NONE,
                     .begins_code = w->code == CODE_BEGINS,
                     .hits = hits,
                     .hit_from = w->hits};
        if (w->code == CODE_BEGINS)
            w->code = CODE_WITHIN; /* further rows of the same line */
        w->hits += hits;
        if (w->sink != NULL)
            w->sink(w->user, &line);
        w->n_lines++;
        at += n + skip;
        indent = hang;
        if (lead != LEAD_CODE)
            lead = LEAD_NONE;
    } while (at < w->n);
    w->n = 0;
}

/* Does the mark that opened at i close again in this line? */
static bool closes(const char *s, size_t i, size_t n, const char *mark, size_t length)
{
    for (; i + length <= n; i++)
        if (memcmp(s + i, mark, length) == 0)
            return true;
    return false;
}

/* Takes **bold** and `code` out of s[from … to) of the item's text. growing: the line is not
 * complete yet. */
static void write_inline(Writer *w, size_t from, size_t to, int extra, bool growing)
{
    const char *s = w->item->text;
    bool bold = false, code = false;
    for (size_t i = from; i < to; i++) {
        if (s[i] == '`' && (code || growing || closes(s, i + 1, to, "`", 1))) {
            code = !code;
            put_byte(w, '`', STYLE_DIM);
            continue;
        }
        if (!code && s[i] == '*' && i + 1 < to && s[i + 1] == '*' &&
            (bold ||
             (i + 2 < to && s[i + 2] != ' ' && (growing || closes(s, i + 2, to, "**", 2))))) {
            bold = !bold;
            i++;
            continue;
        }
        put_byte(w, s[i], source_attr(w, i) | extra | (bold ? ATTR_BOLD : 0));
    }
}

/* Bytes of a list item's marker "- " or "12. " at s; 0 = none. */
static size_t list_marker(const char *s, size_t n, bool *bullet)
{
    *bullet = n >= 2 && strchr("-*+", s[0]) != NULL && s[1] == ' ';
    if (*bullet)
        return 2;
    size_t i = 0;
    while (i < n && i < 4 && s[i] >= '0' && s[i] <= '9')
        i++;
    return i > 0 && i + 1 < n && (s[i] == '.' || s[i] == ')') && s[i + 1] == ' ' ? i + 2 : 0;
}

/* One source line s[from … to) outside code. */
static void write_line(Writer *w, size_t from, size_t to, bool growing)
{
    const char *s = w->item->text;
    size_t at = from, sharps = 0;
    while (at + sharps < to && s[at + sharps] == '#')
        sharps++;
    if (sharps >= 1 && sharps <= 6 && at + sharps < to && s[at + sharps] == ' ') {
        write_inline(w, at + sharps + 1, to, ATTR_BOLD, growing);
        flush(w, 0, 0, LEAD_NONE);
        return;
    }
    while (at < to && s[at] == ' ')
        at++;
    int blanks = at - from > 12 ? 12 : (int)(at - from);
    bool bullet;
    size_t marker = list_marker(s + at, to - at, &bullet);
    if (bullet) {
        write_inline(w, at + marker, to, 0, growing);
        flush(w, blanks + 2, blanks + 2, LEAD_BULLET);
    } else {
        write_inline(w, at, to, 0, growing);
        flush(w, blanks, blanks + (int)marker, LEAD_NONE);
    }
}

static void write_raw(Writer *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        put_byte(w, w->item->text[i], source_attr(w, i));
}

static void write_code(Writer *w, size_t from, size_t to)
{
    if (w->styles == NULL) {
        write_raw(w, from, to);
        return;
    }
    highlight_line(&w->highlight, w->item->text + from, to - from, w->styles);
    for (size_t i = from; i < to; i++)
        put_byte(w, w->item->text[i], w->styles[i - from]);
}

/* Code or a list: its lines stand below each other. */
static bool begins_block(const char *s, size_t n)
{
    bool bullet;
    const char *newline = memchr(s, '\n', n);
    size_t line = newline != NULL ? (size_t)(newline - s) : n;
    return fence_line(&(Fence){0}, s, line) == FENCE_OPENS || list_marker(s, n, &bullet) > 0;
}

static void write_item(Writer *w, bool markdown)
{
    const Item *item = w->item;
    const char *s = item->text;
    Fence fence = item->fence;
    bool bare = w->view->bare;
    size_t n = item->bytes;
    /* Blank lines at the end say nothing, and models like to end with them. */
    while (n > 0 && s[n - 1] == '\n')
        n--;
    size_t from = item->continued && fence.length == 0 ? strspn(s, " \n") : 0;
    if (markdown && fence.length == 0 && from < n && begins_block(s + from, n - from))
        flush(w, 0, 0, LEAD_NONE); /* what lines up starts below the speaker's name */
    while (from <= n) {
        const char *newline = from < n ? memchr(s + from, '\n', n - from) : NULL;
        size_t to = newline != NULL ? (size_t)(newline - s) : n;
        bool within = fence.length > 0;
        FenceLine line = markdown ? fence_line(&fence, s + from, to - from) : FENCE_NONE;
        w->code = line == FENCE_OPENS ? CODE_BEGINS : within ? CODE_WITHIN : CODE_NONE;
        if (!markdown || (bare && w->code != CODE_NONE)) {
            write_raw(w, from, to);
            flush(w, 0, 0, LEAD_NONE);
        } else if (line == FENCE_OPENS) {
            while (from < to && (s[from] == fence.mark || s[from] == ' '))
                from++;
            highlight_begin(&w->highlight, s + from, to - from);
            write_raw(w, from, to); /* the language */
            flush(w, 2, 2, LEAD_CODE_BEGIN);
        } else if (line == FENCE_CLOSES) {
            flush(w, 2, 2, LEAD_CODE_END);
        } else if (fence.length > 0) {
            write_code(w, from, to);
            flush(w, 2, 2, LEAD_CODE);
        } else {
            write_line(w, from, to, item->open && newline == NULL);
        }
        from = to + 1;
    }
}

int markdown_lines(const View *view, const Item *item, int width, int first_indent, bool markdown,
                   LineSink *sink, void *user)
{
    Writer w = {.view = view,
                .item = item,
                .width = width,
                .first_indent = first_indent,
                .sink = sink,
                .user = user};
    size_t room = item->bytes * TEXT_TAB + 1;
    w.text = malloc(room);
    w.attrs = malloc(room * sizeof *w.attrs);
    bool styled = sink != NULL && markdown && view->colours == COLOURS_BY_CODE;
    if (styled)
        w.styles = malloc((item->bytes + 1) * sizeof *w.styles);
    if (w.text != NULL && w.attrs != NULL && (w.styles != NULL || !styled))
        write_item(&w, markdown);
    free(w.styles);
    free(w.text);
    free(w.attrs);
    return w.n_lines > 0 ? w.n_lines : 1;
}
