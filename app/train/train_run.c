/* train_run.c - the steps of a run: progress, measurements, states and the log. */
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/save_file.h"
#include "app/base/signals.h"
#include "app/profile/catalog.h"
#include "app/train/train.h"
#include "app/train/train_log.h"
#include "kernels/common/clock.h"

enum { TELL_MS = 5000, SAVE_MS = 10 * 60 * 1000 };

/* What a run keeps an eye on. */
typedef struct Watch {
    Train *train;
    TrainLog log;
    int signals;
    double start_ms, told_ms, saved_ms;
    uint64_t start_tokens;
    int start_step;
} Watch;

static double seconds_since(double ms)
{
    return (clock_ms() - ms) / 1000;
}

static void tell_step(Watch *w)
{
    const TrainerConfig *trainer = &w->train->options.trainer;
    const TrainerProgress *p = trainer_progress(w->train->trainer);
    double seconds = seconds_since(w->start_ms);
    double rate = (double)(p->tokens - w->start_tokens) / (seconds > 0 ? seconds : 1);
    double left = seconds / (p->step - w->start_step) * (trainer->steps - p->step);
    fprintf(stderr, "step %d/%d  loss", p->step, trainer->steps);
    for (int e = 0; e < trainer_losses(trainer); e++) {
        char name[TRAINER_NAME_BYTES];
        trainer_output_name(trainer, e, name);
        fprintf(stderr, " %s%s %.3f", trainer->tune == TRAINER_HEAD ? "" : "e", name, p->loss[e]);
    }
    fprintf(stderr, "  %.0f tokens/s, %.0f min left\n", rate, left / 60 + 0.5);
    w->told_ms = clock_ms();
}

static void log_step(Watch *w)
{
    const TrainerConfig *trainer = &w->train->options.trainer;
    const TrainerProgress *p = trainer_progress(w->train->trainer);
    json_t *losses = json_array();
    for (int e = 0; e < trainer_losses(trainer); e++)
        json_array_append_new(losses, json_real(p->loss[e]));
    train_log_add(&w->log, json_pack("{s:i, s:I, s:f, s:f, s:f, s:o}", "step", p->step, "tokens",
                                     (json_int_t)p->tokens, "seconds", seconds_since(w->start_ms),
                                     "rate", (double)p->rate, "norm", p->norm, "loss", losses));
}

/* A row per exit, step or branch: against the base, and against what the texts say. */
static int measure(Watch *w, Err *err)
{
    Train *t = w->train;
    const TrainerConfig *trainer = &t->options.trainer;
    TrainerScore scores[TRAINER_OUTPUTS_MAX + 1];
    const char *what = trainer->tune == TRAINER_HEAD ? "head" : "exit";
    int width = trainer->tune == TRAINER_HEAD ? 8 : 4, n = trainer_scores(trainer);
    if (t->held.n == 0)
        return 0;
    if (trainer_evaluate(t->trainer, t->held.texts, t->held.n, scores, err) != 0)
        return -1;
    fprintf(stderr, "%lld held-out tokens   against the base        against the texts\n",
            (long long)scores[0].tokens);
    fprintf(stderr, "%-*s    loss   top-1   top-4     MAT   top-1   top-4     MAT\n", width, what);
    for (int e = 0; e <= n; e++) {
        const TrainerScore *s = &scores[e];
        char name[TRAINER_NAME_BYTES] = "base";
        if (e < n)
            trainer_output_name(trainer, e, name);
        else if (s->tokens == 0)
            continue;
        fprintf(stderr, "%-*s %7.3f %6.1f %% %5.1f %% %7.2f %5.1f %% %5.1f %% %7.2f\n", width, name,
                s->loss, 100 * s->top1[0], 100 * s->top4[0], s->mat[0], 100 * s->top1[1],
                100 * s->top4[1], s->mat[1]);
        train_log_add(&w->log, json_pack("{s:i, s:s, s:I, s:f, s:[ff], s:[ff], s:[ff]}", "step",
                                         trainer_progress(t->trainer)->step, what, name, "held_out",
                                         (json_int_t)s->tokens, "loss", s->loss, "top1", s->top1[0],
                                         s->top1[1], "top4", s->top4[0], s->top4[1], "mat",
                                         s->mat[0], s->mat[1]));
    }
    return 0;
}

