/* fuzz_hub.c - any bytes as the hub's answer: refused, or a list whose files can be made here, and a choice
 * of them that is complete. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/pull/hub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const HubFile *file)
{
    char name[HUB_PATH_BYTES];
    HubName repo = {.owner = "o", .repo = "r"};
    if (file->bytes == 0 || strstr(file->path, "..") == file->path || file->path[0] == '/')
        abort();
    if (hub_file_name(&repo, file->path, true, name, sizeof name, NULL) != 0 || strchr(name, '/'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const picks[] = {"", "Q8_0", "x.gguf"};
    HubList list;
    HubSet set;
    Err err = {0};
    if (hub_list_parse(&list, (const char *)data, size, "o/r", &err) != 0) {
        if (err.code == 0 || err.text[0] == '\0')
            abort();
        return 0;
    }
    for (int i = 0; i < list.n; i++)
        check_file(&list.files[i]);
    for (size_t i = 0; i < sizeof picks / sizeof *picks; i++) {
        err = (Err){0};
        if (hub_choose(&set, &list, picks[i], "o/r", &err) != 0) {
            if (err.code == 0)
                abort();
            continue;
        }
        uint64_t bytes = 0;
        for (int j = 0; j < set.n; j++) {
            if (strlen(set.files[j]->sha256) != SHA256_TEXT - 1)
                abort();
            bytes += set.files[j]->bytes;
        }
        if (set.n < 1 || bytes != set.bytes)
            abort();
    }
    hub_list_close(&list);
    return 0;
}
