/* make_session.c - sessions to start fuzzing from: a good one, and that one with a byte amiss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../app/session_file.h"

static int put(const char *folder, int number, const char *text, size_t bytes)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%d.json", folder, number);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    SavedChat chat = {.profile = "coder",
                      .target = "big",
                      .draft = "small",
                      .vocab = 1000,
                      .settings = {.top_p = 1},
                      .system = "Be brief."};
    transcript_add(&chat.transcript, ENTRY_USER, "what?");
    transcript_add(&chat.transcript, ENTRY_ANSWER, "");
    transcript_append(&chat.transcript, "tha", 6);
    transcript_append(&chat.transcript, "t \xC3\xA9", 0);
    transcript_add(&chat.transcript, ENTRY_NOTE, "a note");
    char *text = session_to_text(&chat);
    size_t bytes = text ? strlen(text) : 0;
    int failed = !text || put(argv[1], 0, text, bytes);
    for (size_t i = 1; i < bytes && !failed; i += 7) {
        char *bad = strdup(text);
        bad[i] = "\"0{[:,-\x01\xff"[i % 9];
        failed = put(argv[1], (int)i, bad, i % 2 ? bytes : i);
        free(bad);
    }
    free(text);
    transcript_close(&chat.transcript);
    return failed;
}
