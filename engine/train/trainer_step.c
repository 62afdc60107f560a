/* trainer_step.c - one step: texts -> forward -> loss at the exits -> backward -> AdamW.
 *
 * Layers of exits' own read the base's residual stream, which the batch brings, and are
 * independent of each other. A whole draft runs from the embedding on; each layer's input is kept
 * and the rest is computed again on the way back.
 */
#include <math.h>
#include <string.h>

#include "engine/train/trainer_parts.h"

static size_t stream_size(const Trainer *s)
{
    return (size_t)s->batch.n * (size_t)s->model.hidden;
}

/* The input of layer l of a whole draft: [n, H]. */
static float *stream_at(const Trainer *s, int l)
{
    return s->stream + (size_t)l * (size_t)s->config.rows * (size_t)s->model.hidden;
}

void trainer_forward(Trainer *s)
{
    const TrainerWeight *w = &s->embed;
    if (s->config.tune == TRAINER_EXITS || s->net)
        return;
    s->ops->rows(s->ops, w->frozen ? (const void *)w->frozen : (const void *)w->value,
                 w->frozen != NULL, s->batch.ids, s->batch.n, w->cols, s->stream);
    if (s->model.embed_scale != 1)
        s->ops->scale(s->ops, s->stream, s->model.embed_scale, stream_size(s));
    for (int l = 0; l < s->n_layers; l++)
        trainer_layer_forward(s, &s->layers[l], stream_at(s, l), stream_at(s, l + 1));
}

const float *trainer_exit_stream(Trainer *s, int exit)
{
    if (s->config.tune != TRAINER_EXITS)
        return stream_at(s, s->config.exits[exit]);
    for (size_t i = 0; i < stream_size(s); i++)
        s->host[i] = bf16_float(s->batch.hidden[exit][i]);
    s->kernels->upload(s->kernels, s->stream, s->host, stream_size(s));
    trainer_layer_forward(s, &s->layers[exit], s->stream, s->out);
    return s->out;
}

static void exits_backward(Trainer *s, float scale)
{
    for (int e = 0; e < s->config.n_exits; e++) {
        const float *out = trainer_exit_stream(s, e);
        s->ops->zero(s->ops, s->dout, stream_size(s));
        TrainerScorer scorer = trainer_exit_scorer(s, e);
        s->progress.loss[e] += trainer_head_loss(s, &scorer, out, scale, s->dout);
        trainer_layer_backward(s, &s->layers[e], s->stream, s->dout, false);
    }
}

static void draft_backward(Trainer *s, float scale)
{
    int first = s->config.last_only ? s->config.n_exits - 1 : 0;
    scale /= (float)(s->config.n_exits - first);
    trainer_forward(s);
    s->ops->zero(s->ops, s->dout, stream_size(s));
    for (int l = s->n_layers; l >= 0; l--) {
        for (int e = first; e < s->config.n_exits; e++) {
            TrainerScorer scorer = trainer_exit_scorer(s, e);
            if (s->config.exits[e] == l)
                s->progress.loss[e] +=
                    trainer_head_loss(s, &scorer, stream_at(s, l), scale, s->dout);
        }
        if (l == 0)
            break;
        if (l < s->n_layers) /* the last one's activations are still there */
            trainer_layer_forward(s, &s->layers[l - 1], stream_at(s, l - 1), s->out);
        trainer_layer_backward(s, &s->layers[l - 1], stream_at(s, l - 1), s->dout, true);
    }
    if (s->embed.grad && s->model.embed_scale != 1)
        s->ops->scale(s->ops, s->dout, s->model.embed_scale, stream_size(s));
    if (s->embed.grad)
        s->ops->rows_back(s->ops, s->dout, s->batch.ids, s->batch.n, s->embed.cols, s->embed.grad);
}

void trainer_backward(Trainer *s, float scale)
{
    (s->net                            ? s->net->backward
     : s->config.tune == TRAINER_EXITS ? exits_backward
                                       : draft_backward)(s, scale);
}

/* The rows of the head that are scored, where they are trained within a larger table. */
static TrainerWeight *scored_table(Trainer *s)
{
    return s->head.value ? &s->head : &s->embed;
}

