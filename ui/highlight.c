/* highlight.c - see highlight.h. One more language is a row of `languages`. */
#include "ui/highlight.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "ui/cells.h"

enum { WORD_BYTES = 24 }; /* longer words are no keywords */

typedef struct Language {
    const char *names;        /* what fences call it, blanks between and around */
    const char *comments;     /* what begins one that ends with the line, in the same way */
    const char *open, *close; /* a comment over lines; NULL = there are none */
    const char *quotes;       /* begin strings that end with the line at the latest */
    const char *long_quotes;  /* begin strings that may go over lines */
    const char *raw_quotes;   /* of these, those without backslashes */
    const char *keywords;     /* blanks between and around */
    bool triple;              /* three quotes begin a string over lines */
    bool any_case;            /* of keywords */
    bool directives;          /* "#word" at a line's beginning is a keyword */
    bool apart;               /* a comment has a blank before it */
    bool lifetimes;           /* 'a is no string, 'a' is one */
} Language;

#define C_WORDS                                                                                 \
    " auto bool break case char const continue default do double else enum extern false "       \
    "float for goto if inline int long register restrict return short signed sizeof static "    \
    "struct switch true typedef union unsigned void volatile while NULL size_t int8_t int16_t " \
    "int32_t int64_t uint8_t uint16_t uint32_t uint64_t "
#define JS_WORDS                                                                              \
    " async await break case catch class const continue debugger default delete do else "     \
    "export extends false finally for from function if import in instanceof let new null of " \
    "return static super switch this throw true try typeof undefined var void while yield "

static const Language languages[] = {
    {.names = " c h ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .keywords = C_WORDS,
     .directives = true},
    {.names = " cpp c++ cc cxx hpp cuda cu ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .keywords =
         C_WORDS "catch class constexpr decltype delete explicit final friend mutable namespace "
                 "new noexcept nullptr operator override private protected public std string "
                 "template this throw try typename using vector virtual ",
     .directives = true},
    {.names = " python py python3 ",
     .comments = " # ",
     .quotes = "\"'",
     .triple = true,
     .keywords = " and as assert async await break class continue def del elif else except False "
                 "finally for from global if import in is lambda match None nonlocal not or pass "
                 "raise return self True try while with yield "},
    {.names = " javascript js jsx node ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .long_quotes = "`",
     .keywords = JS_WORDS},
    {.names = " typescript ts tsx ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .long_quotes = "`",
     .keywords = JS_WORDS "abstract any as boolean declare enum implements interface keyof "
                          "namespace never number private protected public readonly string type "
                          "unknown "},
    {.names = " java kotlin kt ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .triple = true,
     .keywords = " abstract assert boolean break byte case catch char class continue default do "
                 "double else enum extends final finally float for fun if implements import "
                 "instanceof int interface long new null package private protected public record "
                 "return short static super switch synchronized this throw throws true false try "
                 "val var void volatile when while String "},
    {.names = " go golang ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .long_quotes = "`",
     .raw_quotes = "`",
     .keywords = " break case chan const continue default defer else error fallthrough false for "
                 "func go goto if import int interface map nil package range return select string "
                 "struct switch true type var bool byte float64 int64 "},
    {.names = " rust rs ",
     .comments = " // ",
     .open = "/*",
     .close = "*/",
     .long_quotes = "\"",
     .quotes = "'",
     .lifetimes = true,
     .keywords = " as async await bool break char const continue crate dyn else enum extern false "
                 "fn for if impl in let loop match mod move mut pub ref return self Self static "
                 "str String struct super trait true type unsafe use usize where while i32 i64 u8 "
                 "u32 u64 f32 f64 Option Result Vec Some None Ok Err "},
    {.names = " sh bash shell zsh console ",
     .comments = " # ",
     .long_quotes = "\"'",
     .raw_quotes = "'",
     .apart = true,
     .keywords = " case cd do done echo elif else esac exit export fi for function if in local "
                 "read return set shift then until while sudo "},
    {.names = " sql sqlite mysql postgresql ",
     .comments = " -- ",
     .open = "/*",
     .close = "*/",
     .quotes = "\"",
     .long_quotes = "'",
     .raw_quotes = "'",
     .any_case = true,
     .keywords = " add all alter and as asc avg between by case count create default delete desc "
                 "distinct drop else end exists foreign from group having in index inner insert "
                 "int integer into is join key left like limit max min not null on or order outer "
                 "primary references right select set sum table text then union unique update "
                 "values varchar view when where with "},
    {.names = " json jsonc ", .comments = " // ", .quotes = "\"", .keywords = " true false null "},
    {.names = " yaml yml toml ini ",
     .comments = " # ",
     .quotes = "\"'",
     .apart = true,
     .keywords = " true false null yes no on off "},
    {.names = " ruby rb ",
     .comments = " # ",
     .quotes = "\"'",
     .apart = true,
     .keywords = " and begin break case class def do else elsif end ensure false for if in module "
                 "next nil not or puts rescue require return self super then true unless until "
                 "when while yield "},
    {.names = " lua ",
     .comments = " -- ",
     .open = "--[[",
     .close = "]]",
     .quotes = "\"'",
     .keywords = " and break do else elseif end false for function goto if in local nil not or "
                 "repeat return then true until while "},
    {.names = " html xml svg ",
     .comments = "",
     .open = "<!--",
     .close = "-->",
     .quotes = "\"",
     .keywords = ""},
    {.names = " css scss ",
     .comments = "",
     .open = "/*",
     .close = "*/",
     .quotes = "\"'",
     .keywords = " important from to and not only "},
    {.names = " make makefile cmake dockerfile docker ",
     .comments = " # ",
     .quotes = "\"",
     .apart = true,
     .any_case = true,
     .keywords = " if ifeq ifneq ifdef ifndef else endif include define endef export from run cmd "
                 "copy add workdir env expose entrypoint arg "},
};

enum { N_LANGUAGES = sizeof languages / sizeof *languages };

static bool is_word(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_' || (unsigned char)ch >= 0x80;
}

/* Is the word of n bytes in a list with blanks between and around? */
static bool listed(const char *list, const char *word, size_t n, bool any_case)
{
    if (list == NULL || n == 0 || n >= WORD_BYTES)
        return false;
    for (const char *at = list; at[0] == ' ' && at[1] != '\0'; at += strcspn(at + 1, " ") + 1)
        if (strcspn(at + 1, " ") == n &&
            (any_case ? strncasecmp(at + 1, word, n) : memcmp(at + 1, word, n)) == 0)
            return true;
    return false;
}

void highlight_begin(Highlight *highlight, const char *info, size_t n)
{
    size_t from = 0, to;
    while (from < n && (info[from] == ' ' || info[from] == '{' || info[from] == '.'))
        from++;
    for (to = from; to < n && memchr(" \t{},:;", info[to], 7) == NULL; to++)
        ;
    *highlight = (Highlight){0};
    for (int i = 0; i < N_LANGUAGES; i++)
        if (listed(languages[i].names, info + from, to - from, true))
            highlight->language = &languages[i];
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
    else if (listed(language->keywords, line + i, end - i, language->any_case))
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
