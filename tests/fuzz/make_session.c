/* make_session.c - sessions to start fuzzing from: a good one, and that one with a byte amiss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/session_file.h"
#include "tests/support/corpus.h"

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
    int failed = !text || corpus_spoil(argv[1], text, strlen(text));
    free(text);
    transcript_close(&chat.transcript);
    return failed;
}
