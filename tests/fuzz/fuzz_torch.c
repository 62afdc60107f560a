/* fuzz_torch.c - any bytes as a file of torch.save, and any bytes as the pickle in one.
 *
 * A zip has checksums and offsets, which a fuzzer that changes single bytes seldom gets right. So what
 * is no zip is put into one as its data.pkl.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/checkpoint_bytes.h"
#include "tests/support/read_tensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float values[6] = {1, 2, 3, 4, 5, 6};
    if (size >= 2 && memcmp(data, "PK", 2) == 0) {
        read_tensors(data, size);
        return 0;
    }
    ZipPart parts[] = {{.name = "x/data.pkl", .data = data, .bytes = size},
                       {.name = "x/data/0", .data = values, .bytes = sizeof values},
                       {.name = "x/version", .data = "3", .bytes = 1}};
    Bytes zip = {0};
    zip_bytes(&zip, parts, 3, false, 0);
    read_tensors(zip.data, zip.size);
    free(zip.data);
    return 0;
}
