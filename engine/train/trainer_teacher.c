/* trainer_teacher.c - see trainer_teacher.h. */
#include "engine/train/trainer_teacher.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/forward.h"
#include "engine/train/trainer_cache.h"
#include "kernels/common/clock.h"

enum { LOGIT_ROWS = 32 };

struct TrainerTeacher {
    TrainerSource source; /* first: the interface */
    Model *base;
    Context context;
    TrainerConfig config;
    int n_taps, taps[EXITS_MAX];
    int scored;
    TrainerCache *cache; /* NULL = none */
    char *record;        /* as in the file: hidden at each tap, places, weights */
    float *rows;         /* [ROWS_MAX, H] host */
    float *taken;        /* [LOGIT_ROWS, H] of the labels */
    TrainerTeacherCounts counts;
};

static size_t hidden_bytes(const ModelConfig *base, int n)
{
    return sizeof(uint16_t) * (size_t)n * (size_t)base->hidden;
}

static size_t record_bytes(const ModelConfig *base, const TrainerConfig *config, int n, int labels)
{
    int taps[EXITS_MAX];
    return (size_t)trainer_taps(config, base->layers, taps) * hidden_bytes(base, n) +
           (size_t)labels * (size_t)config->top * (sizeof(int) + sizeof(float));
}

size_t trainer_record_bytes(const ModelConfig *base, const TrainerConfig *config, int length)
{
    return record_bytes(base, config, length, length);
}

/* What the residual stream holds now, rows of positions first … */
static void keep_hidden(TrainerTeacher *t, const TrainerText *text, int tap, int first, int n)
{
    size_t H = (size_t)t->base->config.hidden, count = (size_t)n * H;
    Kernels *k = t->base->kernels;
    uint16_t *out =
        (uint16_t *)(void *)(t->record + (size_t)tap * hidden_bytes(&t->base->config, text->n));
    k->download(k, t->rows, t->context.hidden, count);
    for (size_t i = 0; i < count; i++)
        out[(size_t)first * H + i] = bf16_of(t->rows[i]);
}

/* The distributions of up to LOGIT_ROWS labels, whose rows are in t->taken. */
static int keep_labels(TrainerTeacher *t, int n, int *places, float *weights, Err *err)
{
    int top = t->config.top;
    Kernels *k = t->base->kernels;
    head_of_exit(&t->context, NULL, t->base->short_head != NULL, t->taken, n);
    k->top(k, t->context.logits, n, t->scored, top, places, weights, NULL);
    for (int i = 0; i < n; i++) {
        float *w = weights + i * top, sum = 0, highest = w[0];
        if (!isfinite(highest))
            return err_set(err, EXIT_DATA,
                           "%s: the base computes infinity or no number (NaN) for these texts; its "
                           "file may be damaged: learn from another one",
                           t->base->name);
        for (int j = 0; j < top; j++)
            sum += w[j] = expf(w[j] - highest);
        for (int j = 0; j < top; j++)
            w[j] /= sum;
    }
    return 0;
}

/* Positions first … first+n-1. *label: how many labels there were before. */
static int compute_part(TrainerTeacher *t, const TrainerText *text, int first, int n, int *label,
                        int *places, float *weights, Err *err)
{
    int slot[ROWS_MAX], prefix[ROWS_MAX], from = 0, taken = 0, top = t->config.top;
    uint64_t mask[ROWS_MAX] = {0};
    size_t H = (size_t)t->base->config.hidden;
    Batch batch = {.n = n, .prompt = true, .slot = slot, .prefix = prefix, .mask = mask};
    for (int i = 0; i < n; i++) {
        slot[i] = first + i;
        prefix[i] = first + i + 1;
    }
    for (int e = 0; e < t->n_taps; e++) {
        forward(&t->context, &batch, text->ids + first, from, t->taps[e]);
        keep_hidden(t, text, e, first, n);
        from = t->taps[e];
    }
    forward(&t->context, &batch, text->ids + first, from, t->base->config.layers);
    for (int i = 0; i <= n; i++) {
        bool learned = i < n && first + i + 1 < text->n && text->is_label[first + i + 1];
        if (taken == LOGIT_ROWS || (i == n && taken > 0)) {
            if (keep_labels(t, taken, places + *label * top, weights + *label * top, err) != 0)
                return -1;
            *label += taken;
            taken = 0;
        }
        if (learned)
            hidden_copy(&t->context, t->taken + (size_t)taken++ * H,
                        t->context.hidden + (size_t)i * H, 1);
    }
    return 0;
}

static int labels_of(const TrainerText *text)
{
    int labels = 0;
    for (int i = 1; i < text->n; i++)
        labels += text->is_label[i];
    return labels;
}

