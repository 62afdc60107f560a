/* head.c - loads a head's weights into the backend's memory; see head.h. */
#include "engine/model/head.h"

#include <stdlib.h>
#include <string.h>

#include "engine/model/load.h"

/* EAGLE scores with rows of the target's own head: those tokens, in the type that a draft's head
 * has. All tokens: the target's head itself. */
static ModelUse use_of_target(const HeadInfo *info)
{
    return (ModelUse){.ids = info->ids, .n_ids = info->n_vocab, .requantise = true};
}

static bool scores_by_target(const HeadInfo *info)
{
    return info->kind == HEAD_EAGLE && info->n_vocab > 0;
}

static int load_tensors(Loader *l, Head *head, Err *err)
{
    HeadTensor tensors[HEAD_TENSORS_MAX];
    int n = head_tensors(&head->info, head, tensors);
    for (int i = 0; i < n; i++) {
        Origin origin = {.gguf = l->gguf, .tensor = gguf_tensor(l->gguf, tensors[i].name)};
        if (origin.tensor == NULL)
            continue; /* a bias: head_file_open has seen all else */
        int result =
            tensors[i].rows > 0
                ? load_matrix(l, &origin, &as_it_is, QUANT_CLASS_FINE, tensors[i].matrix, err)
                : load_vector(l, l->gguf, origin.tensor, tensors[i].vector, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int load_target_rows(Head *head, const Model *target, Err *err)
{
    Gguf *gguf;
    if (gguf_open(&gguf, target->path, err) != 0)
        return -1;
    ModelUse use = use_of_target(&head->info);
    Loader loader = {.model = &head->net, .gguf = gguf, .use = &use};
    const GgufTensor *own = gguf_tensor(gguf, "output.weight");
    Origin origin = {.gguf = gguf, .tensor = own ? own : gguf_tensor(gguf, "token_embd.weight")};
    int result = load_matrix(&loader, &origin, &use, QUANT_CLASS_SHORT_HEAD, &head->net.head, err);
    gguf_close(gguf);
    return result;
}

/* Four bytes each, as a float takes. */
static int load_ids(Head *head, const HeadFile *file, Err *err)
{
    Kernels *k = head->net.kernels;
    size_t n = (size_t)head->info.n_vocab;
    if (n == 0)
        return 0;
    head->ids = malloc(n * sizeof *head->ids);
    float *device = head->ids && k->draw ? k->buffer_alloc(k, n) : NULL;
    if (head->ids == NULL || (k->draw && device == NULL))
        return err_set(err, EXIT_MEMORY, "%s: no memory for a short list", head->name);
    memcpy(head->ids, file->ids, n * sizeof *head->ids);
    head->info.ids = head->ids;
    head->device_ids = (const int *)device;
    if (device)
        k->upload(k, device, (const float *)head->ids, n);
    return 0;
}

size_t head_bytes(Kernels *kernels, const HeadFile *file, const ModelConfig *target)
{
    HeadTensor tensors[HEAD_TENSORS_MAX];
    int n = head_tensors(&file->info, NULL, tensors);
    size_t bytes = 0;
    for (int i = 0; i < n; i++) {
        const GgufTensor *tensor = gguf_tensor(file->gguf, tensors[i].name);
        if (tensor == NULL)
            continue;
        bytes += tensors[i].rows > 0 ? kernels->matrix_bytes(kernels, tensor->type, tensors[i].rows,
                                                             tensors[i].cols)
                                     : sizeof(float) * (size_t)tensors[i].cols;
    }
    if (scores_by_target(&file->info))
        bytes += kernels->matrix_bytes(kernels, QUANT_Q8_0, file->info.n_vocab, target->hidden);
    return bytes;
}

int head_open(Head **out, const HeadFile *file, const Model *target, Err *err)
{
    *out = NULL;
    if (head_fits(file, &target->config, target->name, err) != 0)
        return -1;
    Head *head = calloc(1, sizeof *head);
    if (head != NULL)
        head->path = strdup(gguf_path(file->gguf));
    if (head == NULL || head->path == NULL) {
        free(head);
        return err_set(err, EXIT_MEMORY, "%s: no memory to open it", gguf_label(file->gguf));
    }
    const char *slash = strrchr(head->path, '/');
    snprintf(head->name, sizeof head->name, "%s", slash ? slash + 1 : head->path);
    head->info = file->info;
    Model *net = &head->net;
    snprintf(net->name, sizeof net->name, "%s", head->name);
    net->kernels = target->kernels;
    net->config = file->info.layer;
    net->layers = &head->layer;
    net->rope[ROPE_MAIN] = rope_plain(&net->config.rope);
    net->embed = target->embed;
    Loader loader = {.model = net, .gguf = file->gguf, .use = &as_it_is};
    int result = load_ids(head, file, err);
    if (result == 0)
        result = load_tensors(&loader, head, err);
    if (result == 0 && scores_by_target(&head->info))
        result = load_target_rows(head, target, err);
    else if (result == 0 && head->info.kind == HEAD_EAGLE)
        net->head = target->head;
    if (result != 0) {
        head_close(head);
        return -1;
    }
    *out = head;
    return 0;
}

void head_close(Head *head)
{
    if (head == NULL)
        return;
    Kernels *k = head->net.kernels;
    HeadTensor tensors[HEAD_TENSORS_MAX];
    int n = head_tensors(&head->info, head, tensors);
    for (int i = 0; i < n; i++) {
        if (tensors[i].rows > 0 && *tensors[i].matrix != NULL)
            k->matrix_close(k, *tensors[i].matrix);
        else if (tensors[i].rows == 0 && *tensors[i].vector != NULL)
            k->buffer_free(k, *tensors[i].vector);
    }
    if (scores_by_target(&head->info) && head->net.head != NULL)
        k->matrix_close(k, head->net.head);
    if (head->device_ids)
        k->buffer_free(k, (float *)head->device_ids);
    free(head->ids);
    free(head->path);
    free(head);
}
