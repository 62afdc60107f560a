/* screen_found.h - the models on this machine, read by a process of their own for the list of targets.
 *
 * Nobody vouches for the files, and there may be hundreds: a child gives up what it does not need
 * (confine.h), reads the headers and sends what they say through a pipe, while the chat goes on.
 */
#ifndef S2D_APP_CHAT_SCREEN_FOUND_H
#define S2D_APP_CHAT_SCREEN_FOUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ui/view.h"

/* What the pipe carries for each model, whole: less than PIPE_BUF. */
typedef struct FoundRow {
    ViewFound view; /* but for too_large, other_words */
    uint64_t weight_bytes, vocabulary;
} FoundRow;

typedef struct FoundReader {
    int fd; /* to be polled for reading; -1 = no child reads */
    pid_t child;
    size_t part;   /* bytes of a row that has not come whole */
    FoundRow next; /* that row */
    int n, size;
    FoundRow *rows; /* [n] */
} FoundReader;

/* Starts a child unless one reads; where there can be none, nothing comes. The rows that were there stay
 * until it has ended. */
void found_start(FoundReader *reader);
/* Takes what has come. true = that was all of it. */
bool found_take(FoundReader *reader);
/* Gives the view the rows. draft: its name, "" = none; memory: bytes that models may take, 0 = not known. */
void found_show(const FoundReader *reader, View *view, const char *draft, uint64_t memory);
void found_stop(FoundReader *reader);

#endif
