/* model_rope.c - rotary positions of a model: the header's keys, and the divisors of frequencies
 * that they come to.
 */
#include <stdlib.h>

#include "engine/model/model_check.h"
#include "engine/model/model_parts.h"

/* A factor of 0 is how some files say that there is none. */
static int get_divisor(const Check *c, const char *name, float *scale)
{
    char key[TENSOR_NAME_BYTES];
    if (gguf_get_f32(c->gguf, arch_key(key, c->arch, name), scale, NULL) == 1 && *scale == 0) {
        *scale = 1;
        return 0;
    }
    return check_float(c, name, 1, scale);
}

/* The divisor of linear rope scaling, under its present and its former key. */
static int get_scaling(const Check *c, float *scale)
{
    char key[TENSOR_NAME_BYTES];
    GgufString type;
    int found =
        gguf_get_string(c->gguf, arch_key(key, c->arch, "rope.scaling.type"), &type, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return get_divisor(c, "rope.scale_linear", scale);
    *scale = 1;
    if (check_is(type, "none"))
        return 0;
    if (check_is(type, "linear"))
        return get_divisor(c, "rope.scaling.factor", scale);
    return check_fail(c, "rope scaling '%.*s' is not supported; s2d knows none and linear",
                      check_shown(type), type.data);
}

int check_rope(Check *c)
{
    ModelConfig *config = c->config;
    RopeConfig *rope = &config->rope;
    rope->neox = arch_info(c->arch)->rope_neox;
    rope->skips = arch_info(c->arch)->rope_skips;
    if (check_size(c, "rope.dimension_count", HEAD_DIM_MAX, config->head_dim, &rope->dims) != 0 ||
        check_float(c, "rope.freq_base", 10000, &rope->base) != 0)
        return -1;
    if (rope->dims % 2 != 0 || rope->dims > config->head_dim)
        return check_fail(c, "%d rotated dimensions of a head of %d; they come in pairs",
                          rope->dims, config->head_dim);
    return get_scaling(c, &rope->divisor);
}

int layer_rope_of(const RopeConfig *rope, int layer)
{
    return rope->skips > 0 && (layer + 1) % rope->skips == 0 ? ROPE_NONE : ROPE_MAIN;
}

Rope rope_plain(const RopeConfig *rope)
{
    return (Rope){.base = rope->base, .neox = rope->neox, .dims = rope->dims, .scale = 1};
}

int rope_factors(const Gguf *gguf, const RopeConfig *rope, float **factors, Err *err)
{
    const GgufTensor *tensor = gguf_tensor(gguf, "rope_freqs.weight");
    int pairs = rope->dims / 2;
    *factors = NULL;
    if (tensor == NULL && rope->divisor == 1)
        return 0;
    float *values =
        tensor ? weight_source_floats(gguf, tensor, err) : calloc((size_t)pairs, sizeof *values);
    if (values == NULL)
        return tensor ? -1
                      : err_set(err, EXIT_MEMORY, "%s: no memory for the rotary factors",
                                gguf_label(gguf));
    for (int i = 0; i < pairs; i++)
        values[i] = tensor ? values[i] * rope->divisor : rope->divisor;
    *factors = values;
    return 0;
}
