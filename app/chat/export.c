/* export.c - see export.h. */
#include "app/chat/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
                                                 : reason);
    snprintf(text, size, "%s", line);
    return text;
}

static void put_clean(FILE *out, const char *text)
{
    TextCleaner cleaner = {0};
    size_t bytes = strlen(text);
    char *clean = malloc(3 * (bytes + 3) + 1);
    if (!clean)
        return; /* the stream's error is what the caller looks at */
    size_t n = text_clean(&cleaner, text, bytes, clean);
    fwrite(clean, 1, n, out);
    free(clean);
}

/* A person's words as a quotation, line by line. */
static void put_quoted(FILE *out, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        char *line = strndup(text, n);
        if (!line)
            return;
        fputs(n ? "> " : ">", out);
        put_clean(out, line);
        fputc('\n', out);
        free(line);
        text += n + (text[n] == '\n');
    }
}

static void put_entry(FILE *out, const Entry *entry)
{
    char figures[256];
    switch (entry->kind) {
    case ENTRY_USER:
        fputs("\n**you**\n\n", out);
        put_quoted(out, entry->text);
        break;
    case ENTRY_ANSWER:
        fputs("\n**s2d**\n\n", out);
        put_clean(out, entry->text);
        answer_line(&entry->totals, entry->target, entry->reason, figures, sizeof(figures));
        fprintf(out, "\n\n*%s*\n", figures);
        break;
    case ENTRY_NOTE:
        fputs("\n*", out);
        put_clean(out, entry->text);
        fputs("*\n", out);
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
