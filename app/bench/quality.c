/* quality.c - see quality.h. */
#include "app/bench/quality.h"

#include <math.h>
#include <stdlib.h>

#include "engine/model/forward.h"

enum { LOGIT_ROWS = 16 };

/* One of the two. */
typedef struct Path {
    Context context;
    bool is_open;
    float *logits;          /* [LOGIT_ROWS, V] on the host */
    double nll, nll_square; /* sums over places of -log p(token) and its square */
} Path;

typedef struct Work {
    const QualityText *text;
    Path reference, tested;
    int vocab, done, same;
    double *kl; /* [places] */
} Work;

int quality_chunks(const QualityText *text)
{
    int whole = text->n / text->context;
    return text->chunks > 0 && text->chunks < whole ? text->chunks : whole;
}

static int first_scored(const QualityText *text)
{
    return text->context / 2;
}

static int path_open(Path *path, Model *model, KvType kv, int slots, Err *err)
{
    if (context_open(&path->context, model, model->kernels->act_f32 ? KV_F32 : kv,
                     model->config.layers, slots, LOGIT_ROWS, err) != 0)
        return -1;
    path->is_open = true;
    path->logits = malloc(sizeof(float) * LOGIT_ROWS * (size_t)model->config.vocab);
    return path->logits ? 0 : err_set(err, EXIT_MEMORY, "no memory for logits");
}

static void path_close(Path *path)
{
    if (path->is_open)
        context_close(&path->context);
    free(path->logits);
}

/* Reads n tokens that stand from `from` on in their chunk. */
static void path_read(Path *path, const int *ids, int from, int n)
{
    int slot[ROWS_MAX], prefix[ROWS_MAX];
    uint64_t mask[ROWS_MAX] = {0};
    for (int i = 0; i < n; i++) {
        slot[i] = from + i;
        prefix[i] = from + i + 1;
    }
    Batch batch = {.n = n, .prompt = true, .slot = slot, .prefix = prefix, .mask = mask};
    forward(&path->context, &batch, ids, 0, path->context.model->config.layers);
}

/* The logits of n rows of what was read last, from row `from` on. */
static void path_score(Path *path, int from, int n)
{
    Context *context = &path->context;
    const ModelConfig *config = &context->model->config;
    Kernels *kernels = context->model->kernels;
    head(context, context->hidden + (size_t)from * (size_t)config->hidden, n);
    kernels->download(kernels, path->logits, context->logits, (size_t)n * (size_t)config->vocab);
}

/* log of the sum of exp over the logits; *top: the place of the largest, the first of equals. Not finite
 * where a logit is not. */
static double log_sum(const float *logits, int vocab, int *top)
{
    int best = 0;
    for (int i = 1; i < vocab; i++)
        if (logits[i] > logits[best])
            best = i;
    double others = 0, largest = logits[best]; /* whose own share is exp(0) */
    for (int i = 0; i < vocab; i++)
        others += i == best ? 0 : exp(logits[i] - largest);
    *top = best;
    return largest + log1p(others);
}

/* One place: row i of the logits of both, whose text goes on with `next`. */
static void count(Work *work, int i, int next)
{
    const float *p = work->reference.logits + (size_t)i * (size_t)work->vocab;
    const float *q = work->tested.logits + (size_t)i * (size_t)work->vocab;
    int top[2];
    double p_sum = log_sum(p, work->vocab, &top[0]), q_sum = log_sum(q, work->vocab, &top[1]);
    double p_nll = p_sum - p[next], q_nll = q_sum - q[next], kl = 0;
    for (int j = 0; j < work->vocab; j++) {
        double log_p = p[j] - p_sum;
        kl += exp(log_p) * (log_p - (q[j] - q_sum));
    }
    work->reference.nll += p_nll;
    work->reference.nll_square += p_nll * p_nll;
    work->tested.nll += q_nll;
    work->tested.nll_square += q_nll * q_nll;
    work->kl[work->done++] = kl > 0 || !isfinite(kl) ? kl : 0; /* rounding may go below */
    work->same += top[0] == top[1];
}

