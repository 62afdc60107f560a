/* save_file.h - writes a file so that there is always either the old one or the new one, whole.
 *
 * A file without a name (where the filesystem has none, a temporary one beside it) is written and
 * synced, put in its place, and the folder is synced. On any failure nothing of it is left and what
 * was there before is untouched. Nor is anything left when the process is killed, but for a
 * temporary file, or in the instant between its last two names.
 */
#ifndef S2D_APP_BASE_SAVE_FILE_H
#define S2D_APP_BASE_SAVE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "kernels/common/err.h"

/* Mode 0600. replace: false = an existing file is left alone and that is an error (EXIT_DATA).
 * EXIT_IO when it cannot be written. */
int save_file(const char *path, const void *data, size_t bytes, bool replace, Err *err);

/* The same, in place of an existing file, of what `write` puts into a stream; where that returns -1
 * its message stands. */
int save_stream(const char *path, int (*write)(FILE *stream, void *user, Err *err), void *user,
                Err *err);

/* All of it, at the descriptor's place. -1 with errno set; a part may be written then. */
int write_all(int fd, const void *data, size_t bytes);

/* The start of a regular file, at most `size` bytes; -1 with errno set, EISDIR where it is none. */
ssize_t read_start(const char *path, char *data, size_t size);

/* The text of a regular file, all of it, terminated, as plain_text leaves it; free it. NULL =
 * EXIT_NOINPUT when it is not there, EXIT_DATA when it is larger than `most` bytes or no file, EXIT_IO, EXIT_MEMORY. what: "session",
 * for messages. */
char *read_file(const char *path, const char *what, size_t most, size_t *bytes, Err *err);

#endif
