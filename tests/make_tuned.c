/* make_tuned.c - tuned values to start fuzzing from: a good file, and that one with a byte amiss.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../app/tuned.h"

static int put(const char *folder, int number, const char *text, size_t bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%d.json", folder, number);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

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
    size_t bytes = text ? strlen(text) : 0;
    int failed = !text || put(argv[1], 0, text, bytes);
    for (size_t i = 1; i < bytes && !failed; i += 7) {
        char *bad = strdup(text);
        bad[i] = "\"0{[:,-\x01\xff"[i % 9];
        failed = put(argv[1], (int)i, bad, i % 2 ? bytes : i);
        free(bad);
    }
    free(text);
    return failed;
}
