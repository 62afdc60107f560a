/* head_layout.c - which tensors a head has: their names, shapes and places. */
#include <stdio.h>
#include <string.h>

#include "engine/model/head.h"

static const char *const names[HEAD_KINDS] = {"eagle", "eagle3", "medusa", "hydra"};

const char *head_kind_name(HeadKind kind)
{
    return names[kind];
}

bool head_kind_find(HeadKind *kind, const char *name, size_t length)
{
    for (int i = 0; i < HEAD_KINDS; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            *kind = (HeadKind)i;
            return true;
        }
    return false;
}

int head_scored(const HeadInfo *info)
{
    return info->n_vocab > 0 ? info->n_vocab : info->vocab;
}

int head_inputs(const HeadInfo *info, int k)
{
    return info->kind == HEAD_HYDRA ? k + 2 : 1;
}

/* A list that grows. */
typedef struct List {
    HeadTensor *tensors;
    int n;
} List;

static HeadTensor *put(List *list, const char *name, int rows, int cols)
{
    HeadTensor *tensor = &list->tensors[list->n++];
    *tensor = (HeadTensor){.rows = rows, .cols = cols};
    snprintf(tensor->name, sizeof tensor->name, "head.%s", name);
    return tensor;
}

static void put_matrix(List *list, const char *name, int rows, int cols, Matrix **place)
{
    put(list, name, rows, cols)->matrix = place;
}

static void put_vector(List *list, const char *name, int cols, bool optional, float **place)
{
    HeadTensor *tensor = put(list, name, 0, cols);
    tensor->optional = optional;
    tensor->vector = place;
}

/* The parts of the layer, but for EAGLE's first norm, which it has not. */
static void put_layer(List *list, const HeadInfo *info, Layer *layer)
{
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        if (!arch_allows(info->layer.arch, p) || (p == PART_ATTN_NORM && info->kind == HEAD_EAGLE))
            continue;
        char name[48];
        snprintf(name, sizeof name, "blk.%s", part->name);
        HeadTensor *tensor = put(list, name, shape_size(&info->layer, part->rows),
                                 shape_size(&info->layer, part->cols));
        void *field = layer ? (char *)layer + part->field : NULL;
        tensor->optional = part->is_bias;
        if (part->rows)
            tensor->matrix = field;
        else
            tensor->vector = field;
    }
}

static void put_eagle3(List *list, const HeadInfo *info, Head *head)
{
    static const char *const parts[] = {"hidden_q.weight", "hidden_k.weight", "hidden_v.weight"};
    int H = info->hidden, scored = head_scored(info);
    for (int i = 0; i < 3; i++)
        put_matrix(list, parts[i], shape_size(&info->layer, i == 0 ? 'Q' : 'K'), H,
                   head ? &head->hidden_qkv[i] : NULL);
    put_vector(list, "hidden_norm.weight", H, false, head ? &head->hidden_norm : NULL);
    put_matrix(list, "output.weight", scored, H, head ? &head->net.head : NULL);
}

static void put_branch(List *list, const HeadInfo *info, int k, HeadBranch *branch)
{
    int H = info->hidden, scored = head_scored(info);
    char name[48];
    for (int j = 0; j < head_inputs(info, k); j++) {
        snprintf(name, sizeof name, "%d.fc.%d.weight", k, j);
        put_matrix(list, name, H, H, branch ? &branch->fc[j] : NULL);
    }
    snprintf(name, sizeof name, "%d.fc.bias", k);
    put_vector(list, name, H, true, branch ? &branch->fc_bias : NULL);
    for (int j = 0; info->kind == HEAD_HYDRA && j < head_inputs(info, k); j++) {
        snprintf(name, sizeof name, "%d.skip.%d.weight", k, j);
        put_matrix(list, name, H, H, branch ? &branch->skip[j] : NULL);
    }
    if (info->kind == HEAD_HYDRA) {
        snprintf(name, sizeof name, "%d.skip.bias", k);
        put_vector(list, name, H, true, branch ? &branch->skip_bias : NULL);
    }
    if (info->blocks > 0) {
        snprintf(name, sizeof name, "%d.block.weight", k);
        put_matrix(list, name, H, H, branch ? &branch->block : NULL);
        snprintf(name, sizeof name, "%d.block.bias", k);
        put_vector(list, name, H, true, branch ? &branch->block_bias : NULL);
    }
    snprintf(name, sizeof name, "%d.output.weight", k);
    put_matrix(list, name, scored, H, branch ? &branch->output : NULL);
    if (info->kind == HEAD_HYDRA) {
        snprintf(name, sizeof name, "%d.output.bias", k);
        put_vector(list, name, scored, true, branch ? &branch->output_bias : NULL);
    }
}

int head_tensors(const HeadInfo *info, Head *head, HeadTensor *tensors)
{
    List list = {.tensors = tensors};
    int H = info->hidden;
    int n_fc = info->kind == HEAD_EAGLE ? 2 : info->kind == HEAD_EAGLE3 ? info->n_taps : 0;
    for (int i = 0; i < n_fc; i++) {
        char name[48];
        snprintf(name, sizeof name, "fc.%d.weight", i);
        put_matrix(&list, name, H, H, head ? &head->fc[i] : NULL);
    }
    if (info->kind == HEAD_EAGLE)
        put_vector(&list, "fc.bias", H, true, head ? &head->fc_bias : NULL);
    if (info->has_layer)
        put_layer(&list, info, head ? &head->layer : NULL);
    if (info->kind == HEAD_EAGLE3)
        put_eagle3(&list, info, head);
    if (info->has_layer && info->kind != HEAD_EAGLE)
        put_vector(&list, "norm.weight", H, false, head ? &head->net.output_norm : NULL);
    for (int k = 0; k < info->branches; k++)
        put_branch(&list, info, k, head ? &head->branch[k] : NULL);
    return list.n;
}
