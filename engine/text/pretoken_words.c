/* pretoken_words.c - see pretoken_words.h. Characters are classed by their Unicode general category. */
#include "engine/text/pretoken_words.h"

#include <stdbool.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

typedef enum CharClass { CHAR_END, CHAR_SPACE, CHAR_LETTER, CHAR_NUMBER, CHAR_OTHER } CharClass;

typedef struct Char {
    ucs4_t code;
    size_t bytes; /* 0 at the end */
    CharClass class;
} Char;

static CharClass class_of(ucs4_t code)
{
    if (code < 0x80) {
        if (code == ' ' || (code >= '\t' && code <= '\r'))
            return CHAR_SPACE;
        if ((code | 0x20) >= 'a' && (code | 0x20) <= 'z')
            return CHAR_LETTER;
        return code >= '0' && code <= '9' ? CHAR_NUMBER : CHAR_OTHER;
    }
    if (uc_is_property_white_space(code))
        return CHAR_SPACE;
    if (uc_is_general_category_withtable(code, UC_CATEGORY_MASK_L))
        return CHAR_LETTER;
    return uc_is_general_category_withtable(code, UC_CATEGORY_MASK_N) ? CHAR_NUMBER : CHAR_OTHER;
}

/* The character at `at` of a text that ends at `end`. */
static Char char_at(const char *text, size_t at, size_t end)
{
    if (at >= end)
        return (Char){0, 0, CHAR_END};
    ucs4_t code;
    int bytes = u8_mbtoucr(&code, (const uint8_t *)text + at, end - at);
    if (bytes <= 0)
        return (Char){0xfffd, 1, CHAR_OTHER};
    return (Char){code, (size_t)bytes, class_of(code)};
}

/* The end of the run of characters of one class that begins at `at`. */
static size_t run_end(const char *text, size_t at, size_t end, CharClass class)
{
    for (;;) {
        Char c = char_at(text, at, end);
        if (c.class != class)
            return at;
        at += c.bytes;
    }
}

/* Bytes of 's 't 're 've 'm 'll 'd at the beginning; 0 = none of them. */
static size_t contraction(const char *text, size_t bytes, bool any_case)
{
    static const char *const ends[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    if (bytes < 2 || text[0] != '\'')
        return 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(ends[i]), k = 0;
        /* Only the letters of the list can become equal by setting this bit. */
        while (k < n && k + 1 < bytes && (text[k + 1] | (any_case ? 0x20 : 0)) == ends[i][k])
            k++;
        if (k == n)
            return n + 1;
    }
    return 0;
}

