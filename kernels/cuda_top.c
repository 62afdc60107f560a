/* cuda_top.c - the largest logits of rows, and all above a floor: few bytes come back.
 *
 * Acceptance asks for one row after the other of what the head has just computed. The first
 * question is answered for all its rows at once, and the rest cost no trip to the device.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"

enum { ABOVE_FIRST = 1024 /* entries that come back with their number */ };

/* Splits one piece of scratch into parts of so many 4-byte values each. */
static void *part(char **at, size_t values)
{
    void *p = *at;
    *at += (values * 4 + 63) / 64 * 64;
    return p;
}

/* Finds the best of n rows. ids, values: [n, count]; log_sum: [n] */
static void top_find(Cuda *cuda, const float *logits, int n, int stride, int vocab, int count,
                     int *ids, float *values, float *log_sum)
{
    size_t rows = ROWS_MAX, chunks = (size_t)(vocab + TOP_CHUNK - 1) / TOP_CHUNK;
    size_t lists = rows * chunks * (size_t)count, results = rows * (size_t)count;
    size_t bytes = (2 * lists + rows * chunks + 2 * results + rows) * 4 + 6 * 64;
    char *at = cuda_reserve(cuda, &cuda->top, bytes);
    TopArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    args.logits = logits;
    args.stride = stride;
    args.vocab = vocab;
    args.count = count;
    args.chunks = (int)chunks;
    args.ids = part(&at, results);
    args.values = part(&at, results);
    args.log_sum = part(&at, rows);
    args.chunk_ids = part(&at, lists);
    args.chunk_values = part(&at, lists);
    args.chunk_sums = part(&at, rows * chunks);
    queue_count(cuda, n);
    int grid = cuda_round_rows(n);
    queue_add(cuda, KERNEL_top_chunks, (int)chunks, grid, 1, &args, sizeof args, META_N);
    queue_add(cuda, KERNEL_top, grid, 1, 1, &args, sizeof args, META_N);
    size_t wanted = (size_t)n * (size_t)count;
    queue_get(cuda, ids, args.ids, wanted * sizeof *ids);
    queue_get(cuda, values, args.values, wanted * sizeof *values);
    queue_get(cuda, log_sum, args.log_sum, (size_t)n * sizeof *log_sum);
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
    float sum;
    if (row < 0) {
        best->count = 0;
        top_find(cuda, logits, 1, vocab, vocab, count, ids, values, log_sum ? log_sum : &sum);
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

/* Room on the host for so many entries; false = no memory. */
static bool found_room(Cuda *cuda, int entries)
{
    if (entries <= cuda->found_max)
        return true;
    int *more = realloc(cuda->found, (1 + 2 * (size_t)entries) * sizeof *more);
    if (!more)
        return false;
    cuda->found = more;
    cuda->found_max = entries;
    return true;
}

int cuda_above(Kernels *k, const float *row, int vocab, float floor, int *ids, float *values,
               int cap)
{
    Cuda *cuda = cuda_of(k);
    int chunks = (vocab + TOP_CHUNK - 1) / TOP_CHUNK;
    cap = cap < vocab ? cap : vocab;
    int entries = cap > ABOVE_FIRST ? cap : ABOVE_FIRST;
    char *at = cuda_reserve(cuda, &cuda->above,
                            (1 + 2 * (size_t)entries + (size_t)chunks) * sizeof(int) + 2 * 64);
    if (!found_room(cuda, entries))
        cap = cuda->found_max;
    AboveArgs args;
    memset(&args, 0, sizeof args);
    args.row = row;
    args.floor = floor;
    args.vocab = vocab;
    args.cap = cap;
    args.chunks = chunks;
    args.found = part(&at, 1 + 2 * (size_t)entries);
    args.chunk_counts = part(&at, (size_t)chunks);
    queue_add(cuda, KERNEL_above_count, chunks, 1, 1, &args, sizeof args, 0);
    queue_add(cuda, KERNEL_above, chunks, 1, 1, &args, sizeof args, 0);
    queue_get(cuda, cuda->found, args.found, (1 + 2 * ABOVE_FIRST) * sizeof(int));
    int n = cuda->found[0], stored = n < cap ? n : cap;
    if (stored > ABOVE_FIRST)
        queue_get(cuda, cuda->found + 1 + 2 * ABOVE_FIRST, args.found + 1 + 2 * ABOVE_FIRST,
                  2 * (size_t)(stored - ABOVE_FIRST) * sizeof(int));
    for (int i = 0; i < stored; i++) {
        ids[i] = cuda->found[1 + 2 * i];
        memcpy(&values[i], &cuda->found[2 + 2 * i], sizeof *values);
    }
    return n;
}
