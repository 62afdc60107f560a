/* last_number.c - see last_number.h. */
#include "app/bench/last_number.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

/* Reads the number that starts at a digit; returns its end. */
static const char *read_number(const char *at, double *number)
{
    char digits[64];
    size_t n = 0;
    bool fraction = false;
    for (; *at; at++) {
        bool comma = *at == ',' && digit(at[1]) && digit(at[2]) && digit(at[3]) && !digit(at[4]);
        bool point = *at == '.' && !fraction && digit(at[1]);
        if (comma && !fraction)
            continue;
        if (!digit(*at) && !point)
            break;
        fraction = fraction || point;
        if (n + 1 < sizeof digits)
            digits[n++] = *at;
    }
    digits[n] = '\0';
    *number = strtod(digits, NULL);
    return at;
}

bool last_number(const char *text, double *number)
{
    bool found = false;
    for (const char *at = text; *at;) {
        if (!digit(*at)) {
            at++;
            continue;
        }
        /* A sign belongs to a number that nothing stands before: not "3-2". */
        bool minus =
            at > text && at[-1] == '-' &&
            (at - 1 == text || isspace((unsigned char)at[-2]) || at[-2] == '$' || at[-2] == '(');
        at = read_number(at, number);
        *number = minus ? -*number : *number;
        found = true;
    }
    return found;
}

bool reference_number(const char *reference, double *number)
{
    const char *mark = strstr(reference, "####");
    return mark && last_number(mark, number);
}
