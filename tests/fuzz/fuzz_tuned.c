/* fuzz_tuned.c - any bytes as a file of tuned values: refused in one line, or it can be written
 * again and comes back the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/worker/tuned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_counts(const Tally *tally)
{
    for (int bin = 0; bin < CALIBRATION_BINS; bin++)
        assert(tally->hits[bin] >= 0 && tally->hits[bin] <= tally->tries[bin] &&
               tally->tries[bin] <= CALIBRATION_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Tuned tuned, again;
    Err err = {0};
    if (tuned_parse(&tuned, (const char *)data, size, "fuzz", &err) != 0) {
        assert(err.code == EXIT_DATA && err.text[0] && !strchr(err.text, '\n') && tuned.n == 0);
        return 0;
    }
    for (int i = 0; i < tuned.n; i++)
        for (int e = 0; e < tuned.pairs[i].n_exits; e++)
            for (int depth = 0; depth < CALIBRATION_DEPTHS; depth++)
                check_counts(&tuned.pairs[i].accept[e].at[depth]);
    char *text = tuned_text(&tuned);
    assert(text);
    int status = tuned_parse(&again, text, strlen(text), "again", &err);
    assert(status == 0);
    char *same = tuned_text(&again);
    assert(same && strcmp(text, same) == 0);
    free(text);
    free(same);
    return 0;
}
