/* short_list.h - the tokens that a draft's exits score: a file of ids, beside a profile.
 *
 * Ids and ranges in decimal digits, blanks or line ends between them, comments from # to the line's
 * end: `0-49151 49153 # …`. Their order does not matter, and what is given twice counts once.
 */
#ifndef S2D_APP_PROFILE_SHORT_LIST_H
#define S2D_APP_PROFILE_SHORT_LIST_H

#include <stddef.h>

#include "kernels/common/err.h"

enum {
    SHORT_LIST_ID_MAX = (1 << 20) - 1,
    SHORT_LIST_BYTES_MAX = 4 << 20, /* of a file */
};

typedef struct ShortList {
    int *ids; /* [n] ascending */
    int n;    /* 0 = no list: everything is scored */
} ShortList;

/* EXIT_NOINPUT, EXIT_IO, EXIT_DATA with file and line; on success short_list_close. */
int short_list_open(ShortList *list, const char *path, Err *err);
/* The same from memory; name is for messages. */
int short_list_parse(ShortList *list, const char *text, size_t bytes, const char *name, Err *err);
void short_list_close(ShortList *list);

/* Adds an id; no error when it is there. */
int short_list_add(ShortList *list, int id, Err *err);

/* The list as such a text, on one line; free it. NULL = no memory. */
char *short_list_text(const ShortList *list);

#endif
