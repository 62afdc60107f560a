/* export.c - see export.h. */
#include "app/chat/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/attach.h"
#include "ui/fence.h"
#include "ui/text.h"

const char *answer_line(const EventStats *stats, const char *target, const char *reason, char *text,
                        size_t size)
{
    int used = 0;
    char clean[64];
    text_clean_line(target, clean, sizeof(clean));
    /* Each part is shorter than 80 bytes: what was written so far is always inside. */
    char line[512];
    if (stats->rounds > 0)
        used += snprintf(line + used, sizeof(line) - used, "MAT %.2f  %.1f t/s", (double)stats->mat,
                         (double)stats->tokens_per_s);
    if (stats->rounds > 0 && stats->plain_tokens_per_s > 0)
        used += snprintf(line + used, sizeof(line) - used, " x%.2f",
                         (double)(stats->tokens_per_s / stats->plain_tokens_per_s));
    if (stats->rounds > 0)
        used += snprintf(line + used, sizeof(line) - used, "  %d tok / %d rounds  ", stats->tokens,
                         stats->rounds);
    if (*clean)
        used += snprintf(line + used, sizeof(line) - used, "target %s", clean);
    if (*reason && strcmp(reason, "eos") != 0)
        snprintf(line + used, sizeof(line) - used, "  %s",
                 strcmp(reason, "context") == 0  ? "context full"
                 : strcmp(reason, "length") == 0 ? "max_tokens reached"
                 : strcmp(reason, "stop") == 0   ? "stop string"
                                                 : reason);
    snprintf(text, size, "%s", line);
    return text;
}

/* An answer that was cut within code ends it here, or all that follows would be code too. */
static void put_answer(FILE *out, const char *text)
{
    Fence fence = {0};
    size_t n;
    fputs(text, out);
    for (const char *line = text;; line += n + 1) {
        n = strcspn(line, "\n");
        fence_line(&fence, line, n);
        if (!line[n])
            break;
    }
    if (fence.length == 0)
        return;
    if (*text && text[strlen(text) - 1] != '\n')
        fputc('\n', out);
    for (int i = 0; i < fence.length; i++)
        fputc(fence.mark, out);
}

/* A person's words as a quotation, line by line. */
static void put_quoted(FILE *out, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        fprintf(out, "%s%.*s\n", n ? "> " : ">", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

static void put_entry(FILE *out, const Entry *entry)
{
    char figures[256], *question;
    switch (entry->kind) {
    case ENTRY_USER:
        fputs("\n**you**\n\n", out);
        question = attach_markdown(entry->text);
        put_quoted(out, question ? question : entry->text);
        free(question);
        break;
    case ENTRY_ANSWER:
        fputs("\n**s2d**\n\n", out);
        put_answer(out, entry->text);
        answer_line(&entry->totals, entry->target, entry->reason, figures, sizeof(figures));
        fprintf(out, "\n\n*%s*\n", figures);
        break;
    case ENTRY_NOTE:
        fprintf(out, "\n*%s*\n", entry->text);
        break;
    }
}

char *export_markdown(const SavedChat *chat)
{
    char *text = NULL;
    size_t bytes = 0;
    char name[256];
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    fputs("# Chat with s2d\n\n", out);
    text_clean_line(chat->target, name, sizeof(name));
    fprintf(out, "target %s", name);
    text_clean_line(chat->draft, name, sizeof(name));
    fprintf(out, ", draft %s, temperature %g, seed %d\n", *name ? name : "none",
            chat->settings.temperature, chat->settings.seed);
    if (chat->system) {
        fputs("\n**system**\n\n", out);
        put_quoted(out, chat->system);
    }
    for (int i = 0; i < chat->transcript.n; i++)
        put_entry(out, &chat->transcript.entries[i]);
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
