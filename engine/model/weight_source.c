/* weight_source.c - see weight_source.h. */
#include "engine/model/weight_source.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/model/adapter.h"
#include "kernels/group.h"

/* What a draft's weights are rounded to where that is smaller: a drafted token takes as long as its
 * bytes take to be read. Feed-forward's up and down lose nothing by four bits; the gate, attention
 * and the head would (profiles/RESULTS.md). Types of four bits stay as they are. */
static QuantType smaller(QuantType type, int cols, QuantClass quant_class)
{
    QuantType to = quant_class == QUANT_CLASS_COARSE ? QUANT_Q4_0 : QUANT_Q5_0;
    bool less = quant_row_bytes(to, 256) < quant_row_bytes(type, 256);
    return less && quant_bits(type) > 4 && cols % quant_info(to)->block == 0 ? to : type;
}

WeightSource weight_source_of(const Origin *origin, const ModelUse *use, QuantClass quant_class)
{
    const GgufTensor *tensor = origin->tensor;
    WeightSource source = {.origin = *origin,
                           .rows = (origin->rows > 0 ? origin->rows : (int)tensor->dims[1]) *
                                   (int)tensor->dims[2],
                           .cols = (int)tensor->dims[0],
                           .stack = (int)tensor->dims[2],
                           .type = tensor->type,
                           .threads = 1};
    if (quant_class == QUANT_CLASS_SHORT_HEAD) {
        source.ids = use->ids;
        source.rows = use->n_ids;
    }
    if (origin->a != NULL) {
        source.rank = (int)origin->a->dims[1];
        source.type = source.cols % quant_info(QUANT_Q8_0)->block == 0 ? QUANT_Q8_0 : QUANT_F32;
    }
    /* A whole head beside a short one, which does most of its work, is used seldom. */
    bool seldom = quant_class == QUANT_CLASS_HEAD && use->ids;
    if (use->requantise && !seldom && quant_class != QUANT_CLASS_KEPT)
        source.type = smaller(source.type, source.cols, quant_class);
    return source;
}

uint64_t weight_source_bytes(const WeightSource *source)
{
    const Origin *origin = &source->origin;
    uint64_t bytes = (uint64_t)source->rows * quant_row_bytes(origin->tensor->type, source->cols);
    return bytes + (source->rank > 0 ? origin->a->bytes + origin->b->bytes : 0);
}

static int not_finite(const Gguf *gguf, const GgufTensor *tensor, Err *err)
{
    return err_set(err, EXIT_DATA, "%s: tensor '%.*s': NaN or Inf values; the file is damaged",
                   gguf_label(gguf), (int)tensor->name.length, tensor->name.data);
}

float *weight_source_floats(const Gguf *gguf, const GgufTensor *tensor, Err *err)
{
    int cols = (int)tensor->dims[0], rows = (int)tensor->dims[1];
    size_t row_bytes = quant_row_bytes(tensor->type, cols);
    uint8_t *raw = malloc(tensor->bytes);
    float *values = malloc((size_t)rows * (size_t)cols * sizeof *values);
    int result = -1;
    if (raw == NULL || values == NULL)
        err_set(err, EXIT_MEMORY, "%s: tensor '%.*s': no memory for it; try a smaller model",
                gguf_label(gguf), (int)tensor->name.length, tensor->name.data);
    else
        result = gguf_read(gguf, tensor, 0, raw, tensor->bytes, err);
    for (int row = 0; row < rows && result == 0; row++) {
        const uint8_t *in = raw + (size_t)row * row_bytes;
        quant_to_float(tensor->type, in, values + (size_t)row * (size_t)cols, cols);
        if (!quant_row_finite(tensor->type, in, cols))
            result = not_finite(gguf, tensor, err);
    }
    free(raw);
    if (result == 0)
        return values;
    free(values);
    return NULL;
}

int weight_source_open(WeightSource *source, Err *err)
{
    const Origin *origin = &source->origin;
    if (source->rank == 0)
        return 0;
    source->a = weight_source_floats(origin->adapter->gguf, origin->a, err);
    source->b = source->a ? weight_source_floats(origin->adapter->gguf, origin->b, err) : NULL;
    if (source->b == NULL)
        return -1;
    float scale = origin->adapter->info.alpha / (float)source->rank;
    for (size_t i = 0; i < (size_t)source->rank * (size_t)source->cols; i++)
        source->a[i] *= scale;
    return 0;
}

