/* train_settle.c - what options leave open, by the base: layers, exits, what they begin as, sizes. */
#include "app/train/train.h"

enum { ROWS_AT_ONCE = 2048 };

/* What the exits' layers begin as. */
static int settle_copies(Train *t, Err *err)
{
    const TrainOptions *o = &t->options;
    TrainerConfig *trainer = &t->options.trainer;
    int all = t->config.layers;
    if (o->copy == COPY_NAMED && o->n_copies != trainer->n_exits)
        return err_set(err, EXIT_USAGE, "--copy: %d layers for %d exits", o->n_copies,
                       trainer->n_exits);
    for (int e = 0; e < trainer->n_exits; e++) {
        int next = trainer->exits[e] < all ? trainer->exits[e] : all - 1;
        int layer = o->copy == COPY_NEXT ? next : o->copy == COPY_LAST ? all - 1 : o->copies[e] - 1;
        if (layer >= all)
            return err_set(err, EXIT_USAGE, "--copy: %s has %d layers", o->model, all);
        trainer->copy_of[e] = layer;
    }
    return 0;
}

/* Layers, exits and what exits begin as, against the base. */
static int settle_draft(Train *t, Err *err)
{
    TrainerConfig *trainer = &t->options.trainer;
    int all = t->config.layers, layers = t->options.layers ? t->options.layers : all;
    if (layers > all)
        return err_set(err, EXIT_USAGE, "--layers: %s has %d layers", t->options.model, all);
    trainer->layers = layers;
    if (trainer->tune == TRAINER_HEAD)
        return 0;
    if (trainer->n_exits == 0) {
        int parts = trainer->tune == TRAINER_EXITS ? 3 : 4;
        for (int i = 1; i <= parts; i++) {
            if (layers * i / 4 > layers * (i - 1) / 4)
                trainer->exits[trainer->n_exits++] = layers * i / 4;
        }
    }
    int deepest = trainer->n_exits ? trainer->exits[trainer->n_exits - 1] : 0;
    if (deepest < 1 || deepest > layers)
        return err_set(err, EXIT_USAGE, "--exits: the draft has %d layers", layers);
    if (trainer->tune != TRAINER_EXITS && deepest != layers)
        return err_set(err, EXIT_USAGE, "--exits: the last one is the draft's last layer, %d",
                       layers);
    if (deepest < layers && trainer->n_exits == EXITS_MAX)
        return err_set(err, EXIT_USAGE, "--exits: %d at most, with the whole draft as the last",
                       EXITS_MAX);
    return settle_copies(t, err);
}

int train_settle(Train *t, Err *err)
{
    TrainerConfig *trainer = &t->options.trainer;
    if (settle_draft(t, err) != 0)
        return -1;
    if (trainer->ids && trainer->n_ids < trainer->top)
        return err_set(err, EXIT_USAGE, "--list: fewer tokens than the %d of --top", trainer->top);
    if (trainer->loss == TRAINER_TEXT)
        trainer->top = 1;
    trainer->rows = trainer->batch < ROWS_AT_ONCE ? trainer->batch : ROWS_AT_ONCE;
    trainer->rows = trainer->rows > trainer->length ? trainer->rows : trainer->length;
    return 0;
}
