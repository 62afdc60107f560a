/* adapter_write.c - an adapter from floats to a stream; see adapter.h. */
#include "engine/model/adapter.h"
#include "engine/model/adapter_keys.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static void write_keys(GgufWriter *writer, const AdapterInfo *info)
{
    gguf_write_string(writer, "general.type", "adapter");
    gguf_write_string(writer, "adapter.type", "lora");
    gguf_write_string(writer, "general.architecture", arch_info(info->arch)->name);
    if (info->alpha > 0)
        gguf_write_f32(writer, "adapter.lora.alpha", info->alpha);
    gguf_write_string(writer, "s2d.base.sha256", info->base_sha256);
    gguf_write_u32(writer, "s2d.layers", (uint32_t)info->layers);
    gguf_write_array(writer, "s2d.exits", GGUF_I32, info->exits, info->n_exits);
    for (int i = 0; i < info->n_exits; i++) {
        char key[64];
        adapter_exit_name(key, info->exits[i], "copy_of");
        if (info->copy_of[i] >= 0)
            gguf_write_u32(writer, key, (uint32_t)info->copy_of[i]);
    }
    if (info->n_vocab > 0)
        gguf_write_array(writer, "s2d.vocab", GGUF_I32, info->vocab, info->n_vocab);
}

const float *adapter_row(const AdapterTensor *tensor, int row, float *room)
{
    const float *values = tensor->values + (size_t)row * (size_t)tensor->cols;
    if (tensor->kernels == NULL)
        return values;
    tensor->kernels->download(tensor->kernels, room, values, (size_t)tensor->cols);
    return room;
}

static int write_tensor(GgufWriter *writer, const AdapterTensor *tensor, Err *err)
{
    int cols = tensor->cols, rows = tensor->rows > 0 ? tensor->rows : 1;
    assert(cols % quant_info(tensor->type)->block == 0);
    size_t row_bytes = quant_row_bytes(tensor->type, cols);
    void *blocks = malloc(row_bytes);
    float *room = malloc((size_t)cols * sizeof *room);
    int result = 0;
    if (blocks == NULL || room == NULL)
        result = err_set(err, EXIT_MEMORY, "no memory to write an adapter");
    for (int row = 0; row < rows && result == 0; row++) {
        const float *values = room;
        if (tensor->read == NULL)
            values = adapter_row(tensor, row, room);
        else if (tensor->read(tensor->user, row, room, err) != 0) {
            result = -1;
            break;
        }
        quant_fit(tensor->type, values, blocks, cols);
        gguf_write_data(writer, blocks, row_bytes);
        bool finite = quant_row_finite(tensor->type, blocks, cols);
        for (int i = 0; i < cols && finite; i++)
            finite = isfinite(values[i]);
        if (!finite)
            result = err_set(err, EXIT_DATA,
                             "tensor '%s' has values that are NaN, infinite, or too large for %s; "
                             "an adapter with them is not written",
                             tensor->name, quant_info(tensor->type)->name);
    }
    free(blocks);
    free(room);
    return result;
}

int adapter_write_tensors(GgufWriter *writer, const AdapterTensor *tensors, int n_tensors, Err *err)
{
    for (int i = 0; i < n_tensors; i++)
        gguf_write_tensor(writer, tensors[i].name, tensors[i].type, tensors[i].rows,
                          tensors[i].cols);
    int result = 0;
    for (int i = 0; i < n_tensors && result == 0; i++)
        result = write_tensor(writer, &tensors[i], err);
    return gguf_write_close(writer, result == 0 ? err : NULL) == 0 ? result : -1;
}

int adapter_write(FILE *stream, const AdapterInfo *info, const AdapterTensor *tensors,
                  int n_tensors, Err *err)
{
    GgufWriter *writer;
    if (gguf_write_open(&writer, stream, err) != 0)
        return -1;
    write_keys(writer, info);
    return adapter_write_tensors(writer, tensors, n_tensors, err);
}
