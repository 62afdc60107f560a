/* tune_figures.c - what the runs come to, and how far that may be believed; see tune.h. */
#include <stdlib.h>

#include "app/tune/tune.h"

Ratio tune_speed(const TuneResult *result, int run)
{
    const TuneRun *r = &result->runs[run];
    Ratio ratio = paired_ratio(r->each_tokens, r->each_ms, result->kept);
    ratio.value *= 1e3;
    ratio.half *= 1e3;
    return ratio;
}

/* All runs said the same texts, so the speeds are as the times, the other way round. */
Ratio tune_speed_over(const TuneResult *result, int run, int base)
{
    return paired_ratio(result->runs[base].each_ms, result->runs[run].each_ms, result->kept);
}

int tune_acts_as(const TuneResult *result, int run)
{
    for (int i = 1; i < run; i++) /* plain decoding drafts nothing */
        if (result->runs[i].acts == result->runs[run].acts)
            return i;
    return -1;
}

void tune_result_close(TuneResult *result)
{
    free(result->traces.places);
    result->traces.places = NULL;
    for (int i = 0; i < TUNE_RUNS; i++) {
        free(result->runs[i].each_tokens);
        free(result->runs[i].each_ms);
        result->runs[i].each_tokens = result->runs[i].each_ms = NULL;
    }
}
