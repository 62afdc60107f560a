/* language.h - what the highlighter knows of a programming language, by one table. */
#ifndef S2D_UI_LANGUAGE_H
#define S2D_UI_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

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

/* By one of its names, as fences have it; NULL = it is not known. */
const Language *language_of(const char *name, size_t n);
/* Is the word of n bytes in a list with blanks between and around? NULL: no. */
bool language_lists(const char *list, const char *word, size_t n, bool any_case);

#endif
