/* trainer_state.c - checkpoints: a header, the flat arrays, a checksum over both.
 *
 * Reading goes over the stream twice, so that a damaged one changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/train/trainer_cache.h"
#include "engine/train/trainer_parts.h"

enum { CHUNK = 1 << 16 }; /* numbers at a time */

static const char MAGIC[8] = "s2dsoft1";

typedef struct StateHead {
    char magic[8];
    uint64_t run;     /* what it belongs to */
    uint64_t weights; /* what its weights are of */
    uint64_t trained, step, tokens, epoch, next;
} StateHead;

/* What a head has beside what all have. */
static uint64_t hash_head(const TrainerConfig *c, uint64_t hash)
{
    int whole[] = {(int)c->head, c->branches};
    return c->tune == TRAINER_HEAD ? trainer_hash(hash, whole, sizeof whole) : hash;
}

/* Options that a run may not change half-way, and the caller's fingerprint. */
static uint64_t run_of(const Trainer *s, uint64_t fingerprint)
{
    const TrainerConfig *c = &s->config;
    int whole[] = {(int)c->tune, c->rank,      c->layers,  c->n_exits, c->last_only,
                   (int)c->loss, c->top,       c->batch,   c->rows,    c->steps,
                   c->cosine,    (int)c->seed, s->n_texts, s->scored,  s->ops->precision[0]};
    float parts[] = {c->rate, c->warmup, c->decay, c->clip};
    uint64_t hash = trainer_hash(fingerprint, whole, sizeof whole);
    hash = hash_head(c, trainer_hash(hash, parts, sizeof parts));
    if (c->tune == TRAINER_HEAD) {
        hash = trainer_hash(hash, &c->unroll, sizeof c->unroll);
        hash = trainer_hash(hash, &c->token_loss, sizeof c->token_loss);
    }
    hash = trainer_hash(hash, c->exits, sizeof *c->exits * (size_t)c->n_exits);
    hash = trainer_hash(hash, c->copy_of, sizeof *c->copy_of * (size_t)c->n_exits);
    if (c->ids)
        hash = trainer_hash(hash, c->ids, sizeof *c->ids * (size_t)c->n_ids);
    for (int i = 0; i < s->n_texts; i++) {
        hash = trainer_hash(hash, s->texts[i].ids, sizeof *s->texts[i].ids * (size_t)s->texts[i].n);
        hash = trainer_hash(hash, s->texts[i].is_label,
                            sizeof *s->texts[i].is_label * (size_t)s->texts[i].n);
    }
    return hash;
}

/* Weights that can take each other's place. */
static uint64_t weights_of(const Trainer *s, uint64_t fingerprint)
{
    const TrainerConfig *c = &s->config;
    int whole[] = {(int)c->tune, c->rank, c->layers, c->n_exits, (int)s->trained};
    uint64_t hash = hash_head(c, trainer_hash(fingerprint, whole, sizeof whole));
    return trainer_hash(hash, c->exits, sizeof *c->exits * (size_t)c->n_exits);
}

/* Header, arrays and checksum to the stream. */
static int put_all(const Trainer *s, const StateHead *head, FILE *stream, float *chunk)
{
    const float *arrays[] = {s->values, s->means, s->squares};
    uint64_t check = trainer_hash(0, head, sizeof *head);
    fwrite(head, sizeof *head, 1, stream); /* failures stick to the stream */
    for (size_t a = 0; a < 3; a++) {
        for (size_t at = 0, n; at < s->trained; at += n) {
            n = s->trained - at < CHUNK ? s->trained - at : CHUNK;
            s->kernels->download(s->kernels, chunk, arrays[a] + at, n);
            check = trainer_hash(check, chunk, n * sizeof *chunk);
            if (fwrite(chunk, sizeof *chunk, n, stream) != n)
                return -1;
        }
    }
    fwrite(&check, sizeof check, 1, stream);
    return fflush(stream) == 0 && !ferror(stream) ? 0 : -1;
}

