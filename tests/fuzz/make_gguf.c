/* make_gguf.c - writes the files of bad_files.h into a folder: make_gguf FOLDER.
 *
 * Two valid files, one for each lie, and the valid one cut off at some places of its header.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bad_files.h"

static int save(const char *folder, const BadFile *file, size_t bytes, const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s.gguf", folder, file->name, suffix);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(file->data, 1, bytes, out) != bytes || fclose(out) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

static int save_good(const char *folder, int spm)
{
    BadFile file;
    char suffix[32];
    good_file_make(&file, spm);
    int result = save(folder, &file, file.size, "");
    for (size_t end = 24; end < good_file_header(&file); end += 1231) {
        snprintf(suffix, sizeof suffix, "-24-cut-at-%zu", end);
        result |= save(folder, &file, end, suffix);
    }
    free(file.data);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_gguf FOLDER\n");
        return 64;
    }
    int result = save_good(argv[1], 0) | save_good(argv[1], 1);
    for (int i = 0; i < bad_file_count(); i++) {
        BadFile file;
        bad_file_make(&file, i);
        result |= save(argv[1], &file, file.size, "");
        free(file.data);
    }
    return result == 0 ? 0 : 1;
}
