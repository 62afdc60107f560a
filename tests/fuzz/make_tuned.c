/* make_tuned.c - tuned values to start fuzzing from: a good file, and that one with a byte amiss.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/worker/tuned.h"
#include "tests/support/corpus.h"

int main(int argc, char **argv)
{
    static Tuned tuned;
    if (argc != 2)
        return 2;
    TunedPair pair = {.draft = "small",
                      .target = "big",
                      .layers = 24,
                      .n_exits = 3,
                      .exits = {6, 12, 24},
                      .thresholds = {0.75, 0.5, 0.2},
                      .tokens_per_s = 60,
                      .plain_tokens_per_s = 40,
                      .day = "2026-01-02"};
    tuned_put(&tuned, &pair);
    memset(pair.adapter, 'f', SHA256_TEXT - 1);
    pair.has_accept = true;
    for (int i = 0; i < 300; i++)
        calibration_add(&pair.accept[i % 3], i % 5 + 1, (float)(i % 10) / 10, i % 4 > 0);
    tuned_put(&tuned, &pair);
    char *text = tuned_text(&tuned);
    int failed = !text || corpus_spoil(argv[1], text, strlen(text));
    free(text);
    return failed;
}
