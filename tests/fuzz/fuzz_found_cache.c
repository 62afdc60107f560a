/* fuzz_found_cache.c - any bytes as the file of remembered headers: what is taken from it can be written
 * and taken again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/profile/found_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two files as the corpus has them. */
static void make_list(FoundList *list, FoundModel models[2])
{
    static char one[] = "/m/one.gguf", two[] = "/m/two.gguf";
    models[0] = (FoundModel){
        .path = one, .bytes = 1000, .inode = 7, .changed = 1700000000000000000, .unread = true};
    models[1] = (FoundModel){.path = two, .bytes = 5, .inode = 8, .changed = 1, .unread = true};
    *list = (FoundList){2, 2, models};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FoundModel models[2], again[2];
    FoundList list, other;
    make_list(&list, models);
    make_list(&other, again);
    int had = found_cache_take(&list, (const char *)data, size);
    assert(had >= 0 && had <= 2);
    for (int i = 0; i < 2; i++)
        assert(models[i].unread || (models[i].header.arch[0] && models[i].header.quant[0] &&
                                    models[i].header.context > 0 && models[i].header.vocabulary));
    char *text = found_cache_text(&list);
    assert(text);
    assert(found_cache_take(&other, text, strlen(text)) == had);
    for (int i = 0; i < 2; i++)
        assert(models[i].unread == again[i].unread &&
               memcmp(&models[i].header, &again[i].header, sizeof models[i].header) == 0);
    free(text);
    return 0;
}
