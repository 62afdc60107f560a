/* arch.c - see arch.h. Names of tensors and keys: github.com/ggml-org/ggml, docs/gguf.md. */
#include "engine/model/arch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/model.h"

/* Sets of parts. */
enum {
    ATTENTION = 1 << PART_ATTN_NORM | 1 << PART_Q | 1 << PART_K | 1 << PART_V | 1 << PART_O,
    QKV_BIASES = 1 << PART_Q_BIAS | 1 << PART_K_BIAS | 1 << PART_V_BIAS,
    QK_NORMS = 1 << PART_Q_NORM | 1 << PART_K_NORM,
    POST_NORMS = 1 << PART_ATTN_POST_NORM | 1 << PART_FFN_POST_NORM,
    EXPERTS = 1 << PART_FFN_NORM | 1 << PART_ROUTER | 1 << PART_GATE_EXPS | 1 << PART_UP_EXPS |
              1 << PART_DOWN_EXPS,
    GATED_FFN = 1 << PART_FFN_NORM | 1 << PART_GATE | 1 << PART_UP | 1 << PART_DOWN,
};

static const ArchInfo archs[ARCH_COUNT] = {
    [ARCH_LLAMA] = {.name = "llama",
                    .required = ATTENTION | GATED_FFN,
                    .optional = QKV_BIASES,
                    .rope_neox = false},
    [ARCH_QWEN2] = {.name = "qwen2",
                    .required = ATTENTION | GATED_FFN,
                    .optional = QKV_BIASES,
                    .usual = QKV_BIASES,
                    .rope_neox = true},
    [ARCH_QWEN3] = {.name = "qwen3",
                    .required = ATTENTION | QK_NORMS | GATED_FFN,
                    .optional = QKV_BIASES,
                    .rope_neox = true},
    [ARCH_SMOLLM3] = {.name = "smollm3",
                      .required = ATTENTION | GATED_FFN,
                      .optional = QKV_BIASES,
                      .rope_neox = false,
                      .rope_skips = 4},
    [ARCH_GRANITE] = {.name = "granite",
                      .required = ATTENTION | GATED_FFN,
                      .optional = QKV_BIASES,
                      .rope_neox = false,
                      .rope_switch = true,
                      .scales = true},
    [ARCH_PHI3] = {.name = "phi3",
                   .required = ATTENTION | GATED_FFN,
                   .rope_neox = true,
                   .fused = true},
    [ARCH_MISTRAL3] = {.name = "mistral3",
                       .required = ATTENTION | GATED_FFN,
                       .optional = QKV_BIASES,
                       .rope_neox = false},
    [ARCH_GEMMA3] = {.name = "gemma3",
                     .required = ATTENTION | QK_NORMS | POST_NORMS | GATED_FFN,
                     .rope_neox = true,
                     .window_period = 6,
                     .local_base = 10000,
                     .embed_scaled = true,
                     .gelu = true},
    [ARCH_QWEN3MOE] = {.name = "qwen3moe",
                       .required = ATTENTION | QK_NORMS | EXPERTS,
                       .exits = ARCH_QWEN3,
                       .rope_neox = true},
};

