/* text.c - see text.h. Sources: ECMA-48 (escape sequences), Unicode 15 (format and bidi controls),
 * RFC 3629. */
#include "ui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uniwidth.h>

#include "kernels/common/unsafe.h"

size_t text_decode(const char *s, size_t n, uint32_t *ch)
{
    const unsigned char *u = (const unsigned char *)s;
    *ch = TEXT_REPLACEMENT;
    if (n == 0)
        return 0;
    if (u[0] < 0x80) {
        *ch = u[0];
        return 1;
    }
    size_t length = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4)
        return 1;
    uint32_t value = u[0] & (0x7F >> length);
    for (size_t i = 1; i < length; i++) {
        if (i >= n || (u[i] & 0xC0) != 0x80)
            return i;
        value = value << 6 | (u[i] & 0x3F);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value >= least[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF))
        *ch = value;
    return length;
}

size_t text_encode(uint32_t ch, char out[4])
{
    if (ch < 0x80) {
        out[0] = (char)ch;
        return 1;
    }
    size_t length = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--, ch >>= 6)
        out[i] = (char)(0x80 | (ch & 0x3F));
    out[0] = (char)(lead[length] | ch);
    return length;
}

bool text_invisible(uint32_t ch)
{
    return ch == 0xAD || ch == 0x34F || ch == 0x180E || (ch >= 0x200B && ch <= 0x200D) ||
           (ch >= 0x2060 && ch <= 0x2065) || (ch >= 0xFE00 && ch <= 0xFE0F) || ch == 0xFEFF;
}

int text_char_width(uint32_t ch)
{
    if (ch < 0x80)
        return ch >= 0x20 && ch < 0x7F ? 1 : -1;
    if (unsafe_char(ch))
        return -1;
    return text_invisible(ch) ? 0 : uc_width(ch, "UTF-8");
}

/* Columns that ch takes when it starts at `column`; what cannot be printed is drawn as U+FFFD. */
static int columns_of(uint32_t ch, int column)
{
    if (ch == '\t')
        return TEXT_TAB - column % TEXT_TAB;
    int width = text_char_width(ch);
    return width < 0 ? 1 : width;
}

int text_width(const char *s, size_t n)
{
    int column = 0;
    uint32_t ch;
    for (size_t i = 0; i < n;) {
        i += text_decode(s + i, n - i, &ch);
        column += columns_of(ch, column);
    }
    return column;
}

size_t text_fit(const char *s, size_t n, int columns)
{
    int column = 0;
    size_t i = 0;
    while (i < n) {
        uint32_t ch;
        size_t step = text_decode(s + i, n - i, &ch);
        column += columns_of(ch, column);
        if (column > columns)
            break;
        i += step;
    }
    return i;
}

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\t';
}

size_t text_wrap(const char *s, size_t n, int columns, size_t *skip)
{
    size_t i = 0, brk = 0; /* brk: where the line ends if it breaks at the last chance seen */
    int column = 0, before = 0;
    bool ink = false; /* something but blanks has come */
    *skip = 0;
    while (i < n) {
        uint32_t ch;
        size_t step = text_decode(s + i, n - i, &ch);
        if (ch == '\n') {
            *skip = 1;
            return i;
        }
        int width = columns_of(ch, column);
        /* Before a blank, after a hyphen within a word, around wide characters. */
        if (ink && width > 0 &&
            (is_blank(s[i]) || width == 2 || before == 2 || (s[i - 1] == '-' && ch != '-')))
            brk = i;
        if (column + width > columns && i > 0 && width > 0) {
            size_t end = brk > 0 ? brk : i, next = end;
            while (next < n && is_blank(s[next]))
                next++;
            /* Blanks that hang over the edge vanish with the newline behind them. */
            if (next > end && next < n && s[next] == '\n')
                next++;
            while (end > 0 && is_blank(s[end - 1]))
                end--;
            *skip = next - end;
            return end;
        }
        ink = ink || !is_blank(s[i]);
        column += width;
        before = width > 0 ? width : before;
        i += step;
    }
    return n;
}

enum { GROUND, ESCAPE, CSI, STRING, STRING_ESCAPE };

