/* shapes.c - see shapes.h. */
#include "app/bench/shapes.h"

#include <math.h>
#include <string.h>

static const Shape shapes[] = {
    {"vicuna-7b", ARCH_LLAMA, 32, 4096, 11008, 32, 32, 128, 4096, 32000, 1e-5f, 1e4f,
     .tied = false},
    {"vicuna-13b", ARCH_LLAMA, 40, 5120, 13824, 40, 40, 128, 4096, 32000, 1e-5f, 1e4f,
     .tied = false},
    {"llama-2-70b", ARCH_LLAMA, 80, 8192, 28672, 64, 8, 128, 4096, 32000, 1e-5f, 1e4f,
     .tied = false},
    {"qwen2.5-coder-0.5b", ARCH_QWEN2, 24, 896, 4864, 14, 2, 64, 32768, 151936, 1e-6f, 1e6f,
     .tied = true},
    {"qwen2.5-coder-1.5b", ARCH_QWEN2, 28, 1536, 8960, 12, 2, 128, 32768, 151936, 1e-6f, 1e6f,
     .tied = true},
    {"qwen3-0.6b", ARCH_QWEN3, 28, 1024, 3072, 16, 8, 128, 40960, 151936, 1e-6f, 1e6f,
     .tied = true},
    {"qwen3-4b", ARCH_QWEN3, 36, 2560, 9728, 32, 8, 128, 40960, 151936, 1e-6f, 1e6f, .tied = true},
    {"qwen3-30b-a3b", ARCH_QWEN3MOE, 48, 2048, 6144, 32, 4, 128, 40960, 151936, 1e-6f, 1e6f,
     .tied = false, .experts = 128, .picks = 8, .expert_ffn = 768},
    {"qwen3-235b-a22b", ARCH_QWEN3MOE, 94, 4096, 12288, 64, 4, 128, 40960, 151936, 1e-6f, 1e6f,
     .tied = false, .experts = 128, .picks = 8, .expert_ffn = 1536},
    {"experts-tiny", ARCH_QWEN3MOE, 6, 256, 512, 8, 2, 64, 4096, 32000, 1e-6f, 1e6f, .tied = true,
     .experts = 16, .picks = 4, .expert_ffn = 256},
    {"gemma3-270m", ARCH_GEMMA3, 18, 640, 2048, 4, 1, 256, 32768, 262144, 1e-6f, 1e6f, .tied = true,
     .window = 512},
    {"gemma3-1b", ARCH_GEMMA3, 26, 1152, 6912, 4, 1, 256, 32768, 262144, 1e-6f, 1e6f, .tied = true,
     .window = 512},
    {"smollm3-3b", ARCH_SMOLLM3, 36, 2048, 11008, 16, 4, 128, 65536, 128256, 1e-6f, 5e6f,
     .tied = true},
    {"granite-3.3-2b", ARCH_GRANITE, 40, 2048, 8192, 32, 8, 64, 131072, 49159, 1e-5f, 1e7f,
     .tied = true},
    {"phi-4-mini", ARCH_PHI3, 32, 3072, 8192, 24, 8, 128, 131072, 200064, 1e-5f, 1e4f,
     .tied = true},
    {"ministral-3-8b", ARCH_MISTRAL3, 34, 4096, 14336, 32, 8, 128, 262144, 131072, 1e-5f, 1e6f,
     .tied = false},
    {"smollm2-135m", ARCH_LLAMA, 30, 576, 1536, 9, 3, 64, 8192, 49152, 1e-5f, 1e5f, .tied = true},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

int shape_find(Shape *shape, const char *name, Err *err)
{
    char known[512] = "";
    for (int i = 0; i < N_SHAPES; i++) {
        if (strcmp(shapes[i].name, name) == 0) {
            *shape = shapes[i];
            return 0;
        }
        strcat(known, i == 0 ? "" : ", ");
        strcat(known, shapes[i].name);
    }
    return err_set(err, EXIT_USAGE, "\"%s\" is no shape; known are %s", name, known);
}

ModelConfig shape_config(const Shape *s)
{
    const ArchInfo *info = arch_info(s->arch);
    ModelConfig config = {.arch = s->arch,
                          .vocab = s->vocab,
                          .hidden = s->hidden,
                          .layers = s->layers,
                          .ffn = s->ffn,
                          .experts = s->experts,
                          .expert_ffn = s->expert_ffn,
                          .picks = s->picks,
                          .heads = s->heads,
                          .kv_heads = s->kv_heads,
                          .head_dim = s->head_dim,
                          .context = s->context,
                          .norm_eps = s->norm_eps,
                          .embed_scale = info->embed_scaled ? sqrtf((float)s->hidden) : 1,
                          .rope = {.base = s->rope_base,
                                   .neox = info->rope_neox,
                                   .dims = s->head_dim,
                                   .skips = info->rope_skips,
                                   .divisor = 1},
                          .loaded = s->layers};
    if (s->window > 0) {
        config.window.size = s->window;
        config.rope.local_base = info->local_base;
        window_every(&config.window, s->layers, info->window_period);
    }
    return config;
}