void weight_source_close(WeightSource *source)
{
    free(source->a);
    free(source->b);
    source->a = source->b = NULL;
}

/* The rows as they are in the file; neighbours are read in one go. */
static int read_rows(const WeightSource *in, int first, int count, uint8_t *out, Err *err)
{
    const Origin *origin = &in->origin;
    size_t row_bytes = quant_row_bytes(origin->tensor->type, in->cols);
    for (int i = 0, run; i < count; i += run) {
        int row = origin->first + (in->ids ? in->ids[first + i] : first + i);
        for (run = in->ids ? 1 : count;
             i + run < count && origin->first + in->ids[first + i + run] == row + run;)
            run++;
        if (gguf_read(origin->gguf, origin->tensor, (uint64_t)row * row_bytes,
                      out + (size_t)i * row_bytes, (size_t)run * row_bytes, err) != 0)
            return -1;
    }
    return 0;
}

/* One thread's share of rounding: its rows. */
typedef struct Share {
    const WeightSource *source;
    const uint8_t *in;
    uint8_t *out;
    float *values; /* [cols] */
    int start;     /* row of the matrix that `in` begins with */
    int first, end;
    bool finite;
} Share;

static void add_change(const WeightSource *source, int row, float *values)
{
    for (int r = 0; r < source->rank; r++) {
        float weight = source->b[(size_t)row * (size_t)source->rank + (size_t)r];
        const float *a = source->a + (size_t)r * (size_t)source->cols;
        for (int i = 0; i < source->cols; i++)
            values[i] += weight * a[i];
    }
}

static void *round_rows(void *context)
{
    Share *s = context;
    const WeightSource *source = s->source;
    QuantType from = source->origin.tensor->type;
    size_t in_bytes = quant_row_bytes(from, source->cols);
    size_t out_bytes = quant_row_bytes(source->type, source->cols);
    for (int row = s->first; row < s->end; row++) {
        const uint8_t *in = s->in + (size_t)row * in_bytes;
        s->finite = s->finite && quant_row_finite(from, in, source->cols);
        quant_to_float(from, in, s->values, source->cols);
        add_change(source, s->start + row, s->values);
        quant_fit(source->type, s->values, s->out + (size_t)row * out_bytes, source->cols);
    }
    return NULL;
}

enum { SHARES_MAX = 16 };

/* Deals the rows out to threads; the caller takes the first share, and any for which there is no
 * thread. */
static bool round_all(const WeightSource *source, const uint8_t *in, uint8_t *out, float *values,
                      int start, int count)
{
    Share share[SHARES_MAX];
    pthread_t thread[SHARES_MAX];
    bool started[SHARES_MAX] = {false}, finite = true;
    int n = source->threads < SHARES_MAX ? source->threads : SHARES_MAX;
    for (int i = n - 1; i >= 0; i--) {
        share[i] = (Share){.source = source,
                           .in = in,
                           .out = out,
                           .values = values + (size_t)i * (size_t)source->cols,
                           .start = start,
                           .first = (int)((int64_t)count * i / n),
                           .end = (int)((int64_t)count * (i + 1) / n),
                           .finite = true};
        started[i] = i > 0 && pthread_create(&thread[i], NULL, round_rows, &share[i]) == 0;
        if (!started[i])
            round_rows(&share[i]);
    }
    for (int i = 0; i < n; i++) {
        if (started[i])
            pthread_join(thread[i], NULL);
        finite = finite && share[i].finite;
    }
    return finite;
}

int weight_source_read(const WeightSource *source, int first, int count, void *out, Err *err)
{
    const Origin *origin = &source->origin;
    if (source->type == origin->tensor->type && source->rank == 0)
        return read_rows(source, first, count, out, err);
    size_t row_bytes = quant_row_bytes(origin->tensor->type, source->cols);
    uint8_t *in = malloc((size_t)count * row_bytes);
    float *values = malloc(SHARES_MAX * (size_t)source->cols * sizeof *values);
    int result = -1;
    if (in == NULL || values == NULL)
        err_set(err, EXIT_MEMORY, "%s: no memory for reading it", gguf_label(origin->gguf));
    else
        result = read_rows(source, first, count, in, err);
    if (result == 0 && !round_all(source, in, out, values, first, count))
        result = not_finite(origin->gguf, origin->tensor, err);
    free(in);
    free(values);
    return result;
}
