/* trainer.c - opens and closes a training run, see trainer.h. */
#include "engine/train/trainer.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/train/trainer_parts.h"

/* Arrays in host memory, by what they hold. */
static int host_arrays(Soft *s, Err *err)
{
    SoftBatch *b = &s->batch;
    size_t rows = (size_t)s->config.rows, top = (size_t)s->config.top;
    size_t H = (size_t)s->model.hidden, vocab = (size_t)s->model.vocab;
    struct {
        void *pointer; /* to the pointer */
        size_t bytes;
    } arrays[] = {{&s->order, sizeof(int) * (size_t)s->n_texts},
                  {&s->places, sizeof(int) * vocab},
                  {&s->host, sizeof(float) * rows * H},
                  {&s->chosen, sizeof(int) * ((size_t)s->config.batch + 1)},
                  {&s->best, sizeof(int) * rows * SOFT_CHAIN},
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
    for (int e = 0; s->config.tune == SOFT_EXITS && e < s->config.n_exits; e++) {
        b->hidden[e] = calloc(rows * H, sizeof *b->hidden[e]);
        ok = ok && b->hidden[e];
    }
    return ok ? 0 : err_set(err, EXIT_MEMORY, "no memory for the texts of a step");
}

/* The inverse of the list of scored tokens. */
static void fill_places(Soft *s)
{
    for (int i = 0; i < s->model.vocab; i++)
        s->places[i] = s->config.ids ? -1 : i;
    for (int i = 0; s->config.ids && i < s->config.n_ids; i++)
        s->places[s->config.ids[i]] = i;
}

static int open_all(Soft *s, const Gguf *gguf, Err *err)
{
    SoftArena count = {0}, arena = {0};
    LearnShape shape = soft_learn_shape(s);
    /* What turns by positions is scaled as in the engine. */
    float *factors = NULL;
    int result = soft_read_factors(s, gguf, &factors, err);
    shape.rope_factors = factors;
    if (result == 0)
        result = learn_open(&s->learn, s->kernels, &shape,
                            s->config.exact ? LEARN_FLOATS : LEARN_FASTEST, err);
    free(factors);
    if (result != 0 || host_arrays(s, err) != 0)
        return -1;
    fill_places(s);
    soft_lay(s, &count);
    s->memory = s->kernels->buffer_alloc(s->kernels, count.used / sizeof(float));
    if (s->memory == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training: it takes %.1f GB",
                       (double)count.used / 1e9);
    arena.memory = (char *)s->memory;
    soft_lay(s, &arena);
    assert(arena.used == count.used);
    soft_shuffle(s);
    return soft_read_base(s, gguf, err);
}

int soft_open(Soft **soft, const SoftConfig *config, Kernels *kernels, const Gguf *gguf,
              const ModelConfig *base, const SoftText *texts, int n_texts, SoftSource *source,
              Err *err)
{
    *soft = NULL;
    assert(config->rows >= config->length && config->top >= 1 && config->top <= SOFT_TOP_MAX);
    assert(source || (config->tune != SOFT_EXITS && config->loss == SOFT_TEXT));
    SoftBase shape = soft_base(gguf, base);
    Soft *s = malloc(sizeof *s);
    if (s == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    if (soft_shape(s, config, &shape, err) != 0) {
        free(s);
        return -1;
    }
    s->kernels = kernels;
    s->texts = texts;
    s->n_texts = n_texts;
    s->source = source;
    if (open_all(s, gguf, err) != 0) {
        soft_close(s);
        return -1;
    }
    *soft = s;
    return 0;
}

void soft_close(Soft *s)
{
    if (s == NULL)
        return;
    if (s->memory)
        s->kernels->buffer_free(s->kernels, s->memory);
    if (s->learn)
        s->learn->close(s->learn);
    SoftBatch *b = &s->batch;
    void *arrays[] = {s->order, s->places, s->host, s->chosen, s->best,    b->start, b->ids,
                      b->row,   b->next,   b->base, b->places, b->weights, s->layers};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    for (int e = 0; e < EXITS_MAX; e++)
        free(b->hidden[e]);
    free(s);
}

const SoftProgress *soft_progress(const Soft *soft)
{
    return &soft->progress;
}
