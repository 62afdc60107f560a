/* model_experts.c - what the header says of a mixture of experts. */
#include "engine/model/model_check.h"

static int check_no_experts(const Check *c)
{
    char key[TENSOR_NAME_BYTES];
    uint32_t experts = 0;
    if (gguf_get_u32(c->gguf, arch_key(key, c->arch, "expert_count"), &experts, c->err) < 0)
        return -1;
    return experts == 0 ? 0 : check_fail(c, "a mixture of %u experts is not supported", experts);
}

/* What a mixture may say of itself beyond its sizes, and must not, for it is computed as softmax
 * over the experts that a token goes through. */
static int check_mixing(const Check *c)
{
    char key[TENSOR_NAME_BYTES];
    uint32_t gating = 1;
    bool norm = true;
    float scale = 1;
    if (gguf_get_u32(c->gguf, arch_key(key, c->arch, "expert_gating_func"), &gating, c->err) < 0)
        return -1;
    if (gating != 1)
        return check_fail(c, "key '%s' is %u; s2d knows 1, softmax", key, gating);
    if (gguf_get_bool(c->gguf, arch_key(key, c->arch, "expert_weights_norm"), &norm, c->err) < 0)
        return -1;
    if (!norm)
        return check_fail(c, "key '%s' is false; s2d needs weights that add up to 1", key);
    if (gguf_get_f32(c->gguf, arch_key(key, c->arch, "expert_weights_scale"), &scale, c->err) < 0)
        return -1;
    if (scale != 1 && scale != 0) /* 0 is how some files say that there is none */
        return check_fail(c, "key '%s' is %g; s2d needs weights that add up to 1", key,
                          (double)scale);
    return 0;
}

/* Files without a size of the experts have one from which it follows. */
int check_experts(Check *c)
{
    ModelConfig *config = c->config;
    if (!arch_has_experts(c->arch))
        return check_no_experts(c);
    if (check_size(c, "expert_count", EXPERTS_MAX, 0, &config->experts) != 0 ||
        check_size(c, "expert_used_count", PICKS_MAX, 0, &config->picks) != 0)
        return -1;
    if (config->experts < 2 || config->picks > config->experts)
        return check_fail(c,
                          "a mixture of %d experts, %d for each token; s2d needs 2 or more, and "
                          "as many at least as a token goes through",
                          config->experts, config->picks);
    int each = config->ffn / config->picks;
    if (check_size(c, "expert_feed_forward_length", WIDTH_MAX, each, &config->expert_ffn) != 0)
        return -1;
    return check_mixing(c);
}
