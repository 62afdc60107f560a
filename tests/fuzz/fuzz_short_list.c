/* fuzz_short_list.c - any bytes as a short list: ascending ids that survive being written and read
 * again, or one message with the list's name. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/profile/short_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ShortList list, again;
    Err err = {0};
    if (short_list_parse(&list, (const char *)data, size, "fuzz.ids", &err) != 0) {
        assert(err.code == EXIT_DATA && strncmp(err.text, "fuzz.ids:", 9) == 0);
        assert(list.ids == NULL && list.n == 0);
        return 0;
    }
    assert(err.code == 0 && list.n > 0);
    for (int i = 0; i < list.n; i++)
        assert(list.ids[i] >= 0 && list.ids[i] <= SHORT_LIST_ID_MAX &&
               (i == 0 || list.ids[i] > list.ids[i - 1]));
    char *text = short_list_text(&list);
    assert(text != NULL);
    assert(short_list_parse(&again, text, strlen(text), "again", &err) == 0);
    assert(again.n == list.n && memcmp(again.ids, list.ids, (size_t)list.n * sizeof(int)) == 0);
    free(text);
    short_list_close(&list);
    short_list_close(&again);
    return 0;
}
