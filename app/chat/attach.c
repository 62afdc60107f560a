/* attach.c - see attach.h. */
#include "app/chat/attach.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistr.h>

#include "app/base/plain_text.h"
#include "app/base/save_file.h"

static const char opening[] = "\n\n<file name=\"", closing[] = "\n</file>";

static void copy_name(char name[ATTACH_NAME], const char *path)
{
    size_t bytes = strlen(path);
    const char *from = path;
    if (bytes >= ATTACH_NAME) { /* its end says more, from a character on */
        from = path + bytes - (ATTACH_NAME - 1);
        while ((*from & 0xC0) == 0x80)
            from++;
    }
    snprintf(name, ATTACH_NAME, "%s", from);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == '"' || *c == '\177')
            *c = '_';
    if (u8_check((const uint8_t *)name, strlen(name)))
        for (char *c = name; *c; c++)
            *c = (*c & 0x80) ? '_' : *c;
}

static int check_text(const char *path, char *text, size_t *bytes, Err *err)
{
    if (memchr(text, '\0', *bytes))
        return err_set(err, EXIT_DATA, "%.300s: there are NUL bytes in it: no text file", path);
    if (u8_check((const uint8_t *)text, *bytes))
        return err_set(err, EXIT_DATA, "%.300s: no UTF-8; convert it, or it is no text", path);
    *bytes = plain_text(text, *bytes);
    while (*bytes > 0 && text[*bytes - 1] == '\n')
        --*bytes;
    text[*bytes] = '\0';
    return *bytes > 0 ? 0 : err_set(err, EXIT_DATA, "%.300s: there is nothing in it", path);
}

int attach_add(Attachments *files, const char *path, Err *err)
{
    char name[ATTACH_NAME];
    struct stat status;
    size_t bytes;
    copy_name(name, path);
    for (int i = 0; i < files->n; i++)
        if (strcmp(files->list[i].name, name) == 0)
            return err_set(err, EXIT_USAGE, "%.300s: it joins the next question already", path);
    if (files->n == ATTACH_MAX)
        return err_set(err, EXIT_USAGE,
                       "%.300s: %d files join the next question, the most there are", path,
                       ATTACH_MAX);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return err_set(err, EXIT_DATA, "%.300s: a folder; name its files, or %.100s/*", path, path);
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > ATTACH_BYTES_MAX)
        return err_set(err, EXIT_DATA, "%.300s: %.1f MB are too large; %d MiB are the most", path,
                       (double)status.st_size / 1e6, ATTACH_BYTES_MAX >> 20);
    char *text = read_file(path, "text file", ATTACH_BYTES_MAX, &bytes, err);
    if (!text)
        return -1;
    if (check_text(path, text, &bytes, err) != 0) {
        free(text);
        return -1;
    }
    Attachment *file = &files->list[files->n++];
    *file = (Attachment){.text = text, .bytes = bytes, .tokens = -1};
    strcpy(file->name, name);
    return 0;
}

void attach_drop(Attachments *files, int index)
{
    free(files->list[index].text);
    files->n--;
    memmove(&files->list[index], &files->list[index + 1],
            sizeof files->list[0] * (size_t)(files->n - index));
}

void attach_clear(Attachments *files)
{
    while (files->n > 0)
        attach_drop(files, files->n - 1);
}

