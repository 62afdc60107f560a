/* info_head.c - see info_head.h. */
#include "app/info_head.h"

#include <stdio.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/profile/adapter_file.h"

bool info_is_head(const char *path)
{
    Gguf *gguf;
    if (gguf_open(&gguf, path, NULL) != 0)
        return false;
    bool is = head_is_head(gguf);
    gguf_close(gguf);
    return is;
}

static void print_net(const HeadInfo *info)
{
    const ModelConfig *c = &info->layer;
    print_report(stdout, "reads      the stream");
    for (int i = 0; i < info->n_taps; i++)
        if (info->taps[i] < 0)
            print_report(stdout, " after all layers");
        else
            print_report(stdout, "%s after layer %d", i > 0 ? "," : "", info->taps[i]);
    print_report(stdout, "\n");
    if (info->has_layer)
        print_report(stdout, "layer      %d heads over %d of keys and values, feed-forward %d\n",
                     c->heads, c->kv_heads, c->ffn);
    if (info->branches > 0)
        print_report(stdout, "branches   %d\n", info->branches);
    if (info->n_vocab > 0)
        print_report(stdout, "tokens     it scores %d of %d\n", info->n_vocab, info->vocab);
    else
        print_report(stdout, "tokens     it scores all %d\n", info->vocab);
}

int info_head(const char *path, Err *err)
{
    HeadFile *file;
    if (head_file_open(&file, path, err) != 0)
        return -1;
    const HeadInfo *info = &file->info;
    print_report(stdout, "head       %s, for %s\n", head_kind_name(info->kind),
                 info->base_name[0] ? info->base_name : "a target of these shapes");
    print_report(stdout, "target     hidden %d, vocabulary %d", info->hidden, info->vocab);
    if (info->layers > 0)
        print_report(stdout, ", %d layers", info->layers);
    print_report(stdout, info->base_sha256[0] ? "\n           SHA-256 %s\n" : "\n",
                 info->base_sha256);
    print_net(info);
    print_report(stdout, "file       %s, %.1f MB\n", path,
                 (double)gguf_file_bytes(file->gguf) / 1e6);
    head_file_close(file);
    return 0;
}

void info_head_line(const char *name, const ModelConfig *target, const char *target_name)
{
    char path[PATH_BYTES];
    HeadFile *file = NULL;
    Err err = {0};
    if (adapter_find(name, path, &err) == 0 && head_file_open(&file, path, &err) == 0 &&
        head_fits(file, target, target_name, &err) == 0)
        print_report(stdout, "           head %s, %s, %.1f MB\n", name,
                     head_kind_name(file->info.kind), (double)gguf_file_bytes(file->gguf) / 1e6);
    else
        print_report(stdout, "           head: %s\n", err.text);
    head_file_close(file);
}
