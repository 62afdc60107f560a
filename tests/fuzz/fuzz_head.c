/* fuzz_head.c - any bytes as a head: one that passes the checks has what they promise, and its weights
 * are loaded or it is said why not. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/bad_heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Model *target; /* making one for each input would take most of the time */

static void close_target(void)
{
    Kernels *kernels = target->kernels;
    model_close(target);
    kernels->close(kernels);
}

/* bad_head_target's, whose file is gone: an EAGLE head that takes rows of it is refused. */
static void open_target(void)
{
    Kernels *kernels;
    KernelsOptions options = {.device = "cpu", .threads = 1};
    TinyModel tiny = bad_head_target();
    int status = kernels_open(&kernels, &options, NULL);
    assert(status == 0);
    target = tiny_model_open(&tiny, kernels, "tiny", NULL);
    atexit(close_target);
}

static void check_info(const HeadInfo *info)
{
    assert(info->kind < HEAD_KINDS && info->hidden >= 2 && info->vocab >= 2 && info->layers >= 0);
    assert(info->base_sha256[0] == '\0' || strlen(info->base_sha256) == 64);
    assert(info->n_taps >= 1 && info->n_taps <= FEATURES_MAX);
    for (int i = 1; i < info->n_taps; i++)
        assert(info->taps[i] > info->taps[i - 1]);
    assert(info->layers == 0 || info->taps[info->n_taps - 1] <= info->layers);
    assert(info->branches >= 0 && info->branches <= BRANCHES_MAX && info->blocks >= 0);
    for (int i = 0; i < info->n_vocab; i++)
        assert(info->ids[i] >= 0 && info->ids[i] < info->vocab &&
               (i == 0 || info->ids[i] > info->ids[i - 1]));
    const ModelConfig *c = &info->layer;
    assert(!info->has_layer || (c->heads % c->kv_heads == 0 && c->head_dim % 2 == 0 && c->ffn > 0));
}

static void check_loaded(Head *head)
{
    HeadTensor tensors[HEAD_TENSORS_MAX];
    int n = head_tensors(&head->info, head, tensors);
    assert(n <= HEAD_TENSORS_MAX);
    for (int i = 0; i < n; i++)
        assert(tensors[i].optional ||
               (tensors[i].rows > 0 ? *tensors[i].matrix != NULL : *tensors[i].vector != NULL));
    assert(head->info.branches > 0 || head->net.head != NULL);
    assert(head_scored(&head->info) ==
           (head->info.n_vocab > 0 ? head->info.n_vocab : head->info.vocab));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HeadFile *file;
    Head *head;
    Err err = {0};
    if (target == NULL)
        open_target();
    if (head_file_open_memory(&file, data, size, "input", &err) != 0) {
        assert(file == NULL && err.code != 0 && err.text[0] != '\0');
        return 0;
    }
    assert(err.code == 0 && head_is_head(file->gguf));
    check_info(&file->info);
    if (head_open(&head, file, target, &err) == 0) {
        assert(err.code == 0 && head_bytes(target->kernels, file, &target->config) > 0);
        check_loaded(head);
        head_close(head);
    } else {
        assert(head == NULL && err.code != 0 && err.text[0] != '\0');
    }
    head_file_close(file);
    return 0;
}
