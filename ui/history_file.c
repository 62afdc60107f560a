/* history_file.c - see history_file.h. */
#include "ui/history_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>

/* Opens and locks the file, and says how long it is; -1. Where there are no locks, a single write
 * at the end has to do. */
static int open_locked(const char *path, size_t *bytes)
{
    for (;;) {
        struct stat ours, there;
        int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
        if (fd < 0)
            return -1;
        while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
            ;
        if (fstat(fd, &ours) != 0 || !S_ISREG(ours.st_mode)) {
            close(fd);
            return -1;
        }
        *bytes = (size_t)ours.st_size;
        if (stat(path, &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino)
            return fd;
        close(fd); /* another chat has put a shorter one in its place while we waited */
    }
}

/* The file's text, terminated; NULL = it cannot be read. */
static char *read_text(int fd, size_t bytes)
{
    char *text = malloc(bytes + 1);
    if (!text || pread(fd, text, bytes, 0) != (ssize_t)bytes) {
        free(text);
        return NULL;
    }
    text[bytes] = '\0';
    return text;
}

/* The message as a line, newline included; free it. NULL = no memory. */
static char *line_of(const char *message, size_t *bytes)
{
    char *line = malloc(2 * strlen(message) + 2), *to = line;
    if (!line)
        return NULL;
    for (const char *from = message; *from; from++) {
        if (*from == '\\' || *from == '\n' || (*from == '#' && from == message))
            *to++ = '\\';
        *to++ = (char)(*from == '\n' ? 'n' : *from);
    }
    *to++ = '\n';
    *bytes = (size_t)(to - line);
    return line;
}

/* A line without its newline becomes the message, in place. */
static void unescape(char *line)
{
    char *to = line;
    for (const char *from = line; *from; from++) {
        bool escaped = *from == '\\' && from[1];
        from += escaped;
        *to++ = (char)(escaped && *from == 'n' ? '\n' : *from);
    }
    *to = '\0';
}

/* Returns how many lines there were. */
static int take_lines(char *text)
{
    int lines = 0;
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        if (*line == '\0')
            continue;
        unescape(line);
        add_history(line);
        lines++;
    }
    return lines;
}

static void take_readline_file(const char *path)
{
    history_comment_char = '#';
    history_write_timestamps = 1; /* it has them, and they part messages of several lines */
    read_history(path);
    history_comment_char = '\0';
    history_write_timestamps = 0;
}

static bool put_all(FILE *file)
{
    HIST_ENTRY **entries = history_list();
    for (int i = 0; entries && entries[i]; i++) {
        size_t bytes;
        char *line = line_of(entries[i]->line, &bytes);
        if (line)
            fwrite(line, 1, bytes, file);
        free(line);
        if (!line)
            return false;
    }
    return fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
}

/* Puts a file with readline's history in the place of the one that is locked, or leaves it. */
static void replace(const char *path)
{
    char place[PATH_MAX], temporary[PATH_MAX + 8];
    if (!realpath(path, place)) /* a link stays one */
        return;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", place);
    int fd = mkostemp(temporary, O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool good = file && put_all(file);
    if (file)
        good = fclose(file) == 0 && good;
    else if (fd >= 0)
        close(fd);
    if (fd >= 0 && (!good || rename(temporary, place) != 0))
        unlink(temporary);
}

void history_file_load(const char *path)
{
    size_t bytes;
    int fd = open_locked(path, &bytes);
    char *text = fd >= 0 ? read_text(fd, bytes) : NULL;
    if (text && text[0] == '#' && isdigit((unsigned char)text[1])) {
        take_readline_file(path);
        replace(path);
    } else if (text && take_lines(text) > 2 * history_max_entries) {
        replace(path);
    }
    free(text);
    if (fd >= 0)
        close(fd);
}

int history_file_add(const char *path, const char *message)
{
    size_t bytes, n;
    char last = '\n';
    int fd = open_locked(path, &bytes);
    if (fd < 0)
        return -1;
    char *line = line_of(message, &n);
    int status = line ? 0 : -1;
    /* A line that a crash cut off is ended first. */
    if (status == 0 && bytes > 0 && pread(fd, &last, 1, (off_t)bytes - 1) == 1 && last != '\n')
        status = write(fd, "\n", 1) == 1 ? 0 : -1;
    if (status == 0 && write(fd, line, n) != (ssize_t)n)
        status = -1;
    if (status != 0 && ftruncate(fd, (off_t)bytes) != 0)
        status = -1; /* the disk is broken: the next line will end what is there */
    free(line);
    close(fd);
    return status;
}
