/* slash_stats.c - /stats: figures of the newest answer, and of the chat. */
#include "app/chat/slash_stats.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ui/figures_text.h"

static void describe(FILE *out, const EventStats *stats)
{
    double ms[] = {stats->draft_ms, stats->verify_ms, stats->accept_ms, stats->other_ms}, all = 0;
    int us[4], shares[4];
    char rounds[32], plain[128], gain[24];
    for (int i = 0; i < 4; i++) {
        all += ms[i];
        us[i] = (int)(100 * fmin(ms[i], INT_MAX / 100));
    }
    figures_percents(us, 4, shares);
    figures_count(stats->rounds, "round", rounds, sizeof(rounds));
    figures_gain(stats, gain, sizeof(gain));
    figures_plain(stats, plain, sizeof(plain));
    fputs(rounds, out);
    if (stats->rounds > 0)
        fprintf(out, ", %d drafted, %d accepted, MAT %.2f, %.1f tokens/s%s%s", stats->drafted,
                stats->accepted, (double)stats->mat, (double)stats->tokens_per_s, *gain ? " " : "",
                gain);
    if (!*gain && stats->drafted > 0 && *plain)
        fputs(", gain not known", out); /* the machine was busy, or too little was measured */
    if (all > 0)
        fprintf(out, "\n  draft %d%%, verify %d%%, accept %d%%, other %d%% of %.1f s", shares[0],
                shares[1], shares[2], shares[3], all / 1000);
    if (stats->prefill_ms + stats->draft_prefill_ms > 0) /* a target that came later read none */
        fprintf(out, "; prompts %.1f s", (stats->prefill_ms + stats->draft_prefill_ms) / 1000);
    if (*plain)
        fprintf(out, "\n  %s", plain);
    if (stats->back_copies > 0) {
        char copies[32];
        snprintf(copies, sizeof(copies), "cop%s", stats->back_copies == 1 ? "y" : "ies");
        fprintf(out, "\n  %d %s back from the device, %.1f kB", stats->back_copies, copies,
                (double)stats->back_bytes / 1e3);
    }
}

/* The newest answer, each of its targets by itself. */
static void describe_answer(FILE *out, const Transcript *transcript, int last)
{
    int first = last;
    while (transcript_continues(transcript, first))
        do
            first--;
        while (transcript->entries[first].kind != ENTRY_ANSWER);
    for (int i = first; i <= last; i++) {
        const Entry *entry = &transcript->entries[i];
        if (entry->kind != ENTRY_ANSWER)
            continue;
        if (first < last)
            fprintf(out, "%sthis answer, by %s: ", i > first ? "\n" : "", entry->target);
        else
            fputs("this answer: ", out);
        describe(out, &entry->totals);
        if (entry->totals.rounds > 0 && entry->totals.plain_tokens_per_s <= 0)
            fputs("\n  plain not measured", out);
    }
}

int run_stats(Chat *chat, const char *text, Err *err)
{
    EventStats totals;
    int answers;
    const Transcript *transcript = &chat->transcript;
    const Entry *answer = transcript_answer(transcript);
    char *all = NULL, count[32];
    size_t bytes = 0;
    (void)text;
    if (!answer)
        return err_set(err, EXIT_USAGE, "there is no answer yet");
    FILE *out = open_memstream(&all, &bytes);
    if (!out)
        return err_set(err, EXIT_MEMORY, "out of memory");
    describe_answer(out, transcript, (int)(answer - transcript->entries));
    transcript_totals(transcript, &totals, &answers);
    figures_count(answers, "answer", count, sizeof(count));
    fprintf(out, "\nthis chat, %s: ", count);
    describe(out, &totals);
    bool written = fclose(out) == 0;
    if (written)
        chat_note(chat, NOTE_PLAIN, "%s", all);
    free(all);
    return written ? 0 : err_set(err, EXIT_MEMORY, "out of memory");
}
