/* generate.c - see generate.h. Each conversation has a KV cache of its own; what is not attention
 * is done for all rows together. */
#include "engine/decode/generate.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/decode/sample.h"
#include "engine/model/forward.h"

typedef struct Place {
    GenerateJob *job; /* NULL = free */
    KvCache *kv;
    int length; /* tokens in the cache */
    int token;  /* the last one said, which is not in it */
} Place;

struct Generator {
    Model *model;
    Context context; /* its buffers; each place has a cache of its own */
    Sampling sampling;
    Sampler sampler;
    int at_once, slots;
    Place places[]; /* [at_once] */
};

/* Neighbouring rows of one conversation. */
typedef struct Run {
    KvCache *kv;
    Batch batch;
} Run;

static void layer_run(Generator *g, int index, const Batch *all, const Run *runs, int n_runs)
{
    Context *c = &g->context;
    Kernels *k = g->model->kernels;
    const Layer *layer = &g->model->layers[index];
    const ModelConfig *m = &g->model->config;
    size_t q = (size_t)(m->heads * m->head_dim), kv = (size_t)(m->kv_heads * m->head_dim);
    Attention how = layer_attention(c, layer);
    layer_begin(c, layer, all);
    for (int i = 0, row = 0; i < n_runs; row += runs[i++].batch.n) {
        const Batch *batch = &runs[i].batch;
        size_t at = (size_t)row;
        k->kv_write(k, runs[i].kv, index, batch, c->k + at * kv, c->v + at * kv);
        k->attention(k, runs[i].kv, index, batch, c->q + at * q, m->heads, &how,
                     c->attended + at * q);
    }
    layer_end(c, layer, all, c->hidden, index + 1 < m->layers ? layer[1].q : g->model->head);
}

static void run_layers(Generator *g, const Batch *all, const int *ids, const Run *runs, int n_runs)
{
    Kernels *k = g->model->kernels;
    k->embed(k, g->model->embed, ids, all->n, g->model->config.embed_scale, g->context.hidden);
    for (int l = 0; l < g->model->config.layers; l++)
        layer_run(g, l, all, runs, n_runs);
}

/* Takes the token that row `row` of the logits says; false = the conversation is over. */
static bool say(Generator *g, Place *place, int row)
{
    GenerateJob *job = place->job;
    const Tokenizer *tokenizer = g->model->tokenizer;
    int vocab = g->model->config.vocab;
    Sampling sampling = g->sampling;
    sampling.seed = job->seed;
    const float *logits = g->context.logits + (size_t)row * (size_t)vocab;
    place->token = sample_token(&g->sampler, g->model->kernels, logits, vocab,
                                tokenizer_vocab(tokenizer), &sampling, place->length);
    job->no_number = place->token < 0;
    if (!job->no_number)
        job->ids[job->n++] = place->token;
    job->ended = !job->no_number && tokenizer_is_end(tokenizer, place->token);
    if (!job->no_number && !job->ended && job->n < job->max_tokens && place->length < g->slots)
        return true;
    place->job = NULL;
    return false;
}

int generator_room(const Generator *g)
{
    int room = 0;
    for (int i = 0; i < g->at_once; i++)
        room += g->places[i].job == NULL;
    return room;
}

bool generator_add(Generator *g, GenerateJob *job)
{
    Place *place = g->places;
    while (place->job)
        place++;
    assert(place < g->places + g->at_once && job->n_prompt >= 1 && job->n_prompt < g->slots &&
           job->max_tokens >= 1);
    place->job = job;
    place->length = job->n = 0;
    for (int n; place->length < job->n_prompt; place->length += n) {
        int slot[ROWS_MAX], prefix[ROWS_MAX], left = job->n_prompt - place->length;
        uint64_t mask[ROWS_MAX] = {0};
        n = left < ROWS_MAX ? left : ROWS_MAX;
        for (int i = 0; i < n; i++) {
            slot[i] = place->length + i;
            prefix[i] = slot[i] + 1;
        }
        Run run = {place->kv,
                   {.n = n, .prompt = true, .slot = slot, .prefix = prefix, .mask = mask}};
        run_layers(g, &run.batch, job->prompt + place->length, &run, 1);
        if (n == left)
            head(&g->context, g->context.hidden + (size_t)(n - 1) * (size_t)g->model->config.hidden,
                 1);
    }
    return !say(g, place, 0);
}

int generator_step(Generator *g, GenerateJob **done)
{
    int slot[ROWS_MAX], prefix[ROWS_MAX], ids[ROWS_MAX], n = 0, finished = 0;
    uint64_t mask[ROWS_MAX] = {0};
    Run runs[ROWS_MAX];
    Place *row[ROWS_MAX];
    for (int i = 0; i < g->at_once; i++) {
        Place *place = &g->places[i];
        if (place->job == NULL)
            continue;
        slot[n] = place->length;
        prefix[n] = place->length + 1;
        ids[n] = place->token;
        runs[n].kv = place->kv;
        runs[n].batch = (Batch){.n = 1, .slot = slot + n, .prefix = prefix + n, .mask = mask + n};
        row[n++] = place;
    }
    if (n == 0)
        return 0;
    Batch all = {.n = n, .slot = slot, .prefix = prefix, .mask = mask};
    run_layers(g, &all, ids, runs, n);
    head(&g->context, g->context.hidden, n);
    for (int i = 0; i < n; i++) {
        GenerateJob *job = row[i]->job;
        row[i]->length++;
        if (!say(g, row[i], i))
            done[finished++] = job;
    }
    return finished;
}

size_t generator_bytes(Kernels *k, const ModelConfig *config, int at_once, int slots)
{
    return context_bytes(k, config, KV_F16, config->layers, KV_BLOCK, at_once) +
           (size_t)at_once *
               k->kv_bytes(k, KV_F16, config->layers, config->kv_heads, config->head_dim, slots);
}

int generator_open(Generator **generator, Model *model, int at_once, int slots,
                   const Sampling *sampling, Err *err)
{
    *generator = NULL;
    assert(at_once >= 1 && at_once <= ROWS_MAX);
    const ModelConfig *m = &model->config;
    Kernels *k = model->kernels;
    Generator *g = calloc(1, sizeof *g + (size_t)at_once * sizeof *g->places);
    if (g == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for conversations");
    g->model = model;
    g->sampling = *sampling;
    g->at_once = at_once;
    g->slots = slots;
    int result = context_open(&g->context, model, KV_F16, m->layers, KV_BLOCK, at_once, err);
    if (result == 0)
        result = sampler_open(&g->sampler, m->vocab, err);
    for (int i = 0; i < at_once && result == 0; i++) {
        g->places[i].kv = k->kv_open(k, KV_F16, m->layers, m->kv_heads, m->head_dim, slots);
        if (g->places[i].kv == NULL)
            result = err_set(err, EXIT_MEMORY,
                             "no memory for %d conversations of %d tokens (%.1f GB); try fewer "
                             "with --at-once",
                             at_once, slots, (double)generator_bytes(k, m, at_once, slots) / 1e9);
    }
    if (result != 0) {
        generator_close(g);
        return -1;
    }
    *generator = g;
    return 0;
}

void generator_close(Generator *g)
{
    if (g == NULL)
        return;
    for (int i = 0; i < g->at_once; i++) {
        if (g->places[i].kv)
            g->model->kernels->kv_close(g->model->kernels, g->places[i].kv);
    }
    sampler_close(&g->sampler);
    context_close(&g->context);
    free(g);
}
