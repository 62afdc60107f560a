/* model_rope.c - rotary positions of a model: the header's keys, and the divisors of frequencies
 * that they come to.
 *
 * YaRN: arXiv 2309.00071. Long rope: arXiv 2402.13753; its files have two lists of divisors, for texts
 * within the original context and for longer ones.
 */
#include <math.h>
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

/* How much YaRN lengthens what it turns, by the factor of the context. */
static float yarn_length(float factor, float multiplier)
{
    return factor <= 1 ? 1 : 0.1f * multiplier * logf(factor) + 1;
}

static int get_yarn(const Check *c, RopeConfig *rope)
{
    float multiplier = 0;
    char key[TENSOR_NAME_BYTES];
    int found = gguf_get_f32(c->gguf, arch_key(key, c->arch, "rope.scaling.yarn_log_multiplier"),
                             &multiplier, c->err);
    if (found < 0 || get_divisor(c, "rope.scaling.factor", &rope->divisor) != 0 ||
        check_float(c, "rope.scaling.yarn_beta_fast", 32, &rope->beta_fast) != 0 ||
        check_float(c, "rope.scaling.yarn_beta_slow", 1, &rope->beta_slow) != 0)
        return -1;
    if (!(multiplier >= 0 && multiplier <= 100))
        return check_fail(c, "key '%s' is %g, expected 0 to 100", key, (double)multiplier);
    rope->scale *= yarn_length(rope->divisor, 1);
    if (multiplier > 0)
        rope->scale /= yarn_length(rope->divisor, multiplier);
    return 0;
}

