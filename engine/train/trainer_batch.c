/* trainer_batch.c - the texts of a step: their order, their rows, and what is known of their tokens.
 */
#include <assert.h>
#include <string.h>

#include "engine/train/trainer_parts.h"
#include "kernels/noise.h"

void trainer_shuffle(Trainer *s)
{
    for (int i = 0; i < s->n_texts; i++)
        s->order[i] = i;
    for (int i = s->n_texts - 1; i > 0; i--) {
        uint32_t bits = noise_bits(s->config.seed, (uint32_t)s->epoch, (uint32_t)i);
        int j = (int)((uint64_t)bits * (uint64_t)(i + 1) >> 32), kept = s->order[i];
        s->order[i] = s->order[j];
        s->order[j] = kept;
    }
}

int trainer_steps_of_epoch(const TrainerConfig *config, const TrainerText *texts, int n_texts)
{
    int64_t tokens = 0;
    for (int i = 0; i < n_texts; i++)
        tokens += texts[i].n;
    /* A step ends with the text that fills it. */
    double step = config->batch + (n_texts > 0 ? 0.5 * (double)tokens / n_texts : 0);
    int steps = (int)((double)tokens / step + 0.5);
    return steps > 0 ? steps : 1;
}

int trainer_choose(Trainer *s)
{
    int n = 0;
    for (int rows = 0; rows < s->config.batch;) {
        if (s->next == s->n_texts) {
            s->epoch++;
            s->next = 0;
            trainer_shuffle(s);
        }
        int text = s->order[s->next++];
        s->chosen[n++] = text;
        rows += s->texts[text].n;
    }
    return n;
}

int trainer_weight_of(const Trainer *s, const TrainerText *text)
{
    int weight = 0;
    for (int i = 1; i < text->n; i++)
        weight += text->is_label[i] &&
                  (s->config.loss == TRAINER_DISTILL || s->places[text->ids[i]] >= 0);
    return weight;
}

/* The rows and labels of one text behind those that are there. */
static int append(Trainer *s, const TrainerText *text, Err *err)
{
    TrainerBatch *b = &s->batch;
    int top = s->config.top, first = b->labels;
    size_t H = (size_t)s->model.hidden;
    memcpy(b->ids + b->n, text->ids, sizeof *b->ids * (size_t)text->n);
    for (int i = 1; i < text->n; i++) {
        if (!text->is_label[i])
            continue;
        b->row[b->labels] = b->n + i - 1;
        b->next[b->labels++] = s->places[text->ids[i]];
    }
    if (s->source) {
        TrainerRecord record = {.places = b->places + first * top,
                                .weights = b->weights + first * top};
        for (int e = 0; b->hidden[0] && e < s->n_taps; e++)
            record.hidden[e] = b->hidden[e] + (size_t)b->n * H;
        if (s->source->read(s->source, text, &record, err) != 0)
            return -1;
    }
    for (int j = first; j < b->labels; j++) {
        b->base[j] = s->source ? b->places[j * top] : -1;
        if (s->config.loss == TRAINER_DISTILL)
            continue;
        memset(b->places + j * top, 0, sizeof *b->places * (size_t)top);
        memset(b->weights + j * top, 0, sizeof *b->weights * (size_t)top);
        if (b->next[j] >= 0) {
            b->places[j * top] = b->next[j];
            b->weights[j * top] = 1;
        }
    }
    b->n += text->n;
    b->start[++b->n_texts] = b->n;
    return 0;
}

int trainer_gather(Trainer *s, const TrainerText *texts, const int *chosen, int n, Err *err)
{
    TrainerBatch *b = &s->batch;
    b->n = b->n_texts = b->labels = 0;
    b->start[0] = 0;
    int i = 0;
    for (; i < n; i++) {
        const TrainerText *text = &texts[chosen ? chosen[i] : i];
        assert(text->n >= 1 && text->n <= s->config.length);
        if (b->n + text->n > s->config.rows)
            break;
        if (append(s, text, err) != 0)
            return -1;
    }
    return i;
}
