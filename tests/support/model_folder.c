/* model_folder.c - see model_folder.h. */
#include "tests/support/model_folder.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/base/sha256.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_adapter.h"

char *model_folder_file(const ModelFolder *folder, const char *name, char *out)
{
    snprintf(out, 256, "%s/%s", folder->path, name);
    return out;
}

static int write_model(const ModelFolder *folder, const char *name, const TinyModel *tiny)
{
    char path[256];
    Err err = {0};
    if (tiny_model_write(tiny, model_folder_file(folder, name, path), &err) == 0)
        return 0;
    fprintf(stderr, "%s: %s\n", path, err.text);
    return -1;
}

int model_folder_write(const ModelFolder *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file = fopen(model_folder_file(folder, name, path), "w");
    if (!file)
        return -1;
    int bad = fputs(text, file) == EOF;
    return fclose(file) != 0 || bad ? -1 : 0;
}

static int write_profile(const ModelFolder *folder)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "name: tiny\n"
             "draft: {base: %s/draft.gguf, layers: 4, exits: [2, 4]}\n"
             "targets:\n"
             "  - {model: %s/target.gguf, thresholds: [0.3, 0.1]}\n"
             "  - {model: %s/second.gguf, thresholds: [0.4, 0.2]}\n"
             "system: Be brief.\n"
             "context: 1000\n"
             "threads: 1\n"
             "device: cpu\n",
             folder->path, folder->path, folder->path);
    return model_folder_write(folder, "tiny.yaml", text);
}

static int write_trained(const ModelFolder *folder, const TinyModel *draft)
{
    char path[256], hash[SHA256_TEXT], text[1024];
    int vocab[200];
    Err err = {0};
    for (int i = 0; i < 200; i++)
        vocab[i] = i;
    TinyAdapter adapter = {.base = *draft,
                           .n_exits = 3,
                           .exits = {{.layer = 2, .norm = true, .own = true},
                                     {.layer = 3, .norm = true},
                                     {.layer = 4}},
                           .n_vocab = 200,
                           .vocab = vocab,
                           .hash = hash};
    if (sha256_file(model_folder_file(folder, "draft.gguf", path), hash, NULL, NULL, &err) != 0 ||
        tiny_adapter_write(&adapter, model_folder_file(folder, "exits.gguf", path), &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    snprintf(text, sizeof(text),
             "name: trained\n"
             "draft: {base: %s/draft.gguf, adapter: exits.gguf}\n"
             "targets: [{model: %s/target.gguf}, {model: %s/draft.gguf}]\n"
             "context: 1000\n"
             "threads: 1\n"
             "device: cpu\n",
             folder->path, folder->path, folder->path);
    return model_folder_write(folder, "trained.yaml", text);
}

int model_folder_make(ModelFolder *folder)
{
    temp_folder_make(folder->path);
    setenv("XDG_STATE_HOME", folder->path, 1);
    TinyModel target = tiny_model(ARCH_QWEN2);
    target.layers = 8;
    target.settle = 4;
    target.context = 4096;
    TinyModel draft = target;
    draft.layers = 4;
    TinyModel second = tiny_model(ARCH_QWEN2);
    second.seed = 2;
    second.context = 4096;
    TinyModel spm = tiny_model(ARCH_LLAMA);
    spm.vocab = TINY_SPM;
    TinyModel huge = tiny_model(ARCH_QWEN2);
    huge.layers = 64;
    huge.heads = huge.kv_heads = 8;
    huge.head_dim = 128;
    huge.context = 1 << 20;
    TinyModel overflow = target;
    overflow.last_gain = 3e38f;
    return write_model(folder, "target.gguf", &target) ||
                   write_model(folder, "draft.gguf", &draft) ||
                   write_model(folder, "second.gguf", &second) ||
                   write_model(folder, "spm.gguf", &spm) ||
                   write_model(folder, "huge.gguf", &huge) ||
                   write_model(folder, "overflow.gguf", &overflow) || write_profile(folder) ||
                   write_trained(folder, &draft)
               ? -1
               : 0;
}

void model_folder_remove(ModelFolder *folder)
{
    temp_folder_remove(folder->path);
}
