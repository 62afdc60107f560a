/* jinja_date.c - the date that a template may tell. See jinja_scope.h. */
#include <stdio.h>

#include "engine/text/jinja_scope.h"

/* One %-letter; -1 = not known. */
static int write_field(const struct tm *date, char letter, char *out, size_t size)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    switch (letter) {
    case 'd':
        return snprintf(out, size, "%02d", date->tm_mday);
    case 'm':
        return snprintf(out, size, "%02d", date->tm_mon + 1);
    case 'Y':
        return snprintf(out, size, "%d", date->tm_year + 1900);
    case 'y':
        return snprintf(out, size, "%02d", date->tm_year % 100);
    case 'b':
        return snprintf(out, size, "%.3s", months[date->tm_mon % 12]);
    case 'B':
        return snprintf(out, size, "%s", months[date->tm_mon % 12]);
    case 'a':
        return snprintf(out, size, "%.3s", days[date->tm_wday % 7]);
    case 'A':
        return snprintf(out, size, "%s", days[date->tm_wday % 7]);
    default:
        return -1;
    }
}

Value jinja_date(Jinja *jinja, Value format)
{
    enum { SIZE = 128, FIELD = 16 };
    char *out = jinja_alloc(&jinja->arena, SIZE);
    size_t n = 0;
    if (out == NULL || jinja->date == NULL || format.kind != VALUE_STRING)
        return value_of(VALUE_ERROR);
    for (size_t i = 0; i < format.n; i++) {
        if (n > SIZE - FIELD)
            return value_of(VALUE_ERROR);
        if (format.text[i] != '%') {
            out[n++] = format.text[i];
            continue;
        }
        int bytes = ++i < format.n ? write_field(jinja->date, format.text[i], out + n, FIELD) : -1;
        if (bytes < 0 || bytes >= FIELD)
            return value_of(VALUE_ERROR);
        n += (size_t)bytes;
    }
    jinja->dated = true;
    return value_text(out, n);
}