static int teacher_read(TrainerSource *source, const TrainerText *text, TrainerRecord *record,
                        Err *err)
{
    TrainerTeacher *t = (TrainerTeacher *)source;
    const ModelConfig *base = &t->base->config;
    int labels = labels_of(text), label = 0, found = 0;
    size_t hidden = hidden_bytes(base, text->n), count = (size_t)(labels * t->config.top);
    size_t bytes = record_bytes(base, &t->config, text->n, labels);
    int *places = (int *)(void *)(t->record + (size_t)t->n_taps * hidden);
    float *weights = (float *)(void *)(places + count);
    uint64_t key = trainer_hash(0, text->ids, sizeof *text->ids * (size_t)text->n);
    key = trainer_hash(key, text->is_label, sizeof *text->is_label * (size_t)text->n);
    assert(text->n <= t->config.length);
    if (t->cache && (found = trainer_cache_find(t->cache, key, t->record, bytes, err)) < 0)
        return -1;
    *(found ? &t->counts.kept : &t->counts.computed) += (uint64_t)text->n;
    if (!found) {
        double start = clock_ms();
        for (int first = 0; first < text->n; first += ROWS_MAX) {
            int n = text->n - first < ROWS_MAX ? text->n - first : ROWS_MAX;
            if (compute_part(t, text, first, n, &label, places, weights, err) != 0)
                return -1;
        }
        t->counts.ms += clock_ms() - start;
        if (t->cache && trainer_cache_add(t->cache, key, t->record, bytes, err) != 0)
            return -1;
    }
    for (int e = 0; e < t->n_taps && record->hidden[e]; e++)
        memcpy(record->hidden[e], t->record + (size_t)e * hidden, hidden);
    memcpy(record->places, places, count * sizeof *places);
    memcpy(record->weights, weights, count * sizeof *weights);
    return 0;
}

size_t trainer_teacher_bytes(Kernels *kernels, const ModelConfig *base, const TrainerConfig *config)
{
    return context_bytes(kernels, base, KV_F16, base->layers, config->length, LOGIT_ROWS) +
           trainer_record_bytes(base, config, config->length) +
           sizeof(float) * (size_t)base->hidden * (ROWS_MAX + LOGIT_ROWS);
}

int trainer_teacher_open(TrainerTeacher **teacher, Model *base, const TrainerConfig *config,
                         const char *path, uint64_t base_hash, Err *err)
{
    *teacher = NULL;
    Kernels *k = base->kernels;
    size_t H = (size_t)base->config.hidden;
    TrainerTeacher *t = calloc(1, sizeof *t);
    if (t == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the base's records");
    t->source.read = teacher_read;
    t->base = base;
    t->config = *config;
    t->n_taps = trainer_taps(config, base->config.layers, t->taps);
    t->scored = base->short_head ? base->n_short : base->config.vocab;
    t->record = malloc(trainer_record_bytes(&base->config, config, config->length));
    t->rows = malloc(ROWS_MAX * H * sizeof *t->rows);
    t->taken = k->buffer_alloc(k, LOGIT_ROWS * H);
    int result = 0;
    if (t->record == NULL || t->rows == NULL || t->taken == NULL)
        result = err_set(err, EXIT_MEMORY, "no memory for the base's records");
    if (result == 0)
        result = context_open(&t->context, base, KV_F16, base->config.layers, config->length,
                              LOGIT_ROWS, err);
    if (result == 0 && path) {
        int what[] = {config->tune == TRAINER_EXITS, config->n_exits, config->top, t->scored};
        uint64_t kind = trainer_hash(base_hash, what, sizeof what);
        kind = trainer_hash(kind, config->exits, sizeof *config->exits * (size_t)config->n_exits);
        if (config->tune == TRAINER_HEAD)
            kind = trainer_hash(kind, t->taps, sizeof *t->taps * (size_t)t->n_taps);
        if (config->ids)
            kind = trainer_hash(kind, config->ids, sizeof *config->ids * (size_t)config->n_ids);
        result = trainer_cache_open(&t->cache, path, kind, err);
    }
    if (result != 0) {
        trainer_teacher_close(t);
        return -1;
    }
    *teacher = t;
    return 0;
}

void trainer_teacher_close(TrainerTeacher *t)
{
    if (t == NULL)
        return;
    Kernels *k = t->base->kernels;
    if (t->taken)
        k->buffer_free(k, t->taken);
    context_close(&t->context);
    trainer_cache_close(t->cache);
    free(t->record);
    free(t->rows);
    free(t);
}

TrainerSource *trainer_teacher_source(TrainerTeacher *teacher)
{
    return &teacher->source;
}

const TrainerTeacherCounts *trainer_teacher_counts(const TrainerTeacher *teacher)
{
    return &teacher->counts;
}
