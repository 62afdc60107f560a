/* model_scalars.c - what a model multiplies its embeddings, residuals, scores and logits by. */
#include <math.h>

#include "engine/model/model_check.h"

/* A scale that some files have; 0 = none. */
static int get_scale(const Check *c, const char *name, float *scale)
{
    char key[TENSOR_NAME_BYTES];
    if (gguf_get_f32(c->gguf, arch_key(key, c->arch, name), scale, NULL) == 1 && *scale == 0)
        return 0;
    return check_float(c, name, 1, scale);
}

/* Granite's: keys of its own. */
static int read_scales(Check *c)
{
    ModelConfig *config = c->config;
    float logits;
    char key[TENSOR_NAME_BYTES];
    if (check_float(c, "logit_scale", 0, &logits) != 0 ||
        get_scale(c, "embedding_scale", &config->embed_scale) != 0 ||
        get_scale(c, "residual_scale", &config->residual_scale) != 0)
        return -1;
    if (config->embed_scale == 0)
        config->embed_scale = 1;
    config->logit_scale = 1 / logits;
    arch_key(key, c->arch, "attention.scale");
    if (gguf_get_f32(c->gguf, key, &config->attention_scale, c->err) < 0)
        return -1;
    if (!(config->attention_scale >= 0 && config->attention_scale <= 1e6f))
        return check_fail(c, "key '%s' is %g, expected a positive number", key,
                          (double)config->attention_scale);
    return 0;
}

/* Scalars that an architecture has by its sizes; and one that no layer here computes. */
static int scales_by_size(Check *c)
{
    enum { GEMMA3_27B_LAYERS = 62 };
    ModelConfig *config = c->config;
    char key[TENSOR_NAME_BYTES];
    float cap = 0;
    if (arch_info(c->arch)->embed_scaled)
        config->embed_scale = sqrtf((float)config->hidden);
    /* Only the largest Gemma 3 scales by another size than that of its heads. */
    if (c->arch == ARCH_GEMMA3 && config->layers == GEMMA3_27B_LAYERS)
        config->attention_scale = 1.0f / sqrtf((float)config->hidden / (float)config->heads);
    if (gguf_get_f32(c->gguf, arch_key(key, c->arch, "final_logit_softcapping"), &cap, c->err) < 0)
        return -1;
    return cap == 0 ? 0
                    : check_fail(c, "key '%s' is %g; s2d knows no capped logits", key, (double)cap);
}

int check_scales(Check *c)
{
    c->config->embed_scale = 1;
    return (arch_info(c->arch)->scales && read_scales(c) != 0) || scales_by_size(c) != 0 ? -1 : 0;
}

float config_attention_scale(const ModelConfig *config)
{
    return config->attention_scale > 0 ? config->attention_scale
                                       : 1.0f / sqrtf((float)config->head_dim);
}
