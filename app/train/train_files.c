/* train_files.c - what a run begins with, a state, adapter or head, and what it ends as. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/save_file.h"
#include "app/profile/adapter_file.h"
#include "app/profile/catalog.h"
#include "app/train/train.h"

/* The weights of an adapter. */
static int start_adapter(const Train *t, const char *path, Err *err)
{
    Adapter *adapter;
    if (adapter_open(&adapter, path, err) != 0)
        return -1;
    int result = adapter_check(adapter, &t->config, err);
    if (result == 0 && strcmp(adapter->info.base_sha256, t->base_sha256) != 0)
        result = err_set(err, EXIT_DATA, "%s: an adapter of another base than %s",
                         gguf_label(adapter->gguf), t->options.model);
    if (result == 0)
        result = trainer_start_adapter(t->trainer, adapter, err);
    adapter_close(adapter);
    return result;
}

/* The weights of a head. */
static int start_head(const Train *t, const char *path, Err *err)
{
    HeadFile *file;
    if (head_file_open(&file, path, err) != 0)
        return -1;
    int result = head_fits(file, &t->config, t->options.model, err);
    if (result == 0 && strcmp(file->info.base_sha256, t->base_sha256) != 0)
        result = err_set(err, EXIT_DATA, "%s: a head of another target than %s",
                         gguf_label(file->gguf), t->options.model);
    if (result == 0)
        result = trainer_start_head(t->trainer, file, err);
    head_file_close(file);
    return result;
}

/* All of a state, or the weights only of a state, an adapter or a head. */
int train_begin(const Train *t, const char *path, bool start, Err *err)
{
    Err why = {0};
    char magic[4];
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO, "%.300s: %s", path,
                       strerror(errno));
    bool gguf = fread(magic, sizeof magic, 1, file) == 1 && memcmp(magic, "GGUF", 4) == 0;
    rewind(file);
    if (start && gguf) {
        fclose(file);
        return (t->options.has_head ? start_head : start_adapter)(t, path, err);
    }
    int result = (start ? trainer_start : trainer_load)(t->trainer, file, t->base_hash, &why);
    fclose(file);
    return result == 0 ? 0 : err_set(err, why.code, "%.300s: %s", path, why.text);
}

static int save_adapter(const Train *t, Err *err)
{
    const TrainerConfig *trainer = &t->options.trainer;
    AdapterInfo info = {.arch = t->config.arch,
                        .layers = trainer->layers,
                        .n_vocab = trainer->n_ids,
                        .vocab = trainer->ids,
                        .alpha = trainer->tune == TRAINER_LORA ? (float)trainer->rank : 0};
    memcpy(info.base_sha256, t->base_sha256, sizeof info.base_sha256);
    for (int e = 0; e < trainer->n_exits; e++) {
        info.copy_of[info.n_exits] = -1;
        info.exits[info.n_exits++] = trainer->exits[e];
    }
    if (info.exits[info.n_exits - 1] < trainer->layers && info.n_exits < EXITS_MAX) {
        info.copy_of[info.n_exits] = -1;
        info.exits[info.n_exits++] = trainer->layers;
    }
    AdapterTensor *tensors;
    int n;
    if (trainer_tensors(t->trainer, t->options.type, &tensors, &n, err) != 0)
        return -1;
    int result = adapter_save(t->options.out, &info, tensors, n, err);
    free(tensors);
    return result;
}

/* A head, as its file. */
static int write_head(FILE *stream, void *user, Err *err)
{
    const Train *t = user;
    HeadInfo info = trainer_head_info(&t->options.trainer, &t->config);
    AdapterTensor *tensors;
    int n;
    memcpy(info.base_sha256, t->base_sha256, sizeof info.base_sha256);
    catalog_short_name(t->options.model, info.base_name, sizeof info.base_name);
    if (trainer_tensors(t->trainer, t->options.type, &tensors, &n, err) != 0)
        return -1;
    int result = head_write(stream, &info, tensors, n, err);
    free(tensors);
    return result;
}

/* A whole draft, as a model. */
static int write_model(FILE *stream, void *user, Err *err)
{
    const Train *t = user;
    return trainer_write_model(t->trainer, t->gguf, t->options.type, stream, err);
}

int train_save(Train *t, Err *err)
{
    if (t->options.trainer.tune == TRAINER_HEAD)
        return save_stream(t->options.out, write_head, t, err);
    return t->options.trainer.tune == TRAINER_FULL
               ? save_stream(t->options.out, write_model, t, err)
               : save_adapter(t, err);
}