/* Takes one character; returns what is to be shown of it, 0 = nothing. */
static uint32_t clean_char(TextCleaner *cleaner, uint32_t ch)
{
    if (ch == '\n' || ch == 0x2028 || ch == 0x2029) { /* separators of lines and paragraphs */
        cleaner->state = GROUND;
        return '\n';
    }
    switch (cleaner->state) {
    case ESCAPE:
        if (ch == '[')
            cleaner->state = CSI;
        else if (ch == ']' || ch == 'P' || ch == '^' || ch == '_' || ch == 'X')
            cleaner->state = STRING;
        else if (ch != 0x1B && !(ch >= 0x20 && ch < 0x30)) /* 0x20 … 0x2F: intermediate bytes */
            cleaner->state = GROUND;
        return 0;
    case CSI:
        if (ch == 0x1B)
            cleaner->state = ESCAPE;
        else if (ch < 0x20 || ch > 0x3F)
            cleaner->state = GROUND;
        return 0;
    case STRING:
    case STRING_ESCAPE:
        if (ch == 0x07 || ch == 0x9C || ch == 0x18 || ch == 0x1A ||
            (cleaner->state == STRING_ESCAPE && ch == '\\'))
            cleaner->state = GROUND;
        else
            cleaner->state = ch == 0x1B ? STRING_ESCAPE : STRING;
        return 0;
    }
    if (ch == 0x1B)
        cleaner->state = ESCAPE;
    else if (ch == 0x9B)
        cleaner->state = CSI;
    else if (ch == 0x90 || ch == 0x98 || (ch >= 0x9D && ch <= 0x9F))
        cleaner->state = STRING;
    return unsafe_char(ch) && ch != '\t' ? 0 : ch;
}

/* True when s holds the start of a character that further bytes could complete. */
static bool is_cut(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t length = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4 || n >= length)
        return false;
    for (size_t i = 1; i < n; i++)
        if ((u[i] & 0xC0) != 0x80)
            return false;
    return true;
}

size_t text_clean(TextCleaner *cleaner, const char *s, size_t n, char *out)
{
    size_t length = 0;
    uint32_t ch;
    for (size_t i = 0; i < n;) {
        size_t step;
        if (cleaner->n_partial > 0) {
            /* Join what was cut with as many new bytes as a character can need. */
            char joined[8];
            size_t old = (size_t)cleaner->n_partial, more = n - i < 3 ? n - i : 3;
            memcpy(joined, &cleaner->partial, old);
            memcpy(joined + old, s + i, more);
            if (is_cut(joined, old + more)) {
                memcpy(&cleaner->partial, joined, old + more);
                cleaner->n_partial = (int)(old + more);
                break;
            }
            step = text_decode(joined, old + more, &ch);
            step = step > old ? step - old : 0;
            cleaner->n_partial = 0;
        } else if (is_cut(s + i, n - i)) {
            cleaner->n_partial = (int)(n - i);
            memcpy(&cleaner->partial, s + i, n - i);
            break;
        } else {
            step = text_decode(s + i, n - i, &ch);
        }
        ch = clean_char(cleaner, ch);
        if (ch != 0)
            length += text_encode(ch, out + length);
        i += step;
    }
    out[length] = '\0';
    return length;
}

void text_clean_line(const char *s, char *out, size_t bytes)
{
    TextCleaner cleaner = {0};
    size_t length = 0;
    for (uint32_t ch; *s != '\0' && length + 5 <= bytes;) {
        s += text_decode(s, strnlen(s, 4), &ch);
        ch = clean_char(&cleaner, ch);
        if (ch == '\n' || ch == '\t')
            ch = ' ';
        if (ch != 0)
            length += text_encode(ch, out + length);
    }
    out[length] = '\0';
}

void text_quote(const char *s, char *out, size_t bytes)
{
    char piece[16];
    size_t length = 1, n = strlen(s);
    out[0] = '\'';
    for (size_t i = 0; i < n;) {
        uint32_t ch;
        size_t step = text_decode(s + i, n - i, &ch);
        size_t shown;
        if (ch == '\n' || ch == '\t' || ch == '\r')
            shown = (size_t)snprintf(piece, sizeof piece, "\\%c",
                                     ch == '\n'   ? 'n'
                                     : ch == '\t' ? 't'
                                                  : 'r');
        else if (ch == TEXT_REPLACEMENT && !(step == 3 && memcmp(s + i, "\xEF\xBF\xBD", 3) == 0))
            shown = (size_t)snprintf(piece, sizeof piece, "\\x%02X", (unsigned char)s[i]), step = 1;
        else if (unsafe_char(ch) || text_invisible(ch))
            shown = (size_t)snprintf(piece, sizeof piece, ch < 256 ? "\\x%02X" : "\\u%04X", ch);
        else
            shown = text_encode(ch, piece);
        if (length + shown + 2 > bytes)
            break;
        memcpy(out + length, piece, shown);
        length += shown;
        i += step;
    }
    out[length] = '\'';
    out[length + 1] = '\0';
}

void text_truncate(char *s, int columns)
{
    size_t n = strlen(s);
    if (text_width(s, n) <= columns)
        return;
    size_t keep = text_fit(s, n, columns - 1);
    const char *mark = MB_CUR_MAX > 1 ? "\xE2\x80\xA6" : "~";
    /* What was cut off took at least as many bytes as "~" does; the ellipsis needs three. */
    if (columns < 1)
        mark = "";
    else if (keep + strlen(mark) > n)
        mark = "~";
    strcpy(s + keep, mark);
}
