/* slash_file.c - /file: text files for the next question, and what becomes of them until it is asked.
 * See slash.h, attach.h.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/chat/slash_file.h"

/* The tokens of the files that wait; -1 = they are not all known. */
static int all_tokens(const Chat *chat)
{
    int sum = 0;
    for (int i = 0; i < chat->files.n; i++) {
        if (chat->files.list[i].tokens < 0)
            return -1;
        sum += chat->files.list[i].tokens;
    }
    return sum;
}

static void tell(Chat *chat, const Attachment *file)
{
    char size[32], all[96] = "";
    if (chat->files.n > 1 && all_tokens(chat) >= 0)
        snprintf(all, sizeof all, "; %d files with %d tokens", chat->files.n, all_tokens(chat));
    chat_note(chat, NOTE_PLAIN, "file %s: %s, joins the next question%s", file->name,
              attach_size(file->bytes, file->tokens, size), all);
}

/* Asks the worker how long it is, where there is one to ask. */
static void count(Chat *chat, Attachment *file)
{
    Request request = {.type = REQUEST_COUNT,
                       .u.count = {.number = chat->files.counts + 1, .text = file->text}};
    if (chat->state != CHAT_LOST && client_send(chat->client, &request, NULL) == 0)
        file->number = ++chat->files.counts;
    else
        tell(chat, file);
}

static void add(Chat *chat, const char *path, Err *err)
{
    Err why = {0};
    if (attach_add(&chat->files, path, &why) == 0)
        count(chat, &chat->files.list[chat->files.n - 1]);
    else if (err_set(err, why.code, "%s", why.text) != 0 && strcmp(err->text, why.text) != 0)
        chat_note(chat, NOTE_ERROR, "%s", why.text);
}

static void add_pattern(Chat *chat, const char *pattern, Err *err)
{
    glob_t found;
    int status = glob(pattern, GLOB_TILDE, NULL, &found);
    if (status == GLOB_NOMATCH) {
        bool wild = strpbrk(pattern, "*?[") != NULL;
        Err why = {0};
        err_set(&why, EXIT_NOINPUT, "%.300s: there is no such file%s", pattern,
                wild ? ": nothing matches" : "");
        if (err_set(err, why.code, "%s", why.text) != 0 && strcmp(err->text, why.text) != 0)
            chat_note(chat, NOTE_ERROR, "%s", why.text);
        return;
    }
    if (status != 0) {
        err_set(err, status == GLOB_NOSPACE ? EXIT_MEMORY : EXIT_IO, "%.300s: cannot be searched",
                pattern);
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        add(chat, found.gl_pathv[i], err);
    globfree(&found);
}

static int list(Chat *chat)
{
    char *text = NULL, size[32];
    size_t bytes = 0;
    FILE *out = chat->files.n > 0 ? open_memstream(&text, &bytes) : NULL;
    if (!out) {
        chat_note(chat, NOTE_PLAIN, "no file joins the next question: /file PATH ...");
        return 0;
    }
    fprintf(out, "with the next question (/file none drops them):");
    for (int i = 0; i < chat->files.n; i++) {
        const Attachment *file = &chat->files.list[i];
        fprintf(out, "\n  %s  %s", file->name, attach_size(file->bytes, file->tokens, size));
    }
    if (fclose(out) == 0)
        chat_note(chat, NOTE_PLAIN, "%s", text);
    free(text);
    return 0;
}

int run_file(Chat *chat, const char *text, Err *err)
{
    struct stat status;
    char *words = strdup(text);
    if (!words)
        return err_set(err, EXIT_MEMORY, "out of memory");
    if (*text == '\0') {
        list(chat);
    } else if (strcmp(text, "none") == 0) {
        attach_clear(&chat->files);
        chat_notice(chat, "no file joins the next question");
    } else if (stat(text, &status) == 0) { /* there may be blanks in a name */
        add(chat, text, err);
    } else {
        char *from = words;
        while (*(from += strspn(from, " \t")) != '\0') {
            char *to = from;
            while (*to && *to != ' ' && *to != '\t')
                to += to[0] == '\\' && to[1] ? 2 : 1;
            bool more = *to != '\0';
            *to = '\0';
            add_pattern(chat, from, err);
            from = to + more;
        }
    }
    free(words);
    return err->code ? -1 : 0;
}

void file_counted(Chat *chat, int number, int tokens)
{
    for (int i = 0; i < chat->files.n; i++) {
        Attachment *file = &chat->files.list[i];
        if (file->number != number)
            continue;
        file->number = 0;
        file->tokens = tokens;
        if (tokens >= chat->ready.ctx && chat->ready.ctx > 0) {
            chat_note(chat, NOTE_ERROR,
                      "file %s: %d tokens, but the context takes %d: it does not join the question",
                      file->name, tokens, chat->ready.ctx);
            attach_drop(&chat->files, i);
            return;
        }
        tell(chat, file);
        if (all_tokens(chat) >= chat->ready.ctx && chat->ready.ctx > 0)
            chat_note(chat, NOTE_WARNING,
                      "the files together have %d tokens, but the context takes %d: /file none",
                      all_tokens(chat), chat->ready.ctx);
        return;
    }
}

bool files_await_counts(const Chat *chat)
{
    for (int i = 0; i < chat->files.n; i++)
        if (chat->files.list[i].number != 0)
            return true;
    return false;
}

void files_stay_uncounted(Chat *chat)
{
    for (int i = 0; i < chat->files.n; i++) {
        if (chat->files.list[i].number != 0)
            tell(chat, &chat->files.list[i]);
        chat->files.list[i].number = 0;
    }
}

int chat_ask_with_files(Chat *chat, const char *question)
{
    if (chat->files.n == 0)
        return chat_ask(chat, question);
    char *text = attach_text(&chat->files, question);
    if (!text) {
        chat_note(chat, NOTE_ERROR, "out of memory: this was not sent");
        return -1;
    }
    attach_clear(&chat->files);
    int status = chat_ask(chat, text);
    free(text);
    return status;
}
