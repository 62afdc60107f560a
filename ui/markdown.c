/* markdown.c - see markdown.h. Source: the CommonMark constructs that chat models use most. */
#include "ui/markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/fence.h"
#include "ui/markdown_parts.h"
#include "ui/thoughts.h"

/* Hands out the collected text, wrapped: the first line after `indent`, further ones after `hang`
 * columns. */
static void flush(Writer *w, int indent, int hang, LineLead lead)
{
    size_t at = 0;
    writer_mark_hits(w, w->text, w->attrs, w->n);
    do {
        int used = indent + (w->n_lines == 0 ? w->first_indent : 0);
        int columns = w->width - used > 4 ? w->width - used : 4;
        size_t skip, n = text_wrap(w->text + at, w->n - at, columns, &skip);
        size_t from = n > 0 ? w->sources[at] : at > 0 ? w->sources[at - 1] + 1 : w->line_at;
        size_t to = n > 0 ? w->sources[at + n - 1] + 1 : from;
        writer_line(w,
                    (Line){.indent = used,
                           .lead = lead,
                           .text = w->text + at,
                           .bytes = n,
                           .from = from,
                           .to = to},
                    w->attrs + at, n + skip);
        at += n + skip;
        indent = hang;
        if (lead != LEAD_CODE)
            lead = LEAD_NONE;
    } while (at < w->n);
    w->n = 0;
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
        writer_inline(w, at + sharps + 1, to, ATTR_BOLD, growing, false);
        flush(w, 0, 0, LEAD_NONE);
        return;
    }
    while (at < to && s[at] == ' ')
        at++;
    int blanks = at - from > 12 ? 12 : (int)(at - from);
    bool bullet;
    size_t marker = list_marker(s + at, to - at, &bullet);
    if (bullet) {
        writer_inline(w, at + marker, to, 0, growing, false);
        flush(w, blanks + 2, blanks + 2, LEAD_BULLET);
    } else {
        writer_inline(w, at, to, 0, growing, false);
        flush(w, blanks, blanks + (int)marker, LEAD_NONE);
    }
}

static void write_raw(Writer *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        writer_byte(w, i, w->item->text[i], writer_attr(w, i));
}

static void write_code(Writer *w, size_t from, size_t to)
{
    if (w->styles == NULL) {
        write_raw(w, from, to);
        return;
    }
    highlight_line(&w->highlight, w->item->text + from, to - from, w->styles);
    for (size_t i = from; i < to; i++)
        writer_byte(w, i, w->item->text[i], w->styles[i - from] | writer_marks(w, i));
}

/* Code, a list or a table: its lines stand below each other. */
static bool begins_block(const Item *item, size_t from, size_t n)
{
    bool bullet;
    const char *s = item->text + from, *newline = memchr(s, '\n', n - from);
    size_t line = newline != NULL ? (size_t)(newline - s) : n - from;
    return fence_line(&(Fence){0}, s, line) == FENCE_OPENS ||
           list_marker(s, n - from, &bullet) > 0 || table_begins(item, from, n);
}

/* Thoughts as they came, dimmed. */
static void write_thoughts(Writer *w, const Thoughts *thoughts)
{
    const char *s = w->item->text;
    Fence fence = {0};
    for (size_t from = thoughts->from; from <= thoughts->to;) {
        const char *newline = memchr(s + from, '\n', thoughts->to - from);
        size_t to = newline != NULL ? (size_t)(newline - s) : thoughts->to;
        bool within = fence.length > 0;
        w->line_at = from;
        w->code = fence_line(&fence, s + from, to - from) == FENCE_OPENS ? CODE_BEGINS
                  : within                                               ? CODE_WITHIN
                                                                         : CODE_NONE;
        for (size_t i = from; i < to; i++)
            writer_byte(w, i, s[i], STYLE_DIM | writer_marks(w, i));
        flush(w, 0, 0, LEAD_NONE);
        from = to + 1;
    }
}

/* The line that they are folded to. */
static void write_folded(Writer *w, const Thoughts *thoughts)
{
    char text[48] = "thought";
    if (w->item->thought_tokens > 0)
        snprintf(text, sizeof text, "thought for %d tokens", w->item->thought_tokens);
    w->line_at = thoughts->from;
    w->code = CODE_NONE;
    w->folded_codes =
        fence_count(w->item->text + thoughts->from, thoughts->to - thoughts->from, &(Fence){0});
    for (const char *c = text; *c; c++)
        writer_byte(w, thoughts->from, *c, STYLE_DIM);
    flush(w, 0, 0, LEAD_NONE);
}

/* What a model thought before its answer, of which the first byte is returned; behind `n` where there
 * is none yet. */
static size_t write_before(Writer *w, size_t n)
{
    Thoughts thoughts;
    if (!thoughts_find(w->item->text, n, &thoughts))
        return 0;
    bool folded = w->view->folded && !thoughts.open;
    if (thoughts.from == thoughts.to && !thoughts.open)
        return thoughts.end; /* none, said with marks */
    if (folded)
        write_folded(w, &thoughts);
    else
        write_thoughts(w, &thoughts);
    if (thoughts.end >= n)
        return n + 1;
    w->code = CODE_NONE;
    w->line_at = thoughts.end;
    if (!folded)
        flush(w, 0, 0, LEAD_NONE);
    return thoughts.end;
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
    if (markdown && !item->continued)
        from = write_before(w, n);
    if (markdown && fence.length == 0 && from < n && begins_block(item, from, n))
        flush(w, 0, 0, LEAD_NONE); /* what lines up starts below the speaker's name */
    while (from <= n) {
        const char *newline = from < n ? memchr(s + from, '\n', n - from) : NULL;
        size_t to = newline != NULL ? (size_t)(newline - s) : n;
        w->line_at = from;
        w->code = CODE_NONE;
        if (markdown && fence.length == 0 && table_begins(item, from, n)) {
            size_t end = table_write(w, from, n);
            bool written = end > from;
            from = end;
            if (written)
                continue;
        }
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
    size_t room = item->bytes * TEXT_TAB + 64; /* and a line that stands for thoughts */
    w.text = malloc(room);
    w.attrs = malloc(room * sizeof *w.attrs);
    w.sources = malloc(room * sizeof *w.sources);
    bool styled = sink != NULL && markdown && view->colours == COLOURS_BY_CODE;
    if (styled)
        w.styles = malloc((item->bytes + 1) * sizeof *w.styles);
    if (w.text != NULL && w.attrs != NULL && w.sources != NULL && (w.styles != NULL || !styled))
        write_item(&w, markdown);
    free(w.styles);
    free(w.text);
    free(w.attrs);
    free(w.sources);
    return w.n_lines > 0 ? w.n_lines : 1;
}
