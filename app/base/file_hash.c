/* file_hash.c - see file_hash.h. */
#include "app/base/file_hash.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "engine/gguf/gguf.h"

enum { LIST_BYTES_MAX = 64 << 10, LINE_BYTES = PATH_BYTES + 256 };

/* What follows the hash in a file's line. */
static int describe(const char *path, char *text, size_t size, Err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set(err, EXIT_NOINPUT, "cannot open %.300s: %s", path, strerror(errno));
    int n = snprintf(text, size, " %lld %llu %lld.%09ld %s\n", (long long)st.st_size,
                     (unsigned long long)st.st_ino, (long long)st.st_mtim.tv_sec,
                     st.st_mtim.tv_nsec, path);
    return n > 0 && (size_t)n < size && strchr(path, '\n') == NULL
               ? 0
               : err_set(err, EXIT_NOINPUT, "%.200s...: the path is too long or odd", path);
}

/* The file's line in the list; NULL = none. */
static const char *find_line(const char *list, const char *what)
{
    enum { DIGITS = SHA256_TEXT - 1 };
    for (const char *line = list; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strspn(line, "0123456789abcdef") == DIGITS &&
            strncmp(line + DIGITS, what, strlen(what)) == 0)
            return line;
    }
    return NULL;
}

/* The new line first; the oldest ones go when there are too many. The list is read anew: hashing
 * takes long, and other instances may have added to it meanwhile. */
static void remember(const char *list_path, const char *hash, const char *what)
{
    size_t old = 0, added = SHA256_TEXT - 1 + strlen(what);
    int lock = paths_lock(PLACE_STATE, NULL);
    if (lock < 0)
        return;
    char *list = read_file(list_path, "list", LIST_BYTES_MAX, &old, NULL);
    char *text = malloc(added + old + 1);
    if (text) {
        size_t n = (size_t)sprintf(text, "%s%s%s", hash, what, list ? list : "");
        while (n > LIST_BYTES_MAX - LINE_BYTES && n > added)
            for (n--; n > added && text[n - 1] != '\n'; n--)
                ;
        save_file(list_path, text, n, true, NULL);
    }
    free(text);
    free(list);
    close(lock);
}

int file_hash_one(const char *path, char hash[SHA256_TEXT], Err *err)
{
    char what[LINE_BYTES], list_path[PATH_BYTES];
    size_t bytes;
    if (describe(path, what, sizeof what, err) != 0)
        return -1;
    bool has_list = paths_get(PLACE_STATE, "hashes", list_path, sizeof list_path, NULL) == 0;
    char *list = has_list ? read_file(list_path, "list", LIST_BYTES_MAX, &bytes, NULL) : NULL;
    const char *line = list ? find_line(list, what) : NULL;
    int result = 0;
    if (line) {
        memcpy(hash, line, SHA256_TEXT - 1);
        hash[SHA256_TEXT - 1] = '\0';
    } else {
        result = sha256_file(path, hash, NULL, NULL, err);
        if (result == 0 && has_list)
            remember(list_path, hash, what);
    }
    free(list);
    return result;
}

int file_hash(const char *path, char hash[SHA256_TEXT], Err *err)
{
    int parts = gguf_part_of(path, NULL);
    if (parts <= 1 || parts > GGUF_PARTS_MAX)
        return file_hash_one(path, hash, err);
    char *lines = malloc((size_t)parts * SHA256_TEXT + 1), part[PATH_BYTES];
    int status = lines ? 0 : err_set(err, EXIT_MEMORY, "no memory for %d hashes", parts);
    for (int i = 0; i < parts && status == 0; i++) {
        if (gguf_part_path(path, i + 1, part, sizeof part) != 0)
            status = err_set(err, EXIT_NOINPUT, "%.200s...: the path is too long", path);
        else
            status = file_hash_one(part, lines + (size_t)i * SHA256_TEXT, err);
        lines[(size_t)(i + 1) * SHA256_TEXT - 1] = '\n';
    }
    if (status == 0)
        sha256_bytes(lines, (size_t)parts * SHA256_TEXT, hash);
    free(lines);
    return status;
}
