/* tune.h - what `s2d tune` found for one target (tune_measure.c), and how it is shown
 * (tune_print.c). */
#ifndef S2D_APP_TUNE_TUNE_H
#define S2D_APP_TUNE_TUNE_H

#include "app/bench/paired.h"
#include "engine/tune/threshold_search.h"

enum { TUNE_RUNS = 4 };

/* One way to answer the prompts that were kept for it, measured. */
typedef struct TuneRun {
    char name[16]; /* "plain", "now", "best", "next" */
    float thresholds[EXITS_MAX];
    double forecast;               /* tokens per ms of a chain; 0 for plain */
    Forecast played;               /* all of it */
    double *each_tokens, *each_ms; /* [kept] by prompt, over all repeats */
    uint64_t acts; /* a hash of its rounds: what was drafted, by which exits, and what was taken */
    double tokens, ms; /* of all rounds */
    Recent answers;    /* ms by token, the one that warms up included */
    int rounds;        /* tokens / rounds is MAT */
    int by_exit_drafted[EXITS_MAX], by_exit_accepted[EXITS_MAX];
    int reached[DEPTH_MAX];
} TuneRun;

typedef struct TuneResult {
    char target[64], draft[64], adapter[64]; /* adapter "" = none */
    char device[96];
    int exits[EXITS_MAX];
    ExitTraces traces;
    int answers, max_tokens;
    int kept; /* prompts that the runs answered, none of them surveyed unless there was but one */
    ThresholdMap map;
    TuneRun runs[TUNE_RUNS]; /* the first is plain decoding */
    int n_runs, chosen;
} TuneResult;

/* Tokens a second, and speed over another run's on the same prompts, with half of the 95 % interval:
 * that of the differences between prompts. */
Ratio tune_speed(const TuneResult *result, int run);
Ratio tune_speed_over(const TuneResult *result, int run, int base);
/* The first run before it whose every round was the same; -1 = none. */
int tune_acts_as(const TuneResult *result, int run);
void tune_result_close(TuneResult *result);

void tune_print(const TuneResult *result, bool colours);
void tune_print_json(const TuneResult *result);
void tune_print_csv(const TuneResult *result, bool header);

#endif
