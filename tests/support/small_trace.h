/* small_trace.h - a chat as a trace, made up: two answers with exits 6 and 12, a threshold moved
 * between them, and a change of target in the middle of the second.
 */
#ifndef S2D_TESTS_SUPPORT_SMALL_TRACE_H
#define S2D_TESTS_SUPPORT_SMALL_TRACE_H

#include <stdbool.h>
#include <stdio.h>

enum { SMALL_TRACE_ROUNDS = 6 /* of each answer */ };

#define SMALL_TRACE_FIRST "What is a tree?"
#define SMALL_TRACE_SECOND "And a leaf?\nBriefly \xe6\x97\xa5."

/* The lines, terminated; free them. questions false: as older versions wrote them. */
char *small_trace(bool questions);

/* A stream that reads them. */
FILE *small_trace_file(bool questions);

#endif
