/* bench_cell.c - from samples to figures, as Spec-Bench counts: a question's speed is its new
 * tokens by its seconds, a group's the mean over its questions, the speedup the ratio of two such
 * means of one run. MAT is pooled over all rounds.
 *
 * The speedup's interval pairs each question's speed with plain decoding's of the same question,
 * repeats averaged: repeats of one question say nothing about other questions. With a single
 * question its repeats are the pairs, and the interval is that of the machine alone.
 */
#include <string.h>

#include "app/bench/bench_spec.h"

static const char *const mt_bench[] = {"writing", "roleplay",   "reasoning", "math",
                                       "coding",  "extraction", "stem",      "humanities"};

static bool in_group(const BenchResult *result, int question, int group)
{
    int category = result->questions->list[question].category;
    if (group >= 0 || group == GROUP_ALL)
        return group == GROUP_ALL || category == group;
    for (size_t i = 0; i < sizeof mt_bench / sizeof *mt_bench; i++)
        if (strcmp(result->questions->categories[category], mt_bench[i]) == 0)
            return true;
    return false;
}

static const Sample *sample_at(const BenchResult *result, int question, int repeat, int method)
{
    return &result->samples[(question * result->repeats + repeat) * result->n_methods + method];
}

static double speed(const Sample *sample)
{
    return sample->seconds > 0 ? (double)sample->tokens / sample->seconds : 0;
}

static void add(Cell *cell, const Sample *sample)
{
    cell->tokens += sample->tokens;
    cell->answers += sample->answers;
    cell->different += sample->different;
    cell->rounds += sample->rounds;
    cell->in_rounds += sample->in_rounds;
    cell->drafted += sample->drafted;
    cell->accepted += sample->accepted;
    cell->scored += sample->scored;
    cell->correct += sample->correct;
}

Cell bench_cell(const BenchResult *result, int group, int method)
{
    Cell cell = {0};
    int repeats = result->repeats, base_method = result->methods[method].plain, only = -1;
    double *own = result->scratch, *base = own;
    base += result->questions->n > repeats ? result->questions->n : repeats;
    for (int q = 0; q < result->n_done; q++) {
        if (!in_group(result, q, group))
            continue;
        own[cell.questions] = base[cell.questions] = 0;
        for (int r = 0; r < repeats; r++) {
            const Sample *sample = sample_at(result, q, r, method);
            add(&cell, sample);
            own[cell.questions] += speed(sample) / repeats;
            base[cell.questions] += speed(sample_at(result, q, r, base_method)) / repeats;
        }
        cell.speed += own[cell.questions];
        cell.questions++;
        only = q;
    }
    int pairs = cell.questions;
    if (pairs > 0)
        cell.speed /= pairs;
    if (pairs == 1)
        for (pairs = 0; pairs < repeats; pairs++) {
            own[pairs] = speed(sample_at(result, only, pairs, method));
            base[pairs] = speed(sample_at(result, only, pairs, base_method));
        }
    cell.speedup = paired_ratio(own, base, pairs);
    cell.mat = method == base_method ? 1
               : cell.rounds > 0     ? (double)cell.in_rounds / (double)cell.rounds
                                     : 0;
    return cell;
}

const char *bench_group_name(const BenchResult *result, int group)
{
    return group == GROUP_ALL        ? "all"
           : group == GROUP_MT_BENCH ? "mt_bench"
                                     : result->questions->categories[group];
}

void bench_each_group(const BenchResult *result, void (*fn)(const BenchResult *, int group))
{
    for (int c = 0; c < result->questions->n_categories; c++)
        if (bench_cell(result, c, 0).questions > 0)
            fn(result, c);
    if (bench_cell(result, GROUP_MT_BENCH, 0).questions > 0)
        fn(result, GROUP_MT_BENCH);
    fn(result, GROUP_ALL);
}
