/* markdown.c - see markdown.h. Source: the CommonMark constructs that chat models use most. */
#include "ui/markdown.h"

#include <stdlib.h>
#include <string.h>

#include "ui/fence.h"
#include "ui/panes/pane.h"

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
    size_t line_at;  /* in the item: where the source line begins */
    bool ghost_done; /* its character has been written */
    LineSink *sink;
    void *user;
} Writer;

static int base_attr(const Item *item)
{
    switch (item->kind) {
    case ITEM_NOTE:
    case ITEM_SWITCH:
        return STYLE_DIM;
    case ITEM_WARNING:
        return STYLE_WARN;
    case ITEM_ERROR:
        return STYLE_BAD;
    default:
        return STYLE_TEXT;
    }
}

/* What is marked at that byte: the words of a round, where plain decoding would be. */
static int marks_at(Writer *w, size_t at)
{
    const TextMarks *marks = &w->view->marks;
    bool goes_on = ((unsigned char)w->item->text[at] & 0xC0) == 0x80; /* within a character */
    int attr = marks->item == w->item->id && at >= (size_t)marks->from && at < (size_t)marks->to
                   ? ATTR_REVERSE
                   : 0;
    /* What stands there may not be shown: the next character that is has the mark. */
    if (marks->ghost_item == w->item->id && at >= (size_t)marks->ghost_at) {
        if (goes_on && w->n > 0)
            attr |= w->attrs[w->n - 1] & ATTR_GHOST;
        else if (!w->ghost_done && w->item->text[at] != ' ')
            attr |= ATTR_GHOST;
        w->ghost_done = w->ghost_done || attr & ATTR_GHOST;
    }
    return attr;
}

/* Attribute of the item's byte at `at`; bytes are asked for in rising order. */
static int source_attr(Writer *w, size_t at)
{
    const Item *item = w->item;
    if (item->n_spans == 0)
        return base_attr(item) | marks_at(w, at);
    while (w->span + 1 < item->n_spans && (size_t)item->spans[w->span + 1].start <= at)
        w->span++;
    return pane_source_attr(w->view, item->spans[w->span].source) | marks_at(w, at);
}

/* Tabs become blanks here: a line is drawn in pieces, which know nothing of the columns before
 * them. */
static void put_byte(Writer *w, size_t at, char byte, int attr)
{
    do {
        w->sources[w->n] = at;
        w->text[w->n] = byte == '\t' ? ' ' : byte;
        w->attrs[w->n++] = (uint16_t)attr;
    } while (byte == '\t' && w->n % TEXT_TAB != 0);
}

/* Hands out the collected text, wrapped: the first line after `indent`, further ones after `hang`
 * columns. */
static void flush(Writer *w, int indent, int hang, LineLead lead)
{
    size_t at = 0;
    do {
        int used = indent + (w->n_lines == 0 ? w->first_indent : 0);
        int columns = w->width - used > 4 ? w->width - used : 4;
        size_t skip, n = text_wrap(w->text + at, w->n - at, columns, &skip);
        size_t from = n > 0 ? w->sources[at] : at > 0 ? w->sources[at - 1] + 1 : w->line_at;
        size_t to = n > 0 ? w->sources[at + n - 1] + 1 : from;
        Line line = {used, lead, w->text + at, w->attrs + at, n, from, to};
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
            put_byte(w, i, '`', STYLE_DIM | marks_at(w, i));
            continue;
        }
        if (!code && s[i] == '*' && i + 1 < to && s[i + 1] == '*' &&
            (bold ||
             (i + 2 < to && s[i + 2] != ' ' && (growing || closes(s, i + 2, to, "**", 2))))) {
            bold = !bold;
            i++;
            continue;
        }
        put_byte(w, i, s[i], source_attr(w, i) | extra | (bold ? ATTR_BOLD : 0));
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
        put_byte(w, i, w->item->text[i], source_attr(w, i));
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
    Fence fence = {0};
    size_t n = item->bytes;
    /* Blank lines at the end say nothing, and models like to end with them. */
    while (n > 0 && s[n - 1] == '\n')
        n--;
    size_t from = item->continued ? strspn(s, " \n") : 0;
    if (markdown && from < n && begins_block(s + from, n - from))
        flush(w, 0, 0, LEAD_NONE); /* what lines up starts below the speaker's name */
    while (from <= n) {
        const char *newline = from < n ? memchr(s + from, '\n', n - from) : NULL;
        size_t to = newline != NULL ? (size_t)(newline - s) : n;
        w->line_at = from;
        FenceLine line = markdown ? fence_line(&fence, s + from, to - from) : FENCE_NONE;
        if (!markdown) {
            write_raw(w, from, to);
            flush(w, 0, 0, LEAD_NONE);
        } else if (line == FENCE_OPENS) {
            while (from < to && (s[from] == fence.mark || s[from] == ' '))
                from++;
            write_raw(w, from, to); /* the language */
            flush(w, 2, 2, LEAD_CODE_BEGIN);
        } else if (line == FENCE_CLOSES) {
            flush(w, 2, 2, LEAD_CODE_END);
        } else if (fence.length > 0) {
            write_raw(w, from, to);
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
    w.sources = malloc(room * sizeof *w.sources);
    if (w.text != NULL && w.attrs != NULL && w.sources != NULL)
        write_item(&w, markdown);
    free(w.text);
    free(w.attrs);
    free(w.sources);
    return w.n_lines > 0 ? w.n_lines : 1;
}
