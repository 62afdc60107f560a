/* model.h - configuration and weights of one decoder-only transformer (arch.h).
 *
 * Shape letters used everywhere:
 *   V vocabulary   H hidden size   L layers   F feed-forward size
 *   A attention heads   G key/value heads   D head size   Q = A*D   K = G*D   n rows of a batch
 */
#ifndef S2D_ENGINE_MODEL_MODEL_H
#define S2D_ENGINE_MODEL_MODEL_H

#include "engine/gguf/gguf.h"
#include "engine/model/arch.h"
#include "engine/text/template.h"
#include "engine/text/tokenizer.h"
#include "kernels/common/bounds.h"
#include "kernels/kernels.h"

typedef struct ModelConfig {
    Arch arch;
    int vocab;    /* V: rows of the embedding; at least the tokenizer's vocabulary */
    int hidden;   /* H */
    int layers;   /* L */
    int ffn;      /* F */
    int heads;    /* A */
    int kv_heads; /* G, divides A */
    int head_dim; /* D, even */
    int context;  /* tokens the model was trained for */
    float norm_eps;
    float rope_base;
    bool rope_neox;
    char quant[16];        /* type of most of its weights: "Q4_K" */
    uint64_t weight_bytes; /* sum of the tensors' bytes in the file */
    int loaded;            /* layers that are used: L, or the first few of them for a draft */
    int exit_layers;       /* decoder layers that its exits have of their own */
} ModelConfig;

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
    int n_exits;         /* that something was trained for */
    float *rope_factors; /* [D/2] or NULL */
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
