/* language.c - see language.h. One more language is a row of `languages`. */
#include "ui/language.h"

#include <string.h>
#include <strings.h>

enum { WORD_BYTES = 24 }; /* longer words are no keywords */

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

bool language_lists(const char *list, const char *word, size_t n, bool any_case)
{
    if (list == NULL || n == 0 || n >= WORD_BYTES)
        return false;
    for (const char *at = list; at[0] == ' ' && at[1] != '\0'; at += strcspn(at + 1, " ") + 1)
        if (strcspn(at + 1, " ") == n &&
            (any_case ? strncasecmp(at + 1, word, n) : memcmp(at + 1, word, n)) == 0)
            return true;
    return false;
}

const Language *language_of(const char *name, size_t n)
{
    for (int i = 0; i < N_LANGUAGES; i++)
        if (language_lists(languages[i].names, name, n, true))
            return &languages[i];
    return NULL;
}
