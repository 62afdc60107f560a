/* highlight.c - see highlight.h. */
#include "ui/highlight.h"

#include <stdbool.h>
#include <string.h>

#include "ui/cells.h"
#include "ui/language.h"

static bool is_word(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_' || (unsigned char)ch >= 0x80;
}

void highlight_begin(Highlight *highlight, const char *info, size_t n)
{
    size_t from = 0, to;
    while (from < n && (info[from] == ' ' || info[from] == '{' || info[from] == '.'))
        from++;
    for (to = from; to < n && memchr(" \t{},:;", info[to], 7) == NULL; to++)
        ;
    *highlight = (Highlight){0};
    highlight->language = language_of(info + from, to - from);
}

static bool begins(const char *s, size_t n, const char *with)
{
    size_t bytes = with != NULL ? strlen(with) : 0;
    return bytes > 0 && bytes <= n && memcmp(s, with, bytes) == 0;
}

static bool begins_comment(const Language *language, const char *line, size_t i, size_t n)
{
    if (language->apart && i > 0 && line[i - 1] != ' ' && line[i - 1] != '\t')
        return false;
    for (const char *at = language->comments; at[0] == ' ' && at[1] != '\0';) {
        size_t bytes = strcspn(at + 1, " ");
        if (bytes <= n - i && memcmp(line + i, at + 1, bytes) == 0)
            return true;
        at += bytes + 1;
    }
    return false;
}

/* Returns where what is open ends, from i on; it is closed then, or goes on after the line. */
static size_t close_part(Highlight *highlight, const char *line, size_t i, size_t n)
{
    const char *raw = highlight->language->raw_quotes;
    bool string = highlight->style == STYLE_STRING;
    bool escapes = string && (raw == NULL || strchr(raw, highlight->end[0]) == NULL);
    for (; i < n; i++) {
        if (escapes && line[i] == '\\') {
            i++;
        } else if (begins(line + i, n - i, highlight->end)) {
            i += strlen(highlight->end);
            highlight->end[0] = '\0';
            return i;
        }
    }
    return n;
}

/* Is what begins at i with a single quote a character, as 'x' and '\n', and no lifetime? */
static bool is_character(const char *line, size_t i, size_t n)
{
    size_t end = i + 2;
    if (i + 1 < n && line[i + 1] == '\\')
        return true;
    while (end < n && ((unsigned char)line[end] & 0xC0) == 0x80)
        end++;
    return end < n && line[end] == '\'';
}

/* Opens the string or comment that begins at i, if one does; *over: it may go over lines. Returns
 * the bytes of what opens it. */
static size_t open_part(Highlight *highlight, const char *line, size_t i, size_t n, bool *over)
{
    const Language *language = highlight->language;
    char quote = line[i];
    *over = true;
    if (begins(line + i, n - i, language->open)) {
        strcpy(highlight->end, language->close);
        highlight->style = STYLE_COMMENT;
        return strlen(language->open);
    }
    bool is_long = language->long_quotes != NULL && strchr(language->long_quotes, quote) != NULL;
    bool is_short = language->quotes != NULL && strchr(language->quotes, quote) != NULL;
    if (quote == '\0' || (!is_long && !is_short) ||
        (language->lifetimes && quote == '\'' && !is_character(line, i, n)))
        return 0;
    highlight->style = STYLE_STRING;
    size_t marks =
        language->triple && i + 2 < n && line[i + 1] == quote && line[i + 2] == quote ? 3 : 1;
    memset(highlight->end, quote, marks);
    highlight->end[marks] = '\0';
    *over = is_long || marks == 3;
    return marks;
}

static void paint(uint16_t *styles, size_t from, size_t to, int style)
{
    for (size_t i = from; i < to; i++)
        styles[i] = (uint16_t)style;
}

/* A word or a number at i; returns where it ends. */
static size_t end_of_word(const Language *language, const char *line, size_t i, size_t n,
                          uint16_t *styles)
{
    size_t end = i;
    bool number = line[i] >= '0' && line[i] <= '9';
    while (end < n && (is_word(line[end]) || (number && line[end] == '.')))
        end++;
    if (number)
        paint(styles, i, end, STYLE_NUMBER);
    else if (language_lists(language->keywords, line + i, end - i, language->any_case))
        paint(styles, i, end, STYLE_KEYWORD);
    return end;
}

/* "#include" where a line begins with it: bytes of it, else 0. */
static size_t directive_at(const Language *language, const char *line, size_t i, size_t n)
{
    size_t blanks = 0, end = i + 1;
    while (blanks < i && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    if (!language->directives || line[i] != '#' || blanks < i)
        return 0;
    while (end < n && (is_word(line[end]) || line[end] == ' '))
        end++;
    for (size_t word = i + 1; word < end; word++) /* one word */
        if (line[word] != ' ' && word + 1 < end && line[word + 1] == ' ')
            end = word + 1;
    return end - i;
}

void highlight_line(Highlight *highlight, const char *line, size_t n, uint16_t *styles)
{
    const Language *language = highlight->language;
    size_t i = 0, end;
    paint(styles, 0, n, STYLE_TEXT);
    if (language == NULL)
        return;
    if (highlight->end[0] != '\0') {
        i = close_part(highlight, line, 0, n);
        paint(styles, 0, i, highlight->style);
    }
    for (; i < n; i = end) {
        bool over;
        size_t marks = open_part(highlight, line, i, n, &over);
        size_t directive = directive_at(language, line, i, n);
        if (marks > 0) {
            end = close_part(highlight, line, i + marks, n);
            paint(styles, i, end, highlight->style);
            if (!over)
                highlight->end[0] = '\0';
        } else if (begins_comment(language, line, i, n)) {
            end = n;
            paint(styles, i, end, STYLE_COMMENT);
        } else if (directive > 0) {
            end = i + directive;
            paint(styles, i, end, STYLE_KEYWORD);
        } else if (is_word(line[i])) {
            end = end_of_word(language, line, i, n, styles);
        } else {
            end = i + 1;
        }
    }
}
