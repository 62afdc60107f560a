/* trainer_nets.c - the kinds of heads that can be trained, a row each, and what one consists of. */
#include <stdlib.h>
#include <string.h>

#include "engine/train/trainer_parts.h"

static const TrainerNet *const nets[HEAD_KINDS] = {
    [HEAD_EAGLE] = &net_eagle,
    [HEAD_EAGLE3] = &net_eagle3,
    [HEAD_MEDUSA] = &net_medusa,
    [HEAD_HYDRA] = &net_hydra,
};

/* Of the tensors that a head may have: those that are trained. A layer's biases are not, as LLaMA's
 * has none, nor are those of what scores. */
static bool is_trained(const HeadTensor *tensor)
{
    return !tensor->optional ||
           (strncmp(tensor->name, "head.blk.", 9) != 0 && !strstr(tensor->name, ".output.bias"));
}

int trainer_net_shape(Trainer *s, Err *err)
{
    if (s->config.head == HEAD_EAGLE3 && s->model.layers < 7)
        return err_set(err, EXIT_USAGE,
                       "EAGLE-3 reads a low, a middle and a high layer: it is for targets of at "
                       "least 7 layers, and this one has %d",
                       s->model.layers);
    s->net = nets[s->config.head];
    s->info = trainer_head_info(&s->config, &s->model);
    s->base_neox = s->model.rope.neox;
    s->model.rope = s->info.layer.rope;
    s->tensors = malloc(HEAD_TENSORS_MAX * sizeof *s->tensors);
    s->weights = calloc(HEAD_TENSORS_MAX, sizeof *s->weights);
    if (s->tensors == NULL || s->weights == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    int n = head_tensors(&s->info, NULL, s->tensors);
    for (int i = 0; i < n; i++) {
        if (is_trained(&s->tensors[i]))
            s->tensors[s->n_tensors++] = s->tensors[i];
    }
    return 0;
}
