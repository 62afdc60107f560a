/* trainer.c - opens and closes a training run, see trainer.h. */
#include "engine/train/trainer.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/train/trainer_parts.h"

/* Arrays in host memory, by what they hold. */
static int host_arrays(Trainer *s, Err *err)
{
    TrainerBatch *b = &s->batch;
    size_t rows = (size_t)s->config.rows, top = (size_t)s->config.top;
    size_t H = (size_t)s->model.hidden, vocab = (size_t)s->model.vocab;
    struct {
        void *pointer; /* to the pointer */
        size_t bytes;
    } arrays[] = {{&s->order, sizeof(int) * (size_t)s->n_texts},
                  {&s->places, sizeof(int) * vocab},
                  {&s->host, sizeof(float) * rows * H},
                  {&s->chosen, sizeof(int) * ((size_t)s->config.batch + 1)},
                  {&s->best, sizeof(int) * rows * TRAINER_CHAIN},
                  {&s->firsts, sizeof(int) * rows * TRAINER_OUTPUTS_MAX},
                  {&s->back, sizeof(int) * rows},
                  {&s->back_weights, sizeof(float) * rows * top},
                  {&s->same, sizeof(int) * rows},
                  {&s->chain.ids, sizeof(int) * rows},
                  {&b->start, sizeof(int) * (rows + 1)},
                  {&b->ids, sizeof(int) * rows},
                  {&b->row, sizeof(int) * rows},
                  {&b->next, sizeof(int) * rows},
                  {&b->base, sizeof(int) * rows},
                  {&b->places, sizeof(int) * rows * top},
                  {&b->weights, sizeof(float) * rows * top}};
    bool ok = true;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *(void **)arrays[i].pointer = calloc(1, arrays[i].bytes + 1);
        ok = ok && *(void **)arrays[i].pointer;
    }
    for (int i = 0; ok && i < s->config.rows; i++)
        s->same[i] = i;
    for (int e = 0; e < s->n_taps; e++) {
        b->hidden[e] = calloc(rows * H, sizeof *b->hidden[e]);
        ok = ok && b->hidden[e];
    }
    return ok ? 0 : err_set(err, EXIT_MEMORY, "no memory for the texts of a step");
}

/* The inverse of the list of scored tokens. */
static void fill_places(Trainer *s)
{
    for (int i = 0; i < s->model.vocab; i++)
        s->places[i] = s->config.ids ? -1 : i;
    for (int i = 0; s->config.ids && i < s->config.n_ids; i++)
        s->places[s->config.ids[i]] = i;
}

static int open_all(Trainer *s, const Gguf *gguf, Err *err)
{
    TrainerArena count = {0}, arena = {0};
    TrainShape shape = trainer_learn_shape(s);
    /* What turns by positions is scaled as in the engine, where a head's layer has no scale. */
    float *factors = NULL;
    int result = s->net ? 0 : rope_factors(gguf, &s->model.rope, &factors, err);
    shape.rope.factors = factors;
    if (result == 0)
        result = train_open(&s->ops, s->kernels, &shape,
                            s->config.exact ? TRAIN_FLOATS : TRAIN_FASTEST, err);
    free(factors);
    if (result != 0 || host_arrays(s, err) != 0)
        return -1;
    fill_places(s);
    trainer_lay(s, &count);
    s->memory = s->kernels->buffer_alloc(s->kernels, count.used / sizeof(float));
    if (s->memory == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training: it takes %.1f GB",
                       (double)count.used / 1e9);
    arena.memory = (char *)s->memory;
    trainer_lay(s, &arena);
    assert(arena.used == count.used);
    trainer_shuffle(s);
    if (trainer_read_base(s, gguf, err) != 0)
        return -1;
    return s->net ? s->net->start(s, gguf, err) : 0;
}

int trainer_open(Trainer **trainer, const TrainerConfig *config, Kernels *kernels, const Gguf *gguf,
                 const ModelConfig *base, const TrainerText *texts, int n_texts,
                 TrainerSource *source, Err *err)
{
    *trainer = NULL;
    assert(config->rows >= config->length && config->top >= 1 && config->top <= TRAINER_TOP_MAX);
    assert(source || ((config->tune == TRAINER_LORA || config->tune == TRAINER_FULL) &&
                      config->loss == TRAINER_TEXT));
    TrainerBase shape = trainer_base(gguf, base);
    Trainer *s = malloc(sizeof *s);
    if (s == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    if (trainer_shape(s, config, &shape, err) != 0) {
        free(s);
        return -1;
    }
    s->kernels = kernels;
    s->texts = texts;
    s->n_texts = n_texts;
    s->source = source;
    if (open_all(s, gguf, err) != 0) {
        trainer_close(s);
        return -1;
    }
    *trainer = s;
    return 0;
}

void trainer_close(Trainer *s)
{
    if (s == NULL)
        return;
    if (s->memory)
        s->kernels->buffer_free(s->kernels, s->memory);
    if (s->ops)
        s->ops->close(s->ops);
    TrainerBatch *b = &s->batch;
    void *arrays[] = {s->order, s->places, s->host,      s->chosen,       s->best,   s->firsts,
                      s->back,  s->same,   s->chain.ids, s->back_weights, b->start,  b->ids,
                      b->row,   b->next,   b->base,      b->places,       b->weights};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    for (int e = 0; e < EXITS_MAX; e++)
        free(b->hidden[e]);
    trainer_shape_free(s);
    free(s);
}

const TrainerProgress *trainer_progress(const Trainer *trainer)
{
    return &trainer->progress;
}
