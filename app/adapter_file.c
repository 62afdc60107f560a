/* adapter_file.c - see adapter_file.h. */
#include "adapter_file.h"

#include <stdlib.h>

#include "save_file.h"

int adapter_save(const char *path, const AdapterInfo *info, const AdapterTensor *tensors,
                 int n_tensors, Err *err)
{
    char *data = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&data, &bytes);
    if (stream == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory to write it", path);
    int result = adapter_write(stream, info, tensors, n_tensors, err);
    if (fclose(stream) != 0 && result == 0)
        result = err_set(err, EXIT_MEMORY, "%s: no memory to write it", path);
    if (result == 0)
        result = save_file(path, data, bytes, true, err);
    free(data);
    return result;
}
