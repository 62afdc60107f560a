/* locale.h - which characters there are: UTF-8's wherever that can be had. */
#ifndef S2D_APP_BASE_LOCALE_H
#define S2D_APP_BASE_LOCALE_H

/* Sets LC_CTYPE, and nothing else: numbers are read and written with a point. Where the environment
 * names no UTF-8 locale (LC_ALL=C, or nothing, as in most containers) it becomes C.UTF-8, here and in
 * the environment: the line editor and the worker look there again. Where that is missing, the
 * locale stays what it was; the screen says what this means. */
void locale_open(void);

#endif
