/* top.c - the largest logits of rows, and tokens drawn from them: few bytes come back, in one
 * copy.
 *
 * Acceptance asks for one row after the other of what the head has just computed. The first
 * question is answered for all its rows at once, and the rest cost no trip to the device. A draw is
 * for all rows from the start, and answers the question for the best without noise as well.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernels/cuda/cuda.h"

/* What a scan of rows is told. ahead: entries of each row's results before those of the scan */
static TopArgs scan_args(Cuda *cuda, const float *logits, int stride, int vocab, int count,
                         int ahead)
{
    size_t chunks = (size_t)(vocab + TOP_CHUNK - 1) / TOP_CHUNK,
           record = (size_t)(ahead + count + 1);
    size_t lists = ROWS_MAX * chunks * (size_t)count, results = ROWS_MAX * record;
    size_t sums = ROWS_MAX * (chunks + 1); /* and a floor for each row */
    Entry *at =
        cuda_reserve(cuda, &cuda->top, (lists + results) * sizeof(Entry) + sums * sizeof(float));
    TopArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    args.logits = logits;
    args.stride = stride;
    args.vocab = vocab;
    args.count = count;
    args.chunks = (int)chunks;
    args.chunk_best = at;
    args.results = at + lists + ahead;
    args.record = (int)record;
    args.chunk_sums = (float *)(at + lists + results);
    return args;
}

static void scan_add(Cuda *cuda, const TopArgs *args, int n)
{
    int grid = cuda_round_rows(n);
    queue_add(cuda, KERNEL_top_chunks, args->chunks, grid, 1, args, sizeof *args, META_N);
    queue_add(cuda, KERNEL_top, grid, 1, 1, args, sizeof *args, META_N);
}

/* The results of n rows, `entries` of each; they stay until the next call. */
static const Entry *scan_get(Cuda *cuda, const Entry *results, int n, int entries)
{
    queue_get(cuda, cuda->found, results, (size_t)n * (size_t)entries * sizeof *cuda->found);
    return cuda->found;
}

/* Finds the best of n rows. ids, values: [n, count]; log_sum: [n] or NULL */
static void top_find(Cuda *cuda, const float *logits, int n, int stride, int vocab, int count,
                     int *ids, float *values, float *log_sum)
{
    TopArgs args = scan_args(cuda, logits, stride, vocab, count, 0);
    queue_count(cuda, n);
    scan_add(cuda, &args, n);
    const Entry *found = scan_get(cuda, args.results, n, args.record);
    for (int i = 0; i < n; i++, found++) {
        for (int j = 0; j < count; j++, found++) {
            *ids++ = found->id;
            *values++ = found->value;
        }
        if (log_sum)
            log_sum[i] = found->value;
    }
}

/* The row of the last logits that `row` is, or -1. */
static int known_row(const TopCache *best, const float *row, int vocab)
{
    if (!best->logits || row < best->logits || vocab > best->stride)
        return -1;
    size_t at = (size_t)(row - best->logits);
    if (at % (size_t)best->stride || at / (size_t)best->stride >= (size_t)best->n)
        return -1;
    return (int)(at / (size_t)best->stride);
}

static void cuda_top_row(Cuda *cuda, const float *logits, int vocab, int count, int *ids,
                         float *values, float *log_sum)
{
    TopCache *best = &cuda->best;
    int row = known_row(best, logits, vocab);
    if (row < 0) {
        best->count = 0;
        top_find(cuda, logits, 1, vocab, vocab, count, ids, values, log_sum);
        return;
    }
    if (best->count < count || best->vocab != vocab) {
        top_find(cuda, best->logits, best->n, best->stride, vocab, count, best->ids, best->values,
                 best->log_sum);
        best->vocab = vocab;
        best->count = count;
    }
    size_t from = (size_t)row * (size_t)best->count;
    memcpy(ids, best->ids + from, (size_t)count * sizeof *ids);
    memcpy(values, best->values + from, (size_t)count * sizeof *values);
    if (log_sum)
        *log_sum = best->log_sum[row];
}

void cuda_top(Kernels *k, const float *logits, int n, int vocab, int count, int *ids, float *values,
              float *log_sum)
{
    Cuda *cuda = cuda_of(k);
    assert(count >= 1 && count <= vocab && count <= TOP_MAX);
    for (int i = 0; i < n; i++)
        cuda_top_row(cuda, logits + (size_t)i * (size_t)vocab, vocab, count, ids + i * count,
                     values + i * count, log_sum ? log_sum + i : NULL);
}

static void draw_meta(Cuda *cuda, uint32_t seed, const int *position, int n)
{
    Meta *meta = queue_meta(cuda, META_DRAW);
    meta->seed = seed;
    for (int i = 0; i < n; i++)
        meta->position[i] = (uint32_t)position[i];
}

void cuda_draw(Kernels *k, const float *logits, int n, int stride, int vocab, const Draw *how,
               const int *position, int count, int *places, float *scores, int *found)
{
    Cuda *cuda = cuda_of(k);
    TopCache *best = &cuda->best;
    DrawArgs args;
    assert(n <= ROWS_MAX && count >= 1 && count <= TOP_MAX);
    memset(&args, 0, sizeof args);
    args.top = scan_args(cuda, logits, stride, vocab, count, 2);
    args.tokens = how->tokens;
    args.temperature = how->temperature;
    args.top_p = how->top_p;
    args.top_k = how->top_k;
    args.floor = args.top.chunk_sums + ROWS_MAX * args.top.chunks;
    queue_count(cuda, n);
    draw_meta(cuda, how->seed, position, n);
    TopArgs plain = args.top;
    plain.count = 1;
    plain.results -= 2;
    int grid = cuda_round_rows(n);
    scan_add(cuda, &plain, n);
    queue_add(cuda, KERNEL_cut, grid, 1, 1, &args, sizeof args, META_N);
    queue_add(cuda, KERNEL_draw_chunks, args.top.chunks, grid, 1, &args, sizeof args,
              META_N | META_DRAW);
    queue_add(cuda, KERNEL_top, grid, 1, 1, &args.top, sizeof args.top, META_N);
    const Entry *row = scan_get(cuda, plain.results, n, args.top.record);
    bool known = best->logits == logits && best->n == n && best->stride == stride;
    best->count = known;
    best->vocab = vocab;
    for (int i = 0; i < n; i++, row += args.top.record) {
        if (known) {
            best->ids[i] = row[0].id;
            best->values[i] = row[0].value;
            best->log_sum[i] = row[1].value;
        }
        int most = isfinite(row[0].value) ? count : 0;
        for (found[i] = 0; found[i] < most && row[2 + found[i]].id != NO_ID; found[i]++) {
            places[i * count + found[i]] = row[2 + found[i]].id;
            scores[i * count + found[i]] = row[2 + found[i]].value;
        }
    }
}