const LayerPart layer_parts[LAYER_PARTS] = {
    [PART_ATTN_NORM] = {"attn_norm.weight", 0, 'H', .field = offsetof(Layer, attn_norm)},
    [PART_Q] = {"attn_q.weight", 'Q', 'H', .field = offsetof(Layer, q)},
    [PART_K] = {"attn_k.weight", 'K', 'H', .field = offsetof(Layer, k)},
    [PART_V] = {"attn_v.weight", 'K', 'H', .field = offsetof(Layer, v)},
    [PART_Q_BIAS] = {"attn_q.bias", 0, 'Q', .is_bias = true, .field = offsetof(Layer, q_bias)},
    [PART_K_BIAS] = {"attn_k.bias", 0, 'K', .is_bias = true, .field = offsetof(Layer, k_bias)},
    [PART_V_BIAS] = {"attn_v.bias", 0, 'K', .is_bias = true, .field = offsetof(Layer, v_bias)},
    [PART_Q_NORM] = {"attn_q_norm.weight", 0, 'D', .field = offsetof(Layer, q_norm)},
    [PART_K_NORM] = {"attn_k_norm.weight", 0, 'D', .field = offsetof(Layer, k_norm)},
    [PART_O] = {"attn_output.weight", 'H', 'Q', .field = offsetof(Layer, o)},
    [PART_ATTN_POST_NORM] = {"post_attention_norm.weight", 0, 'H',
                             .field = offsetof(Layer, attn_post_norm)},
    [PART_FFN_NORM] = {"ffn_norm.weight", 0, 'H', .is_ffn = true,
                       .field = offsetof(Layer, ffn_norm)},
    [PART_GATE] = {"ffn_gate.weight", 'F', 'H', .is_ffn = true, .field = offsetof(Layer, gate)},
    [PART_UP] = {"ffn_up.weight", 'F', 'H', .is_ffn = true, .quant_class = QUANT_CLASS_COARSE,
                 .field = offsetof(Layer, up)},
    [PART_DOWN] = {"ffn_down.weight", 'H', 'F', .is_ffn = true, .quant_class = QUANT_CLASS_COARSE,
                   .field = offsetof(Layer, down)},
    [PART_FFN_POST_NORM] = {"post_ffw_norm.weight", 0, 'H', .is_ffn = true,
                            .field = offsetof(Layer, ffn_post_norm)},
    [PART_ROUTER] = {"ffn_gate_inp.weight", 'E', 'H', .is_ffn = true,
                     .quant_class = QUANT_CLASS_KEPT, .field = offsetof(Layer, router)},
    [PART_GATE_EXPS] = {"ffn_gate_exps.weight", 'X', 'H', .is_ffn = true, .is_stack = true,
                        .field = offsetof(Layer, gate_exps)},
    [PART_UP_EXPS] = {"ffn_up_exps.weight", 'X', 'H', .is_ffn = true, .is_stack = true,
                      .quant_class = QUANT_CLASS_COARSE, .field = offsetof(Layer, up_exps)},
    [PART_DOWN_EXPS] = {"ffn_down_exps.weight", 'H', 'X', .is_ffn = true, .is_stack = true,
                        .quant_class = QUANT_CLASS_COARSE, .field = offsetof(Layer, down_exps)},
};

const FusedPart *arch_fused(Arch arch, int part)
{
    static const FusedPart fused[] = {{"attn_qkv.weight", PART_Q, 3},
                                      {"ffn_up.weight", PART_GATE, 2}};
    for (size_t i = 0; archs[arch].fused && i < sizeof fused / sizeof *fused; i++)
        if (part >= fused[i].first && part < fused[i].first + fused[i].n)
            return &fused[i];
    return NULL;
}

const ArchInfo *arch_info(Arch arch)
{
    return &archs[arch];
}

bool arch_find(Arch *arch, GgufString name)
{
    for (int i = 0; i < ARCH_COUNT; i++) {
        *arch = (Arch)i;
        if (name.length == strlen(archs[i].name) &&
            memcmp(name.data, archs[i].name, name.length) == 0)
            return true;
    }
    return false;
}

const char *arch_names(char text[ARCH_NAMES_BYTES])
{
    size_t used = 0;
    for (int i = 0; i < ARCH_COUNT; i++) {
        const char *between = i == 0 ? "" : i < ARCH_COUNT - 1 ? ", " : " and ";
        used +=
            (size_t)snprintf(text + used, ARCH_NAMES_BYTES - used, "%s%s", between, archs[i].name);
        assert(used < ARCH_NAMES_BYTES);
    }
    return text;
}

const char *arch_layer_name(const char *name, const char *prefix, int *layer)
{
    enum { DIGITS_MAX = 9 };
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0)
        return NULL;
    const char *number = name + length;
    size_t digits = strspn(number, "0123456789");
    if (digits < 1 || digits > DIGITS_MAX || number[digits] != '.' ||
        (number[0] == '0' && digits > 1))
        return NULL;
    *layer = atoi(number);
    return number + digits + 1;
}

const char *arch_key(char key[TENSOR_NAME_BYTES], Arch arch, const char *name)
{
    snprintf(key, TENSOR_NAME_BYTES, "%s.%s", archs[arch].name, name);
    return key;
}

bool arch_requires(Arch arch, int part)
{
    return archs[arch].required >> part & 1;
}

bool arch_has_usually(Arch arch, int part)
{
    return (archs[arch].required | archs[arch].usual) >> part & 1;
}

bool arch_allows(Arch arch, int part)
{
    return (archs[arch].required | archs[arch].optional) >> part & 1;
}

bool arch_has_experts(Arch arch)
{
    return arch_requires(arch, PART_ROUTER);
}

Arch arch_of_exits(Arch arch)
{
    return arch_has_experts(arch) ? archs[arch].exits : arch;
}

int shape_size(const ModelConfig *config, char letter)
{
    switch (letter) {
    case 0:
        return 0;
    case 'V':
        return config->vocab;
    case 'F':
        return config->ffn;
    case 'Q':
        return config->heads * config->head_dim;
    case 'K':
        return config->kv_heads * config->head_dim;
    case 'E':
        return config->experts;
    case 'X':
        return config->expert_ffn;
    case 'D':
        return config->head_dim;
    case 'R':
        return config->rope.dims / 2;
    default:
        return config->hidden;
    }
}
