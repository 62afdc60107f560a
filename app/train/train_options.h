/* train_options.h - the command line of `s2d train`. Pointers point into argv. */
#ifndef S2D_APP_TRAIN_TRAIN_OPTIONS_H
#define S2D_APP_TRAIN_TRAIN_OPTIONS_H

#include "engine/train/trainer.h"

enum { TRAIN_FILES_MAX = 64 };

/* Which base layer an exit's own layer begins as: the one after the exit, the last one, or one that
 * was named. */
typedef enum TrainCopy { COPY_NEXT, COPY_LAST, COPY_NAMED } TrainCopy;

typedef struct TrainOptions {
    const char *model;
    const char *data[TRAIN_FILES_MAX];
    int n_data;
    const char *eval;        /* texts to measure on; NULL = some of the data are held back */
    const char *avoid;       /* questions that no text may hold; NULL = none */
    const char *out;         /* adapter, head or model; its state, cache and log lie beside it */
    const char *cache;       /* NULL = beside out */
    const char *list;        /* file of the scored tokens; NULL = all are scored */
    const char *system;      /* NULL = the template's own */
    TrainerConfig trainer;   /* layers, exits, ids and steps come later, from base and data */
    bool has_tune, has_head; /* --tune was given; --method names a kind of head */
    int loss;                /* TrainerLoss; -1 = the method's own */
    int layers;              /* 0 = all of the base */
    TrainCopy copy;
    int n_copies, copies[EXITS_MAX]; /* COPY_NAMED: layer numbers from 1, one per exit */
    double epochs;
    int steps; /* -1 = by epochs; 0 = only measure and write what --start brings */
    int hold;  /* every so many-th text is held back; 0 = none */
    int every; /* steps between measurements and states; 0 = only at the end */
    QuantType type;
    const char *start; /* state, adapter or head whose weights are begun with; NULL = the base's */
    bool resume, plan;
    const char *shape; /* of a model that is not here, for --plan; NULL = -m's */
    KernelsOptions kernels;

    bool generate; /* the rest is for it */
    const char *prompts;
    int tokens, at_once;
    double temperature, top_p;
    int top_k;
} TrainOptions;

int train_options_parse(TrainOptions *options, int argc, char **argv, Err *err);

#endif
