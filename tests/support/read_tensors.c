/* read_tensors.c - see read_tensors.h. */
#include "tests/support/read_tensors.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/tensor_file.h"

enum { READ_MAX = 1 << 16 }; /* values: a small deflated entry may hold a thousand times its size */

static void check_tensor(const TensorFile *file, const Tensor *tensor)
{
    assert(tensor->type < TENSOR_TYPES && tensor->n_dims >= 0 && tensor->n_dims <= TENSOR_DIMS_MAX);
    assert(tensor->name[0] != '\0' && strlen(tensor->name) <= TENSOR_NAME_MAX);
    assert(tensor_file_find(file, tensor->name) == tensor);
    for (int i = 0; i < TENSOR_DIMS_MAX; i++)
        assert(tensor->dims[i] >= 0 && (i < tensor->n_dims || tensor->dims[i] == 1));
}

static void read_tensor(TensorFile *file, const Tensor *tensor)
{
    int64_t n = tensor_values(tensor), rows = tensor->dims[0];
    if (n > READ_MAX)
        return;
    Err err = {0};
    void *values = malloc((size_t)n * sizeof(int64_t) + 1);
    assert(values != NULL);
    if (tensor->type <= TENSOR_BF16) {
        int result = tensor_file_floats(file, tensor, 0, rows, values, &err);
        assert((result == 0) == (err.code == 0));
        err = (Err){0};
        assert(tensor_file_floats(file, tensor, 0, rows + 1, values, &err) == -1);
        err = (Err){0};
        if (rows > 0) /* backwards, from the middle */
            tensor_file_floats(file, tensor, rows / 2, 1, values, &err);
    } else {
        int result = tensor_file_integers(file, tensor, values, &err);
        assert((result == 0) == (err.code == 0));
    }
    free(values);
}

void read_tensors(const uint8_t *data, size_t size)
{
    TensorFile *file;
    Err err = {0};
    if (tensor_file_open_memory(&file, data, size, "input", &err) != 0) {
        assert(file == NULL && strncmp(err.text, "input: ", 7) == 0);
        assert(err.code == EXIT_DATA || err.code == EXIT_MEMORY);
        return;
    }
    assert(err.code == 0 && tensor_file_count(file) > 0);
    for (int i = 0; i < tensor_file_count(file); i++) {
        check_tensor(file, tensor_file_at(file, i));
        if (i < 64)
            read_tensor(file, tensor_file_at(file, i));
    }
    tensor_file_close(file);
}
