/* temp.h - folders and files that a test makes, and leaves nothing of. Trouble fails the test. */
#ifndef S2D_TESTS_SUPPORT_TEMP_H
#define S2D_TESTS_SUPPORT_TEMP_H

#include <stddef.h>

enum { TEMP_BYTES = 32 };

/* Makes a new folder, or an empty file; its path goes to `path`. */
void temp_folder_make(char path[static TEMP_BYTES]);
void temp_file_make(char path[static TEMP_BYTES]);

/* The folder with all that is in it. */
void temp_folder_remove(const char *path);

/* Makes the file, or replaces what was in it. */
void file_write(const char *path, const void *data, size_t bytes);
void file_write_text(const char *path, const char *text);

#endif