/* \s+(?!\S)|\s+ : spaces leave their last one to the word that follows. */
static size_t spaces_end(const char *text, size_t at, size_t end)
{
    size_t last = at, next = at;
    for (Char c; (c = char_at(text, next, end)).class == CHAR_SPACE; next += c.bytes)
        last = next;
    return next < end && last > at ? last : next;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
size_t gpt2_word(const char *text, size_t at, size_t end)
{
    size_t n = contraction(text + at, end - at, false);
    if (n > 0)
        return at + n;
    size_t body = at + (text[at] == ' ');
    CharClass class = char_at(text, body, end).class;
    if (class == CHAR_LETTER || class == CHAR_NUMBER || class == CHAR_OTHER)
        return run_end(text, body, end, class);
    return spaces_end(text, at, end);
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ */
static size_t lines_end(const char *text, size_t at, size_t end)
{
    size_t newline = at;
    for (size_t i = run_end(text, at, end, CHAR_SPACE); i > at; i--) {
        if (text[i - 1] == '\r' || text[i - 1] == '\n') {
            newline = i;
            break;
        }
    }
    return newline > at ? newline : spaces_end(text, at, end);
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
 *  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
size_t llama3_word(const char *text, size_t at, size_t end, int digits)
{
    size_t n = contraction(text + at, end - at, true);
    if (n > 0)
        return at + n;
    Char first = char_at(text, at, end);
    if (first.class == CHAR_LETTER)
        return run_end(text, at, end, CHAR_LETTER);
    if (first.class == CHAR_NUMBER) {
        for (Char c; digits > 0 && (c = char_at(text, at, end)).class == CHAR_NUMBER; digits--)
            at += c.bytes;
        return at;
    }
    size_t second = at + first.bytes;
    if (text[at] != '\r' && text[at] != '\n' && char_at(text, second, end).class == CHAR_LETTER)
        return run_end(text, second, end, CHAR_LETTER);
    size_t body = at + (text[at] == ' ');
    if (char_at(text, body, end).class == CHAR_OTHER) {
        at = run_end(text, body, end, CHAR_OTHER);
        while (at < end && (text[at] == '\r' || text[at] == '\n'))
            at++;
        return at;
    }
    return lines_end(text, at, end);
}

static bool has_category(Char c, uint32_t mask)
{
    return uc_is_general_category_withtable(c.code, mask);
}

/* \p{M}: signs that are set above, below or around the letter before them. */
static bool combines(Char c)
{
    return c.class == CHAR_OTHER && c.code >= 0x300 && has_category(c, UC_CATEGORY_MASK_M);
}

/* [\p{L}\p{M}] */
static bool letter_or_mark(Char c)
{
    return c.class == CHAR_LETTER || combines(c);
}

/* [\p{Lm}\p{Lo}\p{M}]: neither a capital nor a small letter. */
static bool caseless(Char c)
{
    if (c.code < 0x80)
        return false;
    return c.class == CHAR_LETTER ? has_category(c, UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Lo)
                                  : combines(c);
}

/* \p{Ll} */
static bool small_letter(Char c)
{
    if (c.class != CHAR_LETTER)
        return false;
    return c.code < 0x80 ? c.code >= 'a' : has_category(c, UC_CATEGORY_MASK_Ll);
}

/* [\p{Ll}\p{Lm}\p{Lo}\p{M}] */
static bool small_or_caseless(Char c)
{
    return small_letter(c) || caseless(c);
}

static size_t run_of(const char *text, size_t at, size_t end, bool (*in)(Char))
{
    for (Char c; c = char_at(text, at, end), c.bytes > 0 && in(c);)
        at += c.bytes;
    return at;
}

static bool is_newline(char c)
{
    return c == '\r' || c == '\n';
}

size_t qwen35_word(const char *text, size_t at, size_t end)
{
    size_t n = contraction(text + at, end - at, true);
    if (n > 0)
        return at + n;
    Char first = char_at(text, at, end);
    if (first.class == CHAR_NUMBER)
        return at + first.bytes;
    size_t second = at + first.bytes, word = run_of(text, second, end, letter_or_mark);
    if (letter_or_mark(first) || (word > second && !is_newline(text[at])))
        return word;
    size_t body = at + (text[at] == ' '), i = body;
    for (Char c; c = char_at(text, i, end), c.class == CHAR_OTHER && !combines(c);)
        i += c.bytes;
    if (i == body)
        return lines_end(text, at, end);
    while (i < end && is_newline(text[i]))
        i++;
    return i;
}

/* [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|
 * [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*
 * The end of such a word; `at` = there is none. Capitals, then small letters; where none follow, the
 * first form gives back what is behind the last caseless letter, and without one the second takes
 * the capitals. */
static size_t cased_end(const char *text, size_t at, size_t end)
{
    Char first = char_at(text, at, end);
    bool before = first.class == CHAR_SPACE || first.class == CHAR_OTHER;
    size_t begin = before && !is_newline(text[at]) ? at + first.bytes : at, i = begin, kept = 0;
    for (Char c; c = char_at(text, i, end), letter_or_mark(c) && !small_letter(c);) {
        i += c.bytes;
        if (caseless(c))
            kept = i;
    }
    if (small_letter(char_at(text, i, end)))
        return run_of(text, i, end, small_or_caseless);
    if (kept > 0)
        return kept;
    if (combines(first)) /* which is its own word, for nothing follows that it could stand before */
        return at + first.bytes;
    return i > begin ? i : at;
}

size_t tekken_word(const char *text, size_t at, size_t end, bool contractions, int digits)
{
    Char first = char_at(text, at, end);
    size_t word = cased_end(text, at, end);
    if (word > at)
        return word + (contractions ? contraction(text + word, end - word, true) : 0);
    if (first.class == CHAR_NUMBER) {
        for (Char c; digits > 0 && (c = char_at(text, at, end)).class == CHAR_NUMBER; digits--)
            at += c.bytes;
        return at;
    }
    size_t body = at + (text[at] == ' ');
    if (char_at(text, body, end).class != CHAR_OTHER)
        return lines_end(text, at, end);
    at = run_end(text, body, end, CHAR_OTHER);
    while (at < end && (is_newline(text[at]) || text[at] == '/'))
        at++;
    return at;
}

/* [\p{P}\$\+<=>\^~\|] */
static bool is_mark(Char c)
{
    if (c.class != CHAR_OTHER)
        return false;
    if (c.code < 0x80)
        return c.code > ' ' && c.code < 0x7f && c.code != '`';
    return uc_is_general_category_withtable(c.code, UC_CATEGORY_MASK_P);
}

/* The end of the stretch of characters that all are, or all are not, marks. */
size_t marks_end(const char *text, size_t at, size_t end)
{
    bool mark = is_mark(char_at(text, at, end));
    for (;;) {
        Char c = char_at(text, at, end);
        if (c.class == CHAR_END || is_mark(c) != mark)
            return at;
        at += c.bytes;
    }
}

/* \p{N} : the end of one digit, or of the stretch before the next one. */
size_t digit_end(const char *text, size_t at, size_t end)
{
    Char c = char_at(text, at, end);
    if (c.class == CHAR_NUMBER)
        return at + c.bytes;
    while (c.class != CHAR_END && c.class != CHAR_NUMBER) {
        at += c.bytes;
        c = char_at(text, at, end);
    }
    return at;
}

/* \p{N}+ and then [0-9][0-9][0-9], on one word of gpt2_word, of which the beginning is at `at`. */
size_t digits_end(const char *text, size_t at, size_t end)
{
    Char first = char_at(text, at, end);
    if (first.code == ' ' && char_at(text, at + 1, end).class == CHAR_NUMBER)
        return at + 1;
    if (first.class != CHAR_NUMBER)
        return end;
    int digits = 0;
    for (size_t i = at; i < end; i++) {
        digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
        if (digits == 3)
            return i - 2 == at ? i + 1 : i - 2;
    }
    return end;
}