int trainer_save(const Trainer *s, FILE *stream, uint64_t fingerprint, Err *err)
{
    StateHead head = {.run = run_of(s, fingerprint),
                      .weights = weights_of(s, fingerprint),
                      .trained = s->trained,
                      .step = (uint64_t)s->progress.step,
                      .tokens = s->progress.tokens,
                      .epoch = s->epoch,
                      .next = (uint64_t)s->next};
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    float *chunk = malloc(CHUNK * sizeof *chunk);
    if (chunk == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to write the state");
    int result = put_all(s, &head, stream, chunk);
    free(chunk);
    return result == 0 ? 0
                       : err_set(err, EXIT_IO, "the state cannot be written: is the disk full?");
}

/* Reads what put_all wrote; keep: so many of the arrays are filled. -1 = it is not whole. */
static int get_all(Trainer *s, FILE *stream, float *chunk, size_t keep)
{
    float *arrays[] = {s->values, s->means, s->squares};
    StateHead head;
    uint64_t check, expected;
    rewind(stream);
    if (fread(&head, sizeof head, 1, stream) != 1)
        return -1;
    check = trainer_hash(0, &head, sizeof head);
    for (size_t a = 0; a < 3; a++) {
        for (size_t at = 0, n; at < s->trained; at += n) {
            n = s->trained - at < CHUNK ? s->trained - at : CHUNK;
            if (fread(chunk, sizeof *chunk, n, stream) != n)
                return -1;
            check = trainer_hash(check, chunk, n * sizeof *chunk);
            if (a < keep)
                s->kernels->upload(s->kernels, arrays[a] + at, chunk, n);
        }
    }
    return fread(&expected, sizeof expected, 1, stream) == 1 && expected == check ? 0 : -1;
}

/* head: as read. Does it belong to this run, or at least hold such weights? */
static int check_head(const Trainer *s, const StateHead *head, uint64_t fingerprint, bool start,
                      Err *err)
{
    if (memcmp(head->magic, MAGIC, sizeof MAGIC) != 0)
        return err_set(err, EXIT_DATA, "not a state of s2d train");
    if (head->weights != weights_of(s, fingerprint) || head->trained != s->trained)
        return err_set(
            err, EXIT_DATA,
            "the state of another base, --method, --tune, --layers, --exits or --branches; "
            "its weights fit nothing here");
    if (!start && head->run != run_of(s, fingerprint))
        return err_set(err, EXIT_DATA,
                       "the state of another run; resume with the same data and options, or begin "
                       "a new run from its weights with --start");
    if (!start && (head->step > (uint64_t)s->config.steps || head->next > (uint64_t)s->n_texts))
        return err_set(err, EXIT_DATA, "a damaged state; begin anew without --resume");
    return 0;
}

/* start: the weights only. */
static int read_state(Trainer *s, FILE *stream, uint64_t fingerprint, bool start, StateHead *head,
                      Err *err)
{
    float *chunk = malloc(CHUNK * sizeof *chunk);
    int result = 0;
    if (chunk == NULL)
        result = err_set(err, EXIT_MEMORY, "no memory to read the state");
    else if (fread(head, sizeof *head, 1, stream) != 1)
        result = err_set(err, EXIT_DATA, "not a state of s2d train");
    else
        result = check_head(s, head, fingerprint, start, err);
    if (result == 0 &&
        (get_all(s, stream, chunk, 0) != 0 || get_all(s, stream, chunk, start ? 1 : 3) != 0))
        result = err_set(err, EXIT_DATA, "a damaged state, or one that was cut off; begin anew");
    free(chunk);
    return result;
}

int trainer_load(Trainer *s, FILE *stream, uint64_t fingerprint, Err *err)
{
    StateHead head;
    if (read_state(s, stream, fingerprint, false, &head, err) != 0)
        return -1;
    s->progress.step = (int)head.step;
    s->progress.tokens = head.tokens;
    s->epoch = head.epoch;
    s->next = (int)head.next;
    trainer_shuffle(s);
    return 0;
}

int trainer_start(Trainer *s, FILE *stream, uint64_t fingerprint, Err *err)
{
    StateHead head;
    return read_state(s, stream, fingerprint, true, &head, err);
}
