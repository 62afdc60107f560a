/* worker_head.c - what drafts for a target; heads of it are found, checked and read. */
#include <stdio.h>
#include <string.h>

#include "app/base/file_hash.h"
#include "app/base/paths.h"
#include "app/profile/adapter_file.h"
#include "app/profile/catalog.h"
#include "app/worker/worker.h"

const char *worker_drafting(const RequestLoad *load, const char *drafter, int target,
                            DraftConfig *drafting)
{
    const Profile *profile = &load->profile;
    const ProfileTarget *pair = &profile->targets[target];
    *drafting = (DraftConfig){.layers = profile->draft_layers, .n_exits = profile->n_exits};
    if (!drafter[0])
        drafter = pair->drafter;
    if (!drafter[0])
        drafter = drafter_default(profile->draft_base != NULL);
    DrafterChoice choice;
    drafter_parse(drafter, &choice); /* it was checked where it came in */
    drafting->kind = choice.kind;
    drafting->fixed_exit = choice.layer;
    memcpy(drafting->exits, profile->exits, sizeof(drafting->exits));
    drafting->n_thresholds = pair->n_thresholds;
    for (int i = 0; i < pair->n_thresholds; i++)
        drafting->thresholds[i] = (float)pair->thresholds[i];
    drafting->accept = pair->accept;
    if (!drafter_is_head(choice.kind))
        return NULL;
    return choice.file ? choice.file : pair->head;
}

/* Another file than the one that it was trained on, though of its shapes: it may draft worse. */
static void warn_of_base(Worker *worker, const HeadFile *file, const char *model,
                         const Model *target)
{
    char computed[SHA256_TEXT], text[400];
    Err unread = {0};
    const HeadInfo *info = &file->info;
    if (!info->base_sha256[0]) /* published: nothing to compare the target's file with */
        return;
    const char *hash = adapter_base_hash(model, target->path, computed, &unread);
    if (!hash || strcmp(hash, info->base_sha256) == 0)
        return;
    snprintf(text, sizeof text,
             "%.100s was trained on %.60s, and %.60s is another file: it may draft worse; the text "
             "stays the same",
             gguf_label(file->gguf), info->base_name[0] ? info->base_name : "another model",
             target->name);
    worker_warn(worker, "head", text);
}

static int read_head(Worker *worker, const RequestLoad *load, const char *name, int index,
                     const Model *target, Head **head, Err *err)
{
    char path[PATH_BYTES];
    HeadFile *file;
    if (adapter_find(name, path, err) != 0 || head_file_open(&file, path, err) != 0)
        return -1;
    int ctx = load->profile.context;
    size_t weights = head_bytes(worker->kernels, file, &target->config);
    size_t with =
        session_bytes(worker->kernels, &target->config, NULL, &file->info, load->profile.kv, ctx);
    size_t without =
        session_bytes(worker->kernels, &target->config, NULL, NULL, load->profile.kv, ctx);
    int result = head_fits(file, &target->config, target->name, err);
    if (result == 0)
        result = worker_check_memory(worker, gguf_label(file->gguf), weights, with - without, err);
    if (result == 0)
        result = head_open(head, file, target, err);
    if (result == 0)
        warn_of_base(worker, file, load->profile.targets[index].model, target);
    head_file_close(file);
    return result;
}

int worker_open_drafting(Worker *worker, const RequestLoad *load, const char *drafter, int index,
                         const Model *target, DraftConfig *drafting, Err *err)
{
    const char *file = worker_drafting(load, drafter, index, drafting);
    if (file == NULL) /* of a head without one the session says what is missing */
        return 0;
    return read_head(worker, load, file, index, target, &drafting->head, err);
}

int worker_open_pair(Worker *worker, const RequestLoad *load, int index, const Model *target,
                     DraftConfig *drafting, Err *err)
{
    Err why = {0};
    if (worker_open_drafting(worker, load, load->drafter, index, target, drafting, &why) == 0) {
        if (!drafter_is_head(drafting->kind) || drafting->head)
            return 0;
        err_set(&why, EXIT_DATA, "%s has no %s head here", target->name, drafting->kind->name);
    }
    char names[64], text[500];
    if (worker_open_drafting(worker, load, load->profile.targets[index].drafter, index, target,
                             drafting, err) != 0)
        return -1;
    drafter_name(drafting->kind, drafting->fixed_exit, names, sizeof names);
    snprintf(text, sizeof text, "%.350s; %s drafts for %s", why.text, names, target->name);
    worker_warn(worker, "head", text);
    return 0;
}

void worker_keep_head(Worker *worker, Head *head)
{
    head_close(worker->head);
    worker->head = head;
    worker->rivals = (Rivals){0};
}

void worker_start_rivals(Worker *worker)
{
    const RequestLoad *load = &worker->load;
    const ProfileTarget *target = &load->profile.targets[load->target_index];
    Err err = {0};
    Head *head;
    if (load->drafter[0] || target->drafter[0] || !target->head)
        return;
    if (read_head(worker, load, target->head, load->target_index, session_target(worker->session),
                  &head, &err) != 0) {
        worker_warn(worker, "head", err.text);
        return;
    }
    worker_keep_head(worker, head);
    worker->rivals.on = true;
}
