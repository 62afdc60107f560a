/* markdown_inline.c - what stands within a line of markdown. See markdown_parts.h.
 *
 * Emphasis by one mark is narrower than CommonMark's: it begins and ends at words, so that products
 * (2*3*4) and names (a_b_c) stay as they are.
 */
#include <string.h>

#include "ui/markdown_parts.h"
#include "ui/panes/pane.h"

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

int writer_marks(Writer *w, size_t at)
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

int writer_attr(Writer *w, size_t at)
{
    const Item *item = w->item;
    if (item->n_spans == 0)
        return base_attr(item) | writer_marks(w, at);
    if (w->styles != NULL)
        return STYLE_TEXT | writer_marks(w, at);
    while (w->span + 1 < item->n_spans && (size_t)item->spans[w->span + 1].start <= at)
        w->span++;
    return pane_source_attr(w->view, item->spans[w->span].source) | writer_marks(w, at);
}

/* Tabs become blanks here: a line is drawn in pieces, which know nothing of the columns before
 * them. */
void writer_byte(Writer *w, size_t at, char byte, int attr)
{
    do {
        w->sources[w->n] = at;
        w->text[w->n] = byte == '\t' ? ' ' : byte;
        w->attrs[w->n++] = (uint16_t)attr;
    } while (byte == '\t' && w->n % TEXT_TAB != 0);
}

enum { HIT_BEGINS = 0x8000 }; /* an attribute of this file alone */

void writer_mark_hits(Writer *w, const char *text, uint16_t *attrs, size_t n)
{
    const Search *search = &w->view->search;
    size_t length;
    if (!search->shown || w->item->kind == ITEM_COMMAND) /* "/search x" is no place of x */
        return;
    bool here = search->item == w->item->id;
    int hit = w->hits;
    for (size_t at = 0; (at = search_find(search->pattern, text, n, at, &length)) < n;
         at += length, hit++) {
        bool current = here && hit == search->hit;
        for (size_t i = at; i < at + length; i++)
            attrs[i] = (uint16_t)(current ? STYLE_WARN | ATTR_BOLD | ATTR_REVERSE
                                          : attrs[i] | ATTR_REVERSE);
        attrs[at] |= HIT_BEGINS;
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

void writer_line(Writer *w, Line line, uint16_t *attrs, size_t taken)
{
    line.attrs = attrs;
    line.code = w->code != CODE_NONE;
    line.begins_code = (w->code == CODE_BEGINS) + w->folded_codes;
    w->folded_codes = 0;
    line.hits = hits_in(attrs, taken);
    line.hit_from = w->hits;
    if (w->code == CODE_BEGINS)
        w->code = CODE_WITHIN; /* further rows of the same line */
    w->hits += line.hits;
    if (w->sink != NULL)
        w->sink(w->user, &line);
    w->n_lines++;
}

/* Does the mark that opened at i close again in this line? */
static bool closes(const char *s, size_t i, size_t n, const char *mark, size_t length)
{
    for (; i + length <= n; i++)
        if (memcmp(s + i, mark, length) == 0)
            return true;
    return false;
}

static bool is_word(char c)
{
    return (c & 0x80) != 0 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

/* Where the emphasis ends that s[i], a single * or _, begins in s[from … to); 0 = it begins none. */
static size_t emphasis_end(const char *s, size_t from, size_t i, size_t to)
{
    char mark = s[i];
    if (i + 2 >= to || s[i + 1] == ' ' || s[i + 1] == mark || (i > from && is_word(s[i - 1])))
        return 0;
    for (size_t k = i + 1; k < to; k++) {
        if (s[k] == '`')
            return 0;
        if (s[k] != mark)
            continue;
        if (k + 1 < to && s[k + 1] == mark) {
            k++;
            continue;
        }
        if (k > i + 1 && s[k - 1] != ' ' && (k + 1 == to || !is_word(s[k + 1])))
            return k;
    }
    return 0;
}

void writer_inline(Writer *w, size_t from, size_t to, int extra, bool growing, bool cell)
{
    const char *s = w->item->text;
    bool bold = false, code = false;
    size_t italic = 0; /* where it ends; 0 = none is open */
    for (size_t i = from; i < to; i++) {
        if (s[i] == '`' && (code || growing || closes(s, i + 1, to, "`", 1))) {
            code = !code;
            writer_byte(w, i, '`', STYLE_DIM | writer_marks(w, i));
            continue;
        }
        if (!code && s[i] == '*' && i + 1 < to && s[i + 1] == '*' &&
            (bold ||
             (i + 2 < to && s[i + 2] != ' ' && (growing || closes(s, i + 2, to, "**", 2))))) {
            bold = !bold;
            i++;
            continue;
        }
        if (italic > 0 && i == italic) {
            italic = 0;
            continue;
        }
        if (!code && italic == 0 && (s[i] == '*' || s[i] == '_') &&
            (italic = emphasis_end(s, from, i, to)) > 0)
            continue;
        if (cell && s[i] == '\\' && i + 1 < to && s[i + 1] == '|')
            i++;
        writer_byte(w, i, s[i],
                    writer_attr(w, i) | extra | (bold ? ATTR_BOLD : 0) |
                        (italic > 0 ? ATTR_ITALIC : 0));
    }
}
