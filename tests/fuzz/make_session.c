/* make_session.c - sessions to start fuzzing from: a good one of either version, and those with a byte
 * amiss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/session_file.h"
#include "tests/support/corpus.h"

enum { LINES = 100000 }; /* numbers of inputs from here on are sessions of lines */

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
    static const char round[] = "{\"v\":1,\"event\":\"round\",\"round\":1}";
    transcript_add_round(&chat.transcript, round);
    transcript_add(&chat.transcript, ENTRY_NOTE, "a note")->dropped = true;
    chat.drafting = (SavedDrafting){.drafter = "s2d",
                                    .tree = "auto",
                                    .spec = "on",
                                    .n_exits = 2,
                                    .exits = {6, 12},
                                    .thresholds = {0.5f, 0.25f}};
    chat.model = "big.gguf";
    char *text = session_to_text(&chat), *lines = session_to_lines(&chat);
    int failed = !text || !lines || corpus_spoil(argv[1], text, strlen(text));
    for (size_t i = 0; !failed && i <= strlen(lines); i += 5) { /* cut off, and a byte amiss */
        char *bad = strdup(lines);
        failed = !bad || corpus_put(argv[1], LINES + (int)i, lines, i);
        if (!failed && i < strlen(lines)) {
            bad[i] = "\"0{[:,-\n\xff"[i % 9];
            failed = corpus_put(argv[1], LINES + (int)i + 1, bad, strlen(lines));
        }
        free(bad);
    }
    free(text);
    free(lines);
    transcript_close(&chat.transcript);
    return failed;
}
