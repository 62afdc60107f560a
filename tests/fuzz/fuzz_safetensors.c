/* fuzz_safetensors.c - any bytes as a checkpoint; the seeds are safetensors. */
#include "tests/support/read_tensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_tensors(data, size);
    return 0;
}
