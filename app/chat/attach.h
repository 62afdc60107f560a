/* attach.h - text files that join a question: read, put into its text, and found in it again.
 *
 *   "Why?" + main.c  ->  Why?
 *
 *                        <file name="main.c" bytes="1234" tokens="412">
 *                        …
 *                        </file>
 *
 * That text is what a model reads and a session keeps. The screen has a line for each file instead.
 * Since a block tells its length, what stands in a file ends none.
 */
#ifndef S2D_APP_CHAT_ATTACH_H
#define S2D_APP_CHAT_ATTACH_H

#include <stddef.h>

#include "kernels/common/err.h"

enum {
    ATTACH_BYTES_MAX = 1 << 20, /* of one file */
    ATTACH_MAX = 32,            /* files of one question */
    ATTACH_NAME = 256,
};

typedef struct Attachment {
    char name[ATTACH_NAME]; /* as it was given; quotes and control characters are "_" */
    char *text;             /* UTF-8 without NUL; line ends are "\n" */
    size_t bytes;
    int tokens; /* -1 = not known */
    int number; /* of the count that is still to come; 0 = none is */
} Attachment;

typedef struct Attachments {
    Attachment list[ATTACH_MAX];
    int n;
    int counts; /* numbers given so far */
} Attachments;

/* Reads a file. EXIT_NOINPUT, EXIT_IO, or EXIT_DATA where it is no text or too large; or there is no
 * room, or it is there already. The new one is the last. */
int attach_add(Attachments *files, const char *path, Err *err);
void attach_drop(Attachments *files, int index);
void attach_clear(Attachments *files);

/* The question with the files behind it; the caller's to free, NULL = no memory. */
char *attach_text(const Attachments *files, const char *question);

/* Parts such a text: its first *question bytes are the question, the files' texts are copied into
 * files (NULL: only counted). Returns how many files there are, -1 = no memory. */
int attach_part(const char *text, size_t *question, Attachments *files);

/* As the screen has it: the question, and a line "[main.c  412 tokens]" for each file. The caller's to
 * free; NULL = no memory. */
char *attach_shown(const char *text);

/* As markdown: the question, and each file's name and text as code. The caller's to free; NULL = no
 * memory. */
char *attach_markdown(const char *text);

/* "412 tokens", "1 token", or "12.3 kB" where the tokens are not known. Returns out. */
const char *attach_size(size_t bytes, int tokens, char out[32]);

#endif