/* Linear scaling's divisor is there under its present and its former key. */
static int get_scaling(const Check *c, RopeConfig *rope)
{
    char key[TENSOR_NAME_BYTES];
    GgufString type;
    int found =
        gguf_get_string(c->gguf, arch_key(key, c->arch, "rope.scaling.type"), &type, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return get_divisor(c, "rope.scale_linear", &rope->divisor);
    if (check_is(type, "none") || check_is(type, "longrope"))
        return 0;
    if (check_is(type, "linear"))
        return get_divisor(c, "rope.scaling.factor", &rope->divisor);
    if (check_is(type, "yarn"))
        return get_yarn(c, rope);
    return check_fail(c,
                      "rope scaling '%.*s' is not supported; s2d knows none, linear, yarn and "
                      "longrope",
                      check_shown(type), type.data);
}

/* Queries that get longer with the text. */
static int get_warmer(const Check *c, RopeConfig *rope)
{
    char key[TENSOR_NAME_BYTES];
    arch_key(key, c->arch, "attention.temperature_scale");
    if (gguf_get_f32(c->gguf, key, &rope->warmer, c->err) < 0)
        return -1;
    if (!(rope->warmer >= 0 && rope->warmer <= 100))
        return check_fail(c, "key '%s' is %g, expected 0 to 100", key, (double)rope->warmer);
    if (rope->warmer > 0 && rope->dims != c->config->head_dim)
        return check_fail(c, "queries that get longer with the text, and heads that are turned in "
                             "part: no model that s2d knows has both");
    return 0;
}

static int get_long(const Check *c, RopeConfig *rope)
{
    bool has_short = gguf_tensor(c->gguf, "rope_factors_short.weight") != NULL;
    bool has_long = gguf_tensor(c->gguf, "rope_factors_long.weight") != NULL;
    if (has_short != has_long)
        return check_fail(c,
                          "tensor 'rope_factors_%s.weight' is missing; the file is no complete "
                          "model",
                          has_short ? "long" : "short");
    rope->has_long = has_long;
    return 0;
}

int check_rope(Check *c)
{
    ModelConfig *config = c->config;
    RopeConfig *rope = &config->rope;
    const ArchInfo *arch = arch_info(c->arch);
    bool turns = true;
    char key[TENSOR_NAME_BYTES];
    *rope = (RopeConfig){.neox = arch->rope_neox, .skips = arch->rope_skips, .divisor = 1};
    if (config->window.size > 0 && arch->local_base > 0 &&
        check_float(c, "rope.freq_base_swa", arch->local_base, &rope->local_base) != 0)
        return -1;
    if (check_size(c, "rope.dimension_count", HEAD_DIM_MAX, config->head_dim, &rope->dims) != 0 ||
        check_float(c, "rope.freq_base", 10000, &rope->base) != 0 ||
        check_float(c, "rope.scaling.attn_factor", 1, &rope->scale) != 0 ||
        check_size(c, "rope.scaling.original_context_length", INT32_MAX, config->context,
                   &rope->original) != 0 ||
        get_scaling(c, rope) != 0 || get_warmer(c, rope) != 0 || get_long(c, rope) != 0)
        return -1;
    if (rope->dims % 2 != 0 || rope->dims > config->head_dim)
        return check_fail(c, "%d rotated dimensions of a head of %d; they come in pairs",
                          rope->dims, config->head_dim);
    arch_key(key, c->arch, "rope.scaling.finetuned");
    if (arch->rope_switch && gguf_get_bool(c->gguf, key, &turns, c->err) < 0)
        return -1;
    if (!turns)
        rope->skips = 1;
    return 0;
}

int layer_rope_of(const ModelConfig *config, int layer)
{
    const RopeConfig *rope = &config->rope;
    if (layer < 0) /* turned, unless nothing is */
        return rope->skips == 1 ? ROPE_NONE : ROPE_MAIN;
    if (rope->skips > 0 && (layer + 1) % rope->skips == 0)
        return ROPE_NONE;
    return rope->local_base > 0 && layer_window_of(config, layer) > 0 ? ROPE_LOCAL : ROPE_MAIN;
}

int rope_for_length(const RopeConfig *rope, int length)
{
    return rope->has_long && length > rope->original ? ROPE_LONG : ROPE_MAIN;
}

Rope rope_plain(const RopeConfig *rope)
{
    return (Rope){.base = rope->base,
                  .neox = rope->neox,
                  .dims = rope->dims,
                  .scale = rope->scale > 0 ? rope->scale : 1,
                  .warmer = rope->warmer,
                  .warmer_every = rope->original};
}

/* The pair that turns so many times within the original context. */
static double yarn_pair(const RopeConfig *rope, double turns)
{
    double pi = acos(-1);
    return rope->dims * log(rope->original / (turns * 2 * pi)) / (2 * log((double)rope->base));
}

/* YaRN divides the frequencies of pairs that turn seldom, leaves those that turn often, and mixes
 * between the two. */
static float yarn_divisor(const RopeConfig *rope, int pair)
{
    double low = fmax(floor(yarn_pair(rope, (double)rope->beta_fast)), 0);
    double high = fmin(ceil(yarn_pair(rope, (double)rope->beta_slow)), rope->dims - 1);
    double divided = (pair - low) / fmax(high - low, 0.001);
    divided = fmin(fmax(divided, 0), 1);
    return (float)(1 / (divided / (double)rope->divisor + 1 - divided));
}

const char *rope_tensor(const RopeConfig *rope, int which)
{
    return which == ROPE_LONG ? "rope_factors_long.weight"
           : rope->has_long   ? "rope_factors_short.weight"
                              : "rope_freqs.weight";
}

int rope_factors(const Gguf *gguf, const RopeConfig *rope, int which, float **factors, Err *err)
{
    const GgufTensor *tensor = gguf_tensor(gguf, rope_tensor(rope, which));
    int pairs = rope->dims / 2;
    *factors = NULL;
    if (tensor == NULL && rope->divisor == 1)
        return 0;
    float *values =
        tensor ? weight_source_floats(gguf, tensor, err) : malloc((size_t)pairs * sizeof *values);
    if (values == NULL)
        return tensor ? -1
                      : err_set(err, EXIT_MEMORY, "%s: no memory for the rotary factors",
                                gguf_label(gguf));
    for (int i = 0; i < pairs; i++) {
        float divisor = rope->beta_fast > 0 ? yarn_divisor(rope, i) : rope->divisor;
        values[i] = tensor ? values[i] * divisor : divisor;
    }
    *factors = values;
    return 0;
}