void trainer_open_head(Trainer *s)
{
    TrainerWeight *scored = &s->scored_head, *table = scored_table(s);
    if (s->config.tune != TRAINER_FULL)
        return;
    if (s->config.ids == NULL) {
        scored->value = table->value;
        scored->grad = table->grad;
        return;
    }
    s->ops->rows(s->ops, table->value, false, s->config.ids, s->scored, table->cols, scored->value);
    s->ops->zero(s->ops, scored->grad, (size_t)s->scored * (size_t)table->cols);
}

void trainer_close_head(Trainer *s)
{
    TrainerWeight *table = scored_table(s);
    if (s->config.tune == TRAINER_FULL && s->config.ids)
        s->ops->rows_back(s->ops, s->scored_head.grad, s->config.ids, s->scored, table->cols,
                          table->grad);
}

static float rate_at(const TrainerConfig *c, int step)
{
    float warm = c->warmup * (float)c->steps, at = (float)step;
    if (at < warm)
        return c->rate * (at + 1) / (warm + 1);
    float part = (at - warm) / ((float)c->steps - warm);
    return c->rate * (c->cosine ? 0.5f * (1 + cosf(3.14159265f * part)) : 1 - part);
}

static void adam(Trainer *s, AdamW *adamw, float decay, float *value, float *grad, size_t count)
{
    if (grad == NULL)
        return;
    size_t at = (size_t)(value - s->values);
    adamw->decay = decay;
    s->ops->adamw(s->ops, adamw, value, grad, s->means + at, s->squares + at, count);
}

/* Matrices decay, vectors do not. */
static void adam_weight(Trainer *s, AdamW *adamw, const TrainerWeight *w)
{
    size_t rows = (size_t)w->rows, cols = (size_t)w->cols, rank = (size_t)s->config.rank;
    adam(s, adamw, rows ? s->config.decay : 0, w->value, w->grad, (rows ? rows : 1) * cols);
    adam(s, adamw, s->config.decay, w->a, w->a_grad, rank * cols);
    adam(s, adamw, s->config.decay, w->b, w->b_grad, rank * rows);
}

static void update(Trainer *s)
{
    int groups;
    AdamW adamw = {.rate = s->progress.rate,
                   .beta1 = 0.9f,
                   .beta2 = 0.99f,
                   .epsilon = 1e-8f,
                   .step = s->progress.step + 1};
    s->progress.norm = 0;
    trainer_group(s, 0, &groups);
    for (int g = 0; g < groups; g++) {
        TrainerGroup group = trainer_group(s, g, &groups);
        double norm = sqrt(s->ops->squares(s->ops, s->grads + group.from, group.upto - group.from));
        s->progress.norm = norm > s->progress.norm ? norm : s->progress.norm;
        bool clipped = s->config.clip > 0 && norm > (double)s->config.clip;
        adamw.scale = clipped ? s->config.clip / (float)norm : 1;
        for (int i = 0; i < s->n_tensors; i++)
            adam_weight(s, &adamw, &s->weights[i]);
        if (s->net)
            continue;
        int first = groups > 1 ? g : 0, end = groups > 1 ? g + 1 : s->n_layers;
        for (int l = first; l < end; l++) {
            for (int p = 0; p < LAYER_PARTS; p++)
                adam_weight(s, &adamw, &s->layers[l].part[p]);
        }
        adam_weight(s, &adamw, &s->norm[first]);
        adam_weight(s, &adamw, &s->embed);
        adam_weight(s, &adamw, &s->head);
    }
}

int trainer_step(Trainer *s, Err *err)
{
    TrainerProgress *p = &s->progress;
    int n = trainer_choose(s), weight = 0;
    for (int i = 0; i < n; i++)
        weight += trainer_weight_of(s, &s->texts[s->chosen[i]]);
    memset(p->loss, 0, sizeof p->loss);
    trainer_open_head(s);
    for (int i = 0, taken; i < n; i += taken) {
        taken = trainer_gather(s, s->texts, s->chosen + i, n - i, err);
        if (taken < 0)
            return -1;
        p->tokens += (uint64_t)s->batch.n;
        trainer_backward(s, 1 / (float)(weight ? weight : 1));
    }
    trainer_close_head(s);
    for (int e = 0; e < trainer_losses(&s->config); e++) {
        p->loss[e] /= weight ? weight : 1;
        if (!isfinite(p->loss[e]))
            return err_set(err, EXIT_DATA,
                           "step %d: the loss is not a number any more; use a smaller --rate",
                           p->step + 1);
    }
    p->rate = rate_at(&s->config, p->step);
    update(s);
    p->step++;
    return 0;
}
