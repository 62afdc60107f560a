/* load.c - see load.h. */
#include "engine/model/load.h"

#include <assert.h>
#include <stdlib.h>

const ModelUse as_it_is = {0};

static int tensor_error(const Gguf *gguf, const GgufTensor *tensor, int code, const char *problem,
                        Err *err)
{
    return err_set(err, code, "%s: tensor '%.*s': %s", gguf_label(gguf), (int)tensor->name.length,
                   tensor->name.data, problem);
}

/* In steps of half a percent. */
int load_advance(Loader *l, size_t bytes, Err *err)
{
    l->done_bytes += bytes;
    if (l->progress == NULL ||
        (l->done_bytes - l->told_bytes < l->total_bytes / 200 && l->done_bytes < l->total_bytes))
        return 0;
    l->told_bytes = l->done_bytes;
    if (l->progress(l->user, (float)((double)l->done_bytes / (double)l->total_bytes)))
        return err_set(err, EXIT_INTERRUPTED, "%s: loading was cancelled", gguf_label(l->gguf));
    return 0;
}

/* MatrixSource.read */
static int read_matrix(void *context, uint64_t offset, void *out, size_t bytes, Err *err)
{
    Loader *l = context;
    size_t row_bytes = quant_row_bytes(l->source.type, l->source.cols);
    int first = (int)(offset / row_bytes), rows = (int)(bytes / row_bytes);
    size_t file_bytes = rows * quant_row_bytes(l->source.origin.tensor->type, l->source.cols);
    assert(offset % row_bytes == 0 && bytes % row_bytes == 0);
    l->read_failed = weight_source_read(&l->source, first, rows, out, err) != 0 ||
                     load_advance(l, file_bytes, err) != 0;
    return l->read_failed ? -1 : 0;
}

int load_matrix(Loader *l, const Origin *origin, const ModelUse *use, QuantClass quant_class,
                Matrix **matrix, Err *err)
{
    Kernels *k = l->model->kernels;
    l->source = weight_source_of(origin, use, quant_class);
    l->source.threads = k->threads;
    MatrixSource source = {.type = l->source.type,
                           .rows = l->source.rows / l->source.stack,
                           .cols = l->source.cols,
                           .read = read_matrix,
                           .context = l};
    if (l->source.stack > 1) {
        source.stack = l->source.stack;
        source.picks = l->model->config.picks;
    }
    Err why = {0};
    l->read_failed =
        weight_source_open(&l->source, &why) != 0 ||
        (l->source.rank > 0 && load_advance(l, origin->a->bytes + origin->b->bytes, &why) != 0);
    int result = l->read_failed ? -1 : k->matrix_open(k, matrix, &source, &why);
    weight_source_close(&l->source);
    if (result == 0)
        return 0;
    *matrix = NULL;
    /* What the backend says lacks the file's and the tensor's name. */
    return l->read_failed ? err_set(err, why.code, "%s", why.text)
                          : tensor_error(origin->gguf, origin->tensor, why.code, why.text, err);
}

int load_vector(Loader *l, const Gguf *gguf, const GgufTensor *tensor, float **vector, Err *err)
{
    Kernels *k = l->model->kernels;
    size_t count = (size_t)tensor->dims[0];
    float *host = weight_source_floats(gguf, tensor, err);
    if (host == NULL)
        return -1;
    *vector = k->buffer_alloc(k, count);
    int result = load_advance(l, tensor->bytes, err);
    if (*vector != NULL)
        k->upload(k, *vector, host, count);
    else
        result =
            tensor_error(gguf, tensor, EXIT_MEMORY, "no memory for it; try a smaller model", err);
    free(host);
    return result;
}

int load_floats(Loader *l, const float *host, size_t count, float **vector, Err *err)
{
    Kernels *k = l->model->kernels;
    *vector = k->buffer_alloc(k, count);
    if (*vector == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for it; try a smaller model",
                       gguf_label(l->gguf));
    k->upload(k, *vector, host, count);
    return 0;
}