/* Scores those of n rows, which stand from `from` on in the chunk, that have a place. ids: the chunk. */
static void score(Work *work, const int *ids, int from, int n)
{
    int first = first_scored(work->text), last = work->text->context - 2;
    int begin = from > first ? from : first, end = from + n - 1 < last ? from + n - 1 : last;
    for (int at = begin; at <= end; at += LOGIT_ROWS) {
        int some = end - at + 1 < LOGIT_ROWS ? end - at + 1 : LOGIT_ROWS;
        path_score(&work->reference, at - from, some);
        path_score(&work->tested, at - from, some);
        for (int i = 0; i < some; i++)
            count(work, i, ids[at + i + 1]);
    }
}

static void read_chunk(Work *work, int *ids)
{
    const QualityText *text = work->text;
    for (int from = 0; from < text->context; from += text->rows) {
        int n = text->context - from < text->rows ? text->context - from : text->rows;
        path_read(&work->reference, ids + from, from, n);
        path_read(&work->tested, ids + from, from, n);
        score(work, ids, from, n);
    }
}

static Perplexity perplexity(const Path *path, int n)
{
    double mean = path->nll / n, variance = path->nll_square / n - mean * mean;
    double value = exp(mean);
    return (Perplexity){value, n > 1 && variance > 0 ? value * sqrt(variance / (n - 1)) : 0};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(Quality *quality, Work *work)
{
    int n = work->done;
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += work->kl[i];
        squares += work->kl[i] * work->kl[i];
    }
    double mean = sum / n, variance = squares / n - mean * mean;
    qsort(work->kl, (size_t)n, sizeof *work->kl, by_value);
    *quality = (Quality){
        .chunks = quality_chunks(work->text),
        .scored = n,
        .reference = perplexity(&work->reference, n),
        .tested = perplexity(&work->tested, n),
        .kl = mean,
        .kl_error = n > 1 && variance > 0 ? sqrt(variance / (n - 1)) : 0,
        .kl_median = work->kl[n / 2],
        .kl_99 = work->kl[(int)(0.99 * (n - 1))],
        .kl_most = work->kl[n - 1],
        .same_top = (double)work->same / n,
    };
}

static int measure_chunks(Quality *quality, Work *work, int *chunk, Err *err)
{
    const QualityText *text = work->text;
    const Model *model = work->tested.context.model;
    int chunks = quality_chunks(text);
    for (int c = 0; c < chunks; c++) {
        if (text->progress)
            text->progress(text->user, c, chunks);
        for (int i = 0; i < text->context; i++)
            chunk[i] = text->ids[c * text->context + i];
        if (tokenizer_adds_bos(model->tokenizer))
            chunk[0] = tokenizer_bos(model->tokenizer);
        read_chunk(work, chunk);
    }
    if (!isfinite(work->reference.nll) || !isfinite(work->tested.nll))
        return err_set(err, EXIT_DATA, "%s computes what is no number", model->name);
    summarise(quality, work);
    return 0;
}

int quality_measure(Quality *quality, Model *reference, Model *tested, KvType kv,
                    const QualityText *text, Err *err)
{
    int places = quality_chunks(text) * (text->context - 1 - first_scored(text));
    Work work = {.text = text, .vocab = tested->config.vocab};
    work.kl = malloc(sizeof *work.kl * (size_t)places);
    int *chunk = malloc(sizeof *chunk * (size_t)text->context);
    int result = work.kl && chunk ? 0 : err_set(err, EXIT_MEMORY, "out of memory");
    if (result == 0 && path_open(&work.reference, reference, KV_F16, text->context, err) == 0 &&
        path_open(&work.tested, tested, kv, text->context, err) == 0)
        result = measure_chunks(quality, &work, chunk, err);
    else
        result = -1;
    path_close(&work.reference);
    path_close(&work.tested);
    free(chunk);
    free(work.kl);
    return result;
}
