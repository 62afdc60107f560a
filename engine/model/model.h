/* model.h - configuration and weights of one decoder-only transformer (arch.h).
 *
 * Shape letters used everywhere:
 *   V vocabulary   H hidden size   L layers   F feed-forward size
 *   A attention heads   G key/value heads   D head size   Q = A*D   K = G*D   n rows of a batch
 *   E experts   X their feed-forward size
 */
#ifndef S2D_ENGINE_MODEL_MODEL_H
#define S2D_ENGINE_MODEL_MODEL_H

#include "engine/gguf/gguf.h"
#include "engine/model/arch.h"
#include "engine/text/template.h"
#include "engine/text/tokenizer.h"
#include "kernels/common/bounds.h"
#include "kernels/kernels.h"

enum { LAYERS_MAX = 512 };

/* What a header says of rotary positions. */
typedef struct RopeConfig {
    float base;
    bool neox;     /* as in Rope */
    int dims;      /* of a head that are turned */
    int skips;     /* every so many layers, the last of them turns nothing; 0 = none does */
    float divisor; /* of frequencies: of all (linear scaling), or as YaRN has it; 1 = none */
    float beta_fast, beta_slow; /* YaRN: turns in the original context; 0 = it is not YaRN */
    float scale;                /* as in Rope; 0 = 1 */
    float warmer;               /* as in Rope, every `original` positions */
    int original;               /* tokens of the context before it was made longer */
    bool has_long;              /* divisors of their own for contexts that are longer than that */
    float
        local_base; /* of layers with a window, which nothing divides; 0 = they have this one too */
} RopeConfig;

/* Layers whose rows see the last positions only. */
typedef struct WindowConfig {
    int size;                         /* positions, a row's own among them; 0 = no layer has one */
    uint64_t layers[LAYERS_MAX / 64]; /* bit l % 64 of [l / 64]: layer l has it */
} WindowConfig;

typedef struct ModelConfig {
    Arch arch;
    int vocab;  /* V: rows of the embedding; at least the tokenizer's vocabulary */
    int hidden; /* H */
    int layers; /* L */
    int ffn;    /* F; of a mixture: of what an exit's own layer has */
    int experts, expert_ffn, picks; /* E, X, experts that a token goes through; 0 = no mixture */
    int heads;                      /* A */
    int kv_heads;                   /* G, divides A */
    int head_dim;                   /* D, even */
    int context;                    /* tokens the model was trained for */
    float norm_eps;
    float embed_scale;     /* of the embeddings; 1 = as they are */
    float attention_scale; /* of scores; 0 = 1/sqrt(D) */
    float residual_scale;  /* of what a layer adds; 0 = 1 */
    float logit_scale;     /* 0 = 1 */
    RopeConfig rope;
    WindowConfig window;
    char quant[16];        /* type of most of its weights: "Q4_K" */
    uint64_t weight_bytes; /* sum of the tensors' bytes in the file */
    uint64_t token_bytes;  /* of them, what a pass over one token reads */
    int loaded;            /* layers that are used: L, or the first few of them for a draft */
    int exit_layers;       /* decoder layers that its exits have of their own */
} ModelConfig;

/* attention_scale, or what stands for it. */
float config_attention_scale(const ModelConfig *config);

/* Which of its model's ropes turns layer `layer`: ROPE_…; layer -1: an exit's own one, which is no copy. */
int layer_rope_of(const ModelConfig *config, int layer);
/* Its window; 0 = it sees everything, as an exit's own one (-1) does. */
int layer_window_of(const ModelConfig *config, int layer);
/* Every layer gets it but for each period's last one. */
void window_every(WindowConfig *window, int layers, int period);
/* Which rope is turned by where a text may be so long: ROPE_MAIN or ROPE_LONG. */
int rope_for_length(const RopeConfig *rope, int length);
/* The rope without divisors. */
Rope rope_plain(const RopeConfig *rope);

/* All from the header: architecture, every tensor's presence, shape and type. No weights are
 * read. */
int model_config(ModelConfig *config, const Gguf *gguf, Err *err);

typedef struct Adapter Adapter; /* adapter.h */

/* What a draft takes of a model: nothing that it says need be exact, so it may be cheaper. All
 * zero: everything, as it is in the file. */
typedef struct ModelUse {
    int layers;     /* the first so many; 0 = all */
    const int *ids; /* [n_ids] ascending: tokens for a short head beside the whole one; or NULL */
    int n_ids;
    const Adapter *adapter; /* what training adds to them; NULL = nothing */
    bool requantise;        /* weights become smaller types where that is faster */
} ModelUse;

/* Narrows the whole model's config to what the use takes of it. EXIT_DATA when the model does not
 * have that. */
int model_narrow(ModelConfig *config, const ModelUse *use, const char *name, Err *err);

/* Memory that the weights take. config: narrowed by the use. *file_bytes: what is read for that, of
 * the file (NULL = not wanted). */
size_t model_bytes(Kernels *kernels, const Gguf *gguf, const ModelConfig *config,
                   const ModelUse *use, uint64_t *file_bytes);

/* What was trained for one exit. */
typedef struct Exit {
    int layer;   /* the layer number that it leaves after */
    float *norm; /* [H] in place of output_norm; NULL = that one */
    Layer *own;  /* what the residual stream goes through before it is scored; NULL = nothing */
    int kv;      /* number of `own` among the exits' layers */
} Exit;

typedef struct Model {
    char name[64]; /* what the person calls it */
    char *path;
    Kernels *kernels; /* not owned */
    ModelConfig config;
    Layer *layers;         /* [config.loaded] */
    Matrix *embed;         /* [V,H] */
    float *output_norm;    /* [H] */
    Matrix *head;          /* [V,H]; the same as embed when tied */
    Matrix *short_head;    /* [n_short,H] the rows of it that a short list names; NULL = no list */
    int *short_ids;        /* [n_short] ascending: the tokens of those rows */
    const int *device_ids; /* the same where the kernels draw tokens themselves, else NULL */
    int n_short;
    bool requantised; /* some weights are not the file's */
    char *adapter;    /* path of the adapter; NULL = none */
    bool changed;     /* it changed base layers */
    Exit exits[EXITS_MAX];
    int n_exits; /* that something was trained for */
    Rope rope[ROPES];
    Tokenizer *tokenizer;
    bool has_template;
    TemplateForm template; /* it tells the day of the load, or of model_set_date */
    char *template_text;   /* the file's, NULL = none */
    size_t template_bytes;
    Err template_err; /* why not, when !has_template */
    struct tm date;   /* that the template tells where it is dated */
} Model;

/* The template tells this date from now on, where it tells one. */
void model_set_date(Model *model, const struct tm *date);

/* Called while weights are read; returning true cancels the load. */
typedef bool (*ModelProgress)(void *user, float fraction);

/* Reads a model. On failure nothing is left behind. name: for messages and the screen. */
int model_open(Model **model, Kernels *kernels, const char *path, const char *name,
               ModelProgress progress, void *user, Err *err);
/* The same of what a draft needs. */
int model_open_draft(Model **model, Kernels *kernels, const char *path, const char *name,
                     const ModelUse *use, ModelProgress progress, void *user, Err *err);
void model_close(Model *model);

/* What was trained for the exit after that many layers; NULL = nothing. */
const Exit *model_exit(const Model *model, int layer);

#endif
