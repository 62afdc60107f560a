/* model_check.h - what the checks of a model's header share: its keys, read within bounds, and how a
 * file is refused. Private to the model.
 */
#ifndef S2D_ENGINE_MODEL_MODEL_CHECK_H
#define S2D_ENGINE_MODEL_MODEL_CHECK_H

#include "engine/model/model.h"

enum { HEADS_MAX = 1024, HEAD_DIM_MAX = DIM_MAX, WIDTH_MAX = 1 << 20 };

typedef struct Check {
    const Gguf *gguf;
    ModelConfig *config;
    Arch arch;                      /* config's */
    int known;                      /* tensors that the engine has a use for */
    uint64_t bytes_of[QUANT_TYPES]; /* bytes of the layers' matrices by row of quant_types */
    Err *err;
} Check;

/* EXIT_DATA with the file's name before the text. */
int check_fail(const Check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An integer key from 1 to max; fallback: its value when absent, 0 = it must be there. */
int check_size(const Check *c, const char *name, int max, int fallback, int *value);

/* A float key in (0, 1e12]; fallback: its value when absent, 0 = it must be there. */
int check_float(const Check *c, const char *name, float fallback, float *value);

/* A text that is shown: printf's %.*s. */
int check_shown(GgufString string);
bool check_is(GgufString string, const char *text);

/* model_rope.c: what the header says of rotary positions. Needs head_dim. */
int check_rope(Check *c);

/* model_window.c: which layers see the last positions only. Needs the layers. */
int check_window(Check *c);

/* model_scalars.c: scales of embeddings, residuals, scores and logits. Needs the sizes. */
int check_scales(Check *c);

/* model_experts.c: a mixture's sizes, and that it is one which the engine computes; of other
 * architectures that there is none. Needs ffn. */
int check_experts(Check *c);

#endif
