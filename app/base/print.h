/* print.h - what the commands say, made safe where a terminal would draw it.
 *
 * A terminal obeys what is written to it; a file or another program gets the bytes as they are. So a
 * model's text is cleaned for a terminal only. A report, whose lines hold names and paths of other
 * people's files, is cleaned everywhere: it is read by people, often through a pager. What the
 * commands make of their own (figures, progress bars) needs none of this, and an Err is clean by
 * itself.
 */
#ifndef S2D_APP_BASE_PRINT_H
#define S2D_APP_BASE_PRINT_H

#include <stdio.h>

#include "ui/text.h"

/* A piece of a text; the cleaner keeps its state from one to the next. Returns the last byte that
 * was written, 0 = none. */
char print_text(FILE *stream, TextCleaner *cleaner, const char *text);

/* As fprintf; newlines and tabs stay. */
void print_report(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
