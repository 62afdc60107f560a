/* export.c - see export.h. */
#include "app/chat/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/attach.h"
#include "ui/fence.h"
#include "ui/figures_text.h"
#include "ui/text.h"
#include "ui/thoughts.h"

const char *answer_line(const EventStats *stats, const char *target, const char *reason, char *text,
                        size_t size)
{
    figures_answer(stats, target, reason, text, size);
    return text;
}

static void put_fence(FILE *out, const Fence *fence)
{
    for (int i = 0; i < fence->length; i++)
        fputc(fence->mark, out);
}

/* Words as a quotation, line by line. */
static void put_quoted(FILE *out, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        fprintf(out, "%s%.*s\n", n ? "> " : ">", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

/* An answer that was cut within code ends it here, or all that follows would be code too; and its other
 * part, behind a change of target, begins with it. fence: as the part before left it, and as this one
 * does. */
static void put_answer(FILE *out, const char *text, Fence *fence)
{
    Thoughts thoughts;
    if (fence->length == 0 && thoughts_find(text, strlen(text), &thoughts)) {
        char *inner = strndup(text + thoughts.from, thoughts.to - thoughts.from);
        if (inner && *inner) {
            fputs("> *thoughts*\n>\n", out);
            put_quoted(out, inner);
            fputc('\n', out);
        }
        free(inner);
        text += thoughts.end;
    }
    put_fence(out, fence);
    if (fence->length > 0)
        fputc('\n', out);
    fputs(text, out);
    fence_text(fence, text, strlen(text));
    if (fence->length == 0)
        return;
    if (*text && text[strlen(text) - 1] != '\n')
        fputc('\n', out);
    put_fence(out, fence);
}

/* continues: an answer, behind a change of target in its middle */
static void put_entry(FILE *out, const Entry *entry, bool continues, Fence *fence)
{
    char figures[256], *question;
    if (entry->kind == ENTRY_ANSWER && !continues)
        *fence = (Fence){0};
    switch (entry->kind) {
    case ENTRY_USER:
        fputs("\n**you**\n\n", out);
        question = attach_markdown(entry->text);
        put_quoted(out, question ? question : entry->text);
        free(question);
        break;
    case ENTRY_ANSWER:
        fputs(continues ? "\n" : "\n**s2d**\n\n", out);
        put_answer(out, entry->text, fence);
        answer_line(&entry->totals, entry->target, entry->reason, figures, sizeof(figures));
        if (*figures)
            fprintf(out, "\n\n*%s*", figures);
        fputc('\n', out);
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
    Fence fence = {0};
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
        put_entry(out, &chat->transcript.entries[i], transcript_continues(&chat->transcript, i),
                  &fence);
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
