/* fuzz_attach.c - any text as a question: the files in it, put into a text again, are it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/attach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Attachments files, again;
    char *text = strndup((const char *)data, size);
    size_t question, same;
    assert(text);
    int n = attach_part(text, &question, &files);
    assert(n == files.n && n >= 0 && n <= ATTACH_MAX && question <= strlen(text));
    char *before = strndup(text, question), *whole = attach_text(&files, before);
    assert(before && whole);
    assert(attach_part(whole, &same, &again) == n && same == question);
    for (int i = 0; i < n; i++) {
        assert(strlen(files.list[i].text) == files.list[i].bytes);
        assert(strcmp(files.list[i].text, again.list[i].text) == 0);
        assert(files.list[i].tokens == again.list[i].tokens);
    }
    char *shown = attach_shown(text);
    assert(shown && strncmp(shown, text, question) == 0);
    attach_clear(&files);
    attach_clear(&again);
    free(shown);
    free(before);
    free(whole);
    free(text);
    return 0;
}
