/* bench_table.c - the results of `s2d bench spec` by category: for people, as JSON lines, as CSV.
 *
 * As Spec-Bench counts: a question's speed is its new tokens by its seconds, a category's the mean
 * over its questions, the speedup the ratio of two such means of one run. MAT is pooled over all
 * rounds. The interval is that of the mean of the questions' own speedups (95 %, normal).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench_spec.h"

typedef struct Cell {
    int questions, tokens, answers, different;
    int rounds, in_rounds, drafted, accepted;
    double speed;         /* mean over the questions, tokens per second */
    double speedup, half; /* over plain; half of its interval, 0 = unknown */
} Cell;

static const Sample *sample_at(const BenchResult *result, int question, int method)
{
    return &result->samples[question * result->n_methods + method];
}

static double speed(const Sample *sample)
{
    return sample->seconds > 0 ? sample->tokens / sample->seconds : 0;
}

/* category -1 = all. */
static Cell sum_up(const BenchResult *result, int category, int method)
{
    Cell cell = {0};
    double plain = 0, ratios = 0, squares = 0;
    for (int q = 0; q < result->n_done; q++) {
        if (category >= 0 && result->questions->list[q].category != category)
            continue;
        const Sample *sample = sample_at(result, q, method);
        double base = speed(sample_at(result, q, 0)), own = speed(sample);
        double ratio = base > 0 ? own / base : 0;
        cell.questions++;
        cell.tokens += sample->tokens;
        cell.answers += sample->answers;
        cell.different += sample->different;
        cell.rounds += sample->rounds;
        cell.in_rounds += sample->in_rounds;
        cell.drafted += sample->drafted;
        cell.accepted += sample->accepted;
        cell.speed += own;
        plain += base;
        ratios += ratio;
        squares += ratio * ratio;
    }
    int n = cell.questions;
    cell.speedup = plain > 0 ? cell.speed / plain : 0;
    if (n > 0)
        cell.speed /= n;
    if (n > 1) {
        double variance = (squares - ratios * ratios / n) / (n - 1);
        cell.half = variance > 0 ? 1.96 * sqrt(variance / n) : 0;
    }
    return cell;
}

static double mat(const Cell *cell)
{
    return cell->rounds > 0 ? (double)cell->in_rounds / cell->rounds : 0;
}

static const char *category_name(const BenchResult *result, int category)
{
    return category < 0 ? "all" : result->questions->categories[category];
}

/* Calls fn for every category that has questions, then for all of them together. */
static void each_category(const BenchResult *result, void (*fn)(const BenchResult *, int category))
{
    for (int c = 0; c < result->questions->n_categories; c++)
        if (sum_up(result, c, 0).questions > 0)
            fn(result, c);
    fn(result, -1);
}

static void table_rows(const BenchResult *result, int category)
{
    for (int m = 0; m < result->n_methods; m++) {
        Cell cell = sum_up(result, category, m);
        printf("%-18s %4d  %-14s %8.2f", m == 0 ? category_name(result, category) : "",
               cell.questions, result->methods[m].name, cell.speed);
        if (m > 0)
            printf(" %7.2f", cell.speedup);
        if (m > 0 && cell.half > 0)
            printf(" ±%4.2f", cell.half);
        if (m > 0)
            printf("%*s %5.2f %8.0f %%", cell.half > 0 ? 0 : 6, "", mat(&cell),
                   cell.drafted > 0 ? 100.0 * cell.accepted / cell.drafted : 0.0);
        printf("\n");
    }
}

void bench_print_table(const BenchResult *result)
{
    int answers = 0, different = 0;
    for (int m = 1; m < result->n_methods; m++) {
        Cell cell = sum_up(result, -1, m);
        answers += cell.answers;
        different += cell.different;
    }
    if (different > 0)
        printf("MISMATCH: %d of %d texts differ from plain decoding's\n", different, answers);
    else
        printf("all %d texts are plain decoding's, byte by byte\n", answers);
    printf("%s\n\n%-18s %4s  %-14s %8s %7s %5s %5s %10s\n", result->title, "category", "n",
           "method", "t/s", "speedup", "", "MAT", "accepted");
    each_category(result, table_rows);
}

static void json_rows(const BenchResult *result, int category)
{
    for (int m = 0; m < result->n_methods; m++) {
        Cell cell = sum_up(result, category, m);
        printf("{\"category\":\"%s\",\"method\":\"%s\",\"questions\":%d,\"tokens\":%d,\"tokens_per_"
               "s\":%.3f,"
               "\"speedup\":%.4f,\"speedup_half\":%.4f,\"mat\":%.4f,\"drafted\":%d,\"accepted\":%d,"
               "\"texts\":%d,\"different\":%d}\n",
               category_name(result, category), result->methods[m].name, cell.questions,
               cell.tokens, cell.speed, cell.speedup, cell.half, m == 0 ? 1.0 : mat(&cell),
               cell.drafted, cell.accepted, cell.answers, cell.different);
    }
}

void bench_print_json(const BenchResult *result)
{
    each_category(result, json_rows);
}

static void csv_rows(const BenchResult *result, int category)
{
    for (int m = 0; m < result->n_methods; m++) {
        Cell cell = sum_up(result, category, m);
        printf("%s,%s,%d,%d,%.3f,%.4f,%.4f,%.4f,%d,%d,%d,%d\n", category_name(result, category),
               result->methods[m].name, cell.questions, cell.tokens, cell.speed, cell.speedup,
               cell.half, m == 0 ? 1.0 : mat(&cell), cell.drafted, cell.accepted, cell.answers,
               cell.different);
    }
}

void bench_print_csv(const BenchResult *result)
{
    printf("category,method,questions,tokens,tokens_per_s,speedup,speedup_half,mat,drafted,"
           "accepted,texts,"
           "different\n");
    each_category(result, csv_rows);
}