static int write_state(FILE *stream, void *user, Err *err)
{
    const Train *t = user;
    return trainer_save(t->trainer, stream, t->base_hash, err);
}

static int save_state(Watch *w, Err *err)
{
    w->saved_ms = clock_ms();
    return save_stream(w->train->state, write_state, w->train, err);
}

static int steps(Watch *w, Err *err)
{
    Train *t = w->train;
    const TrainerProgress *p = trainer_progress(t->trainer);
    int last = t->options.trainer.steps, every = t->options.every;
    while (p->step < last) {
        if (trainer_step(t->trainer, err) != 0)
            return -1;
        log_step(w);
        if (clock_ms() - w->told_ms > TELL_MS || p->step == last)
            tell_step(w);
        if (signals_next(w->signals) != 0) {
            if (save_state(w, err) != 0)
                return -1;
            return err_set(err, EXIT_INTERRUPTED,
                           "stopped after step %d of %d; the same command with --resume goes on",
                           p->step, last);
        }
        bool due = every > 0 && p->step % every == 0 && p->step < last;
        if (due && measure(w, err) != 0)
            return -1;
        if ((due || p->step == last || clock_ms() - w->saved_ms > SAVE_MS) &&
            save_state(w, err) != 0)
            return -1;
    }
    return 0;
}

/* The most memory that this process had, in bytes; 0 = not known. */
static uint64_t peak_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long kilobytes = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmHWM: %llu", &kilobytes) == 1)
            break;
    }
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

static void tell_end(const Watch *w)
{
    const Train *t = w->train;
    char planned[16], peak[16];
    bool host = !strcmp(t->kernels->device, "cpu"); /* of a device's memory nothing is known */
    fprintf(stderr, "%.1f minutes; %smemory %s at most, planned %s%s\n",
            seconds_since(w->start_ms) / 60, host ? "" : "host ",
            catalog_size_text(peak_bytes(), peak, sizeof peak),
            catalog_size_text(t->plan.total, planned, sizeof planned),
            host ? "" : " on the device");
    if (t->teacher) {
        const TrainerTeacherCounts *c = trainer_teacher_counts(t->teacher);
        fprintf(stderr, "%llu tokens read by the base in %.0f s, %llu from the cache\n",
                (unsigned long long)c->computed, c->ms / 1000, (unsigned long long)c->kept);
    }
}

/* With the log, and so with OUT, to itself. */
static int run(Watch *w, Err *err)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, 0};
    Train *t = w->train;
    if ((t->options.start && train_begin(t, t->options.start, true, err) != 0) ||
        (t->options.resume && train_begin(t, t->state, false, err) != 0))
        return -1;
    if (!t->options.resume)
        train_log_clear(&w->log);
    int signals = w->signals = signals_open(caught, err);
    w->start_ms = w->told_ms = w->saved_ms = clock_ms();
    w->start_tokens = trainer_progress(t->trainer)->tokens;
    w->start_step = trainer_progress(t->trainer)->step;
    int result = signals < 0 ? -1 : 0;
    if (result == 0 && w->start_step == 0 && t->options.every > 0)
        result = measure(w, err);
    if (result == 0)
        result = steps(w, err);
    if (result == 0)
        result = measure(w, err);
    if (result == 0)
        result = train_save(t, err);
    tell_end(w);
    if (signals >= 0)
        signals_close(signals, caught);
    return result;
}

int train_run(Train *t, Err *err)
{
    Watch w = {.train = t, .signals = -1};
    int result = train_log_open(&w.log, t->log, err) == 0 ? run(&w, err) : -1;
    train_log_close(&w.log);
    return result;
}