char *attach_text(const Attachments *files, const char *question)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    fputs(question, out);
    for (int i = 0; i < files->n; i++) {
        const Attachment *file = &files->list[i];
        fprintf(out, "%s%s\" bytes=\"%zu\"", opening, file->name, file->bytes);
        if (file->tokens >= 0)
            fprintf(out, " tokens=\"%d\"", file->tokens);
        fprintf(out, ">\n%s%s", file->text, closing);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* One block at `at`, into *file, whose text points into it. Returns what is behind it; NULL = there is
 * no block here. */
static const char *take_block(const char *at, Attachment *file)
{
    size_t opens = sizeof opening - 1, closes = sizeof closing - 1;
    int used = 0;
    char number[8];
    if (strncmp(at, opening, opens) != 0)
        return NULL;
    at += opens;
    size_t name = strcspn(at, "\"\n");
    if (name >= ATTACH_NAME || at[name] != '"')
        return NULL;
    memcpy(file->name, at, name);
    file->name[name] = '\0';
    at += name;
    if (sscanf(at, "\" bytes=\"%7[0-9]\"%n", number, &used) != 1 || used == 0)
        return NULL;
    file->bytes = strtoul(number, NULL, 10);
    at += used;
    used = 0;
    if (*at == ' ' && (sscanf(at, " tokens=\"%7[0-9]\"%n", number, &used) != 1 || used == 0))
        return NULL;
    file->tokens = used > 0 ? (int)strtol(number, NULL, 10) : -1;
    at += used;
    if (strncmp(at, ">\n", 2) != 0)
        return NULL;
    at += 2;
    if (strnlen(at, file->bytes + closes) < file->bytes + closes ||
        strncmp(at + file->bytes, closing, closes) != 0)
        return NULL;
    file->text = (char *)at;
    return at + file->bytes + closes;
}

/* How many blocks there are from here to the end; 0 = something else stands there. */
static int count_blocks(const char *at)
{
    int n = 0;
    Attachment file;
    while (at && *at) {
        at = take_block(at, &file);
        n++;
    }
    return at && n <= ATTACH_MAX ? n : 0;
}

int attach_part(const char *text, size_t *question, Attachments *files)
{
    int n = 0;
    const char *at = strstr(text, opening);
    while (at && (n = count_blocks(at)) == 0)
        at = strstr(at + 1, opening);
    *question = at ? (size_t)(at - text) : strlen(text);
    for (int i = 0; i < n && files && files->n < ATTACH_MAX; i++) {
        Attachment file = {0};
        at = take_block(at, &file);
        file.text = strndup(file.text, file.bytes);
        if (!file.text)
            return -1;
        files->list[files->n++] = file;
    }
    return n;
}

const char *attach_size(size_t bytes, int tokens, char out[32])
{
    if (tokens >= 0)
        snprintf(out, 32, "%d token%s", tokens, tokens == 1 ? "" : "s");
    else
        snprintf(out, 32, "%.1f kB", (double)bytes / 1e3);
    return out;
}

/* The question, then each file by `put`. */
static char *rewrite(const char *text, void (*put)(FILE *out, const Attachment *file))
{
    size_t question, bytes = 0;
    int n = attach_part(text, &question, NULL);
    char *result = NULL;
    FILE *out = open_memstream(&result, &bytes);
    if (!out)
        return NULL;
    fwrite(text, 1, question, out);
    const char *at = text + question;
    for (int i = 0; i < n; i++) {
        Attachment file;
        at = take_block(at, &file);
        put(out, &file);
    }
    if (fclose(out) == 0)
        return result;
    free(result);
    return NULL;
}

static void put_line(FILE *out, const Attachment *file)
{
    char size[32];
    fprintf(out, "\n[%s  %s]", file->name, attach_size(file->bytes, file->tokens, size));
}

/* With more marks around it than stand together in it. */
static void put_code(FILE *out, const Attachment *file)
{
    int longest = 2, run = 0;
    for (size_t i = 0; i < file->bytes; i++) {
        run = file->text[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    fprintf(out, "\n\n%s\n\n", file->name);
    for (int end = 0; end < 2; end++) {
        for (int i = 0; i <= longest; i++)
            fputc('`', out);
        if (!end)
            fprintf(out, "\n%.*s\n", (int)file->bytes, file->text);
    }
}

char *attach_shown(const char *text)
{
    return rewrite(text, put_line);
}

char *attach_markdown(const char *text)
{
    return rewrite(text, put_code);
}
