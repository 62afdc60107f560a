/* jinja_lexer.c - see jinja_lexer.h. */
#include "engine/text/jinja_lexer.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char char_at(const JinjaLexer *lexer, size_t at)
{
    return at < lexer->bytes ? lexer->text[at] : '\0';
}

/* What follows a tag: "-%}" takes all white space, "%}" one newline, "}}" nothing. */
static void leave_tag(JinjaLexer *lexer, bool strip, bool trim)
{
    size_t begin = lexer->at;
    if (!strip && trim && char_at(lexer, lexer->at) == '\n')
        lexer->at++;
    while (strip && lexer->at < lexer->bytes && is_blank(lexer->text[lexer->at]))
        lexer->at++;
    lexer->line_starts = lexer->at > begin && lexer->text[lexer->at - 1] == '\n';
}

static size_t find_tag(const JinjaLexer *lexer)
{
    size_t at = lexer->at;
    while (at + 1 < lexer->bytes &&
           (lexer->text[at] != '{' || memchr("{%#", lexer->text[at + 1], 3) == NULL))
        at++;
    return at + 1 < lexer->bytes ? at : lexer->bytes;
}

/* The text before a tag that begins at `tag`, without the white space that the tag takes. */
static Value text_before(const JinjaLexer *lexer, size_t tag)
{
    const char *text = lexer->text + lexer->at;
    size_t n = tag - lexer->at;
    char sign = char_at(lexer, tag + 2);
    if (sign == '-') {
        while (n > 0 && is_blank(text[n - 1]))
            n--;
    } else if (sign != '+' && char_at(lexer, tag + 1) != '{') {
        size_t line = n;
        while (line > 0 && (text[line - 1] == ' ' || text[line - 1] == '\t'))
            line--;
        if (line > 0 ? text[line - 1] == '\n' : lexer->line_starts)
            n = line;
    }
    return value_text(text, n);
}

TagKind jinja_text(JinjaLexer *lexer, Value *text, bool *more)
{
    size_t tag = find_tag(lexer);
    *more = false;
    if (tag == lexer->bytes) {
        size_t n = tag - lexer->at;
        n -= n > 0 && lexer->text[tag - 1] == '\n'; /* keep_trailing_newline is off */
        *text = value_text(lexer->text + lexer->at, n);
        lexer->at = tag;
        return TAG_NONE;
    }
    *text = text_before(lexer, tag);
    char kind = lexer->text[tag + 1], sign = char_at(lexer, tag + 2);
    lexer->at = tag + 2 + (sign == '-' || sign == '+');
    if (kind == '#') {
        const char *rest = lexer->text + lexer->at;
        const char *end = memmem(rest, lexer->bytes - lexer->at, "#}", 2);
        if (end == NULL)
            return TAG_WRONG;
        lexer->at += (size_t)(end - rest) + 2;
        leave_tag(lexer, end > rest && end[-1] == '-', end == rest || end[-1] != '+');
        *more = true;
        return TAG_NONE;
    }
    lexer->printing = kind == '{';
    jinja_next(lexer);
    return kind == '{' ? TAG_PRINT : TAG_BLOCK;
}

/* Resolves escapes; what has another meaning in Python is not known. */
static JinjaToken read_string(JinjaLexer *lexer)
{
    JinjaToken wrong = {.kind = JINJA_WRONG};
    char quote = lexer->text[lexer->at++];
    size_t end = lexer->at, n = 0;
    while (end < lexer->bytes && lexer->text[end] != quote)
        end += lexer->text[end] == '\\' ? 2 : 1;
    if (end >= lexer->bytes)
        return wrong;
    char *out = jinja_alloc(lexer->arena, end - lexer->at + 1);
    if (out == NULL)
        return wrong;
    while (lexer->at < end) {
        char c = lexer->text[lexer->at++];
        if (c == '\\') {
            static const char escapes[] = "n\nt\tr\r\\\\''\"\"";
            c = lexer->text[lexer->at++];
            const char *known = NULL;
            for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
                known = escapes[i] == c ? &escapes[i + 1] : known;
            if (known == NULL)
                return wrong;
            c = *known;
        }
        out[n++] = c;
    }
    lexer->at = end + 1;
    return (JinjaToken){JINJA_STRING, value_text(out, n)};
}

static JinjaToken read_int(JinjaLexer *lexer)
{
    int64_t number = 0;
    for (; is_digit(char_at(lexer, lexer->at)); lexer->at++) {
        number = 10 * number + (lexer->text[lexer->at] - '0');
        if (number > 1000000)
            return (JinjaToken){.kind = JINJA_WRONG};
    }
    bool other = is_letter(char_at(lexer, lexer->at)) || char_at(lexer, lexer->at) == '.';
    return (JinjaToken){other ? JINJA_WRONG : JINJA_INT, value_int(number)};
}

static bool read_end(JinjaLexer *lexer)
{
    char sign = char_at(lexer, lexer->at);
    size_t at = lexer->at + (sign == '-' || (sign == '+' && !lexer->printing));
    if (char_at(lexer, at) != (lexer->printing ? '}' : '%') || char_at(lexer, at + 1) != '}')
        return false;
    lexer->at = at + 2;
    leave_tag(lexer, sign == '-', !lexer->printing && sign != '+');
    return true;
}

static JinjaToken read_mark(JinjaLexer *lexer)
{
    static const char *const marks[] = {"==", "!=", "<=", ">=", "<", ">", "+", "-", "~", "|", "(",
                                        ")",  "[",  "]",  "{",  "}", ",", ".", ":", "=", "%"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i]);
        if (n > lexer->bytes - lexer->at || memcmp(lexer->text + lexer->at, marks[i], n) != 0)
            continue;
        lexer->at += n;
        return (JinjaToken){JINJA_MARK, value_text(marks[i], n)};
    }
    return (JinjaToken){.kind = JINJA_WRONG};
}

void jinja_next(JinjaLexer *lexer)
{
    JinjaToken *token = &lexer->token;
    if (token->kind == JINJA_WRONG && lexer->steps <= 0)
        return;
    while (lexer->at < lexer->bytes && is_blank(lexer->text[lexer->at]))
        lexer->at++;
    char c = char_at(lexer, lexer->at);
    if (lexer->at >= lexer->bytes || --lexer->steps <= 0) {
        lexer->steps = 0;
        *token = (JinjaToken){.kind = JINJA_WRONG};
    } else if (c == '\'' || c == '"') {
        *token = read_string(lexer);
    } else if (is_digit(c)) {
        *token = read_int(lexer);
    } else if (is_letter(c)) {
        size_t begin = lexer->at;
        while (is_letter(char_at(lexer, lexer->at)) || is_digit(char_at(lexer, lexer->at)))
            lexer->at++;
        *token = (JinjaToken){JINJA_NAME, value_text(lexer->text + begin, lexer->at - begin)};
    } else if (read_end(lexer)) {
        *token = (JinjaToken){.kind = JINJA_END};
    } else {
        *token = read_mark(lexer);
    }
}

bool jinja_is(const JinjaLexer *lexer, const char *word)
{
    bool worded = lexer->token.kind == JINJA_MARK || lexer->token.kind == JINJA_NAME;
    return worded && value_is_text(lexer->token.value, word);
}

bool jinja_take(JinjaLexer *lexer, const char *word)
{
    bool is = jinja_is(lexer, word);
    if (is)
        jinja_next(lexer);
    return is;
}
