/* figures_text.c - see figures_text.h. */
#include "ui/figures_text.h"

#include <stdio.h>
#include <string.h>

#include "ui/text.h"

/* Bounds that are as near to each other as this are one figure. */
static const double NEAR = 1.1;

void figures_speedup(const Speedup *gain, char *out, size_t bytes)
{
    if (gain->gain <= 0)
        snprintf(out, bytes, "%s", "");
    else if (gain->high <= NEAR * gain->low)
        snprintf(out, bytes, "x%.2f", gain->gain);
    else
        snprintf(out, bytes, "x%.1f-%.1f", gain->low, gain->high);
}

void figures_gain(const EventStats *stats, char *out, size_t bytes)
{
    Speedup gain = {stats->gain, stats->gain_low, stats->gain_high};
    figures_speedup(&gain, out, bytes);
}

void figures_count(long long n, const char *what, char *out, size_t bytes)
{
    snprintf(out, bytes, "%lld %s%s", n, what, n == 1 ? "" : "s");
}

static const char *reason_text(const char *reason)
{
    static const char *const words[][2] = {{"eos", ""},
                                           {"switched", ""},
                                           {"context", "context full"},
                                           {"length", "max_tokens reached"},
                                           {"stop", "stop string"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(reason, words[i][0]) == 0)
            return words[i][1];
    return reason;
}

void figures_answer(const EventStats *stats, const char *target, const char *reason, char *out,
                    size_t bytes)
{
    char line[256] = "", name[64], why[16], gain[24], rounds[32]; /* the line holds all of them */
    int n = 0;
    text_clean_line(target, name, sizeof name);
    text_clean_line(reason, why, sizeof why);
    if (stats->rounds > 0) {
        figures_gain(stats, gain, sizeof gain);
        figures_count(stats->rounds, "round", rounds, sizeof rounds);
        n = snprintf(line, sizeof line, "MAT %.2f", stats->mat);
        if (stats->tokens_per_s > 0)
            n += snprintf(line + n, sizeof line - (size_t)n, "  %.1f t/s%s%s", stats->tokens_per_s,
                          gain[0] != '\0' ? " " : "", gain);
        n += snprintf(line + n, sizeof line - (size_t)n, "  %d tok / %s", stats->tokens, rounds);
        if (name[0] != '\0' && n < (int)sizeof line)
            n += snprintf(line + n, sizeof line - (size_t)n, "  target %s", name);
    }
    const char *words = reason_text(why);
    if (words[0] != '\0' && n < (int)sizeof line)
        snprintf(line + n, sizeof line - (size_t)n, "%s%s", n > 0 ? "  " : "", words);
    snprintf(out, bytes, "%s", line);
}

void figures_plain(const EventStats *stats, char *out, size_t bytes)
{
    char rounds[40], ago[40];
    out[0] = '\0';
    if (stats->plain_tokens_per_s <= 0)
        return;
    figures_count(stats->plain_rounds, "plain round", rounds, sizeof rounds);
    figures_count(stats->plain_age, "round", ago, sizeof ago);
    snprintf(out, bytes, "plain %.1f t/s, the median of %s, the last one %s ago",
             stats->plain_tokens_per_s, rounds, ago);
}

void figures_percents(const int *counts, int n, int *percents)
{
    long long all = 0, left = 100;
    for (int i = 0; i < n; i++)
        all += counts[i];
    for (int i = 0; i < n; i++) {
        percents[i] = all > 0 ? (int)(100LL * counts[i] / all) : 0;
        left -= percents[i];
    }
    for (; all > 0 && left > 0; left--) {
        int best = -1;
        long long most = 0;
        for (int i = 0; i < n; i++) {
            long long missing = 100LL * counts[i] - (long long)percents[i] * all;
            if (missing > most) {
                most = missing;
                best = i;
            }
        }
        percents[best]++;
    }
}
