/* tiny_head.c - see tiny_head.h. references/heads.py makes the same numbers. */
#include "tests/support/tiny_head.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/bench/random_weights.h"

void tiny_numbers(const char *name, float scale, int n, float *out)
{
    uint64_t state = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *name != '\0'; name++)
        state = (state ^ (unsigned char)*name) * 0x100000001b3u;
    for (int i = 0; i < n; i++)
        out[i] = scale * noise_normal(&state);
}

HeadInfo tiny_head(HeadKind kind, const TinyModel *target, int vocab)
{
    HeadInfo info = {.kind = kind,
                     .base_name = "tiny",
                     .hidden = target->hidden,
                     .vocab = vocab,
                     .layers = target->layers,
                     .n_taps = 1,
                     .taps = {-1}};
    info.has_layer = kind == HEAD_EAGLE || kind == HEAD_EAGLE3;
    if (kind == HEAD_EAGLE3) {
        info.n_taps = 3;
        for (int i = 0; i < 3; i++)
            info.taps[i] = i + 1;
    }
    if (!info.has_layer)
        info.branches = 3;
    info.layer = (ModelConfig){.arch = ARCH_LLAMA,
                               .layers = 1,
                               .loaded = 1,
                               .hidden = target->hidden,
                               .vocab = vocab,
                               .heads = 4,
                               .kv_heads = 2,
                               .head_dim = 16,
                               .ffn = 96,
                               .norm_eps = 1e-5f,
                               .rope = {.base = 10000, .neox = true, .dims = 16}};
    return info;
}

HeadInfo tiny_hydra_plus(const TinyModel *target, int vocab)
{
    HeadInfo info = tiny_head(HEAD_HYDRA, target, vocab);
    info.has_layer = true;
    info.blocks = 2;
    return info;
}

static void fill(AdapterTensor *to, const HeadTensor *tensor)
{
    int n = (tensor->rows > 0 ? tensor->rows : 1) * tensor->cols;
    float *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    bool norm = tensor->rows == 0 && strstr(tensor->name, "norm");
    float scale = tensor->rows > 0 ? 1 / sqrtf((float)tensor->cols) : norm ? 0.1f : 0.2f;
    tiny_numbers(tensor->name, scale, n, values);
    for (int i = 0; i < n && norm; i++)
        values[i] += 1;
    *to = (AdapterTensor){
        .type = QUANT_F32, .rows = tensor->rows, .cols = tensor->cols, .values = values};
    strcpy(to->name, tensor->name);
}

int tiny_head_bytes(const HeadInfo *info, unsigned char **data, size_t *bytes, Err *err)
{
    HeadTensor tensors[HEAD_TENSORS_MAX];
    AdapterTensor values[HEAD_TENSORS_MAX];
    int n = head_tensors(info, NULL, tensors);
    FILE *stream = open_memstream((char **)data, bytes);
    assert_non_null(stream);
    for (int i = 0; i < n; i++)
        fill(&values[i], &tensors[i]);
    int result = head_write(stream, info, values, n, err);
    for (int i = 0; i < n; i++)
        free((float *)values[i].values);
    fclose(stream);
    return result;
}

Head *tiny_head_open(const HeadInfo *info, const Model *target)
{
    unsigned char *data;
    size_t bytes;
    HeadFile *file;
    Head *head;
    Err err = {0};
    if (tiny_head_bytes(info, &data, &bytes, &err) != 0 ||
        head_file_open_memory(&file, data, bytes, "head", &err) != 0 ||
        head_open(&head, file, target, &err) != 0)
        fail_msg("%s", err.text);
    head_file_close(file);
    free(data);
    return head;
}
