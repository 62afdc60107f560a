/* bench_summary.c - the methods in one glance: beside the published ones, GSM8K's right answers,
 * and bars of speedup.
 *
 * The published figures are of MT-Bench, so ours are where such questions were asked.
 */
#include <stdio.h>

#include "app/base/print.h"
#include "app/bench/bars.h"
#include "app/bench/bench_spec.h"

enum { BAR_COLUMNS = 40 };

/* Which of the published columns; -1 = this temperature was not published. */
static int column(const BenchResult *result)
{
    return result->temperature == 0 ? 0 : result->temperature == 1 ? 1 : -1;
}

static void print_published(const PublishedRow *row, int temperature)
{
    for (int t = 0; t < PUBLISHED_TARGETS; t++) {
        PublishedFigure figure = row->at[temperature][t];
        if (figure.speedup > 0)
            printf("  %4.2f/%4.2f", (double)figure.speedup, (double)figure.mat);
        else
            printf("  %9s", "-");
    }
    printf("  %s%s", row->name, row->tree ? ", tree" : "");
}

static void print_row(const BenchResult *result, int group, int m)
{
    const Method *method = &result->methods[m];
    Cell cell = bench_cell(result, group, m);
    char interval[24] = "";
    if (cell.speedup.half > 0)
        snprintf(interval, sizeof interval, "±%.2f", cell.speedup.half);
    print_report(stdout, "%-24s %-22s %8.2f %7.2f %-5s %5.2f", method->title, method->name,
                 cell.speed, cell.speedup.value, interval, cell.mat);
    if (method->published && column(result) >= 0)
        print_published(method->published, column(result));
    printf("\n");
}

static void print_accuracy(const BenchResult *result)
{
    Cell plain = bench_cell(result, GROUP_ALL, 0);
    if (plain.scored == 0)
        return;
    printf("\nGSM8K, answers whose last number is the reference's:\n");
    for (int m = 0; m < result->n_methods; m++) {
        Cell cell = bench_cell(result, GROUP_ALL, m);
        print_report(stdout, "%-24s %-22s %d of %d, %.1f %%%s\n", result->methods[m].title,
                     result->methods[m].name, cell.correct, cell.scored,
                     100.0 * cell.correct / cell.scored,
                     cell.correct == plain.correct ? "" : "  MISMATCH: not plain decoding's");
    }
}

static void print_bars(const BenchResult *result, int group)
{
    double most = 1;
    for (int m = 0; m < result->n_methods; m++) {
        double value = bench_cell(result, group, m).speedup.value;
        most = value > most ? value : most;
    }
    printf("\nspeedup\n");
    for (int m = 0; m < result->n_methods; m++) {
        char bar[4 * BAR_COLUMNS + 1];
        double value = bench_cell(result, group, m).speedup.value;
        bar_text(bar, value, most, BAR_COLUMNS);
        print_report(stdout, "%-24s %-22s %5.2f %s\n", result->methods[m].title,
                     result->methods[m].name, value, bar);
    }
}

void bench_print_summary(const BenchResult *result)
{
    bool mt_bench = bench_cell(result, GROUP_MT_BENCH, 0).questions > 0, beside = false;
    int group = mt_bench ? GROUP_MT_BENCH : GROUP_ALL;
    for (int m = 0; m < result->n_methods; m++)
        beside = beside || (result->methods[m].published && column(result) >= 0);
    printf("\n%s, %d questions%s\n", mt_bench ? "MT-Bench" : "all categories",
           bench_cell(result, group, 0).questions,
           beside ? "; beside it MT-Bench of arXiv 2407.01955, speedup/MAT, the exit at the same "
                    "share of the draft"
                  : "");
    printf("%-24s %-22s %8s %7s %-5s %5s", "", "method", "t/s", "speedup", "", "MAT");
    for (int t = 0; beside && t < PUBLISHED_TARGETS; t++)
        printf("  %9s", published_target_name((PublishedTarget)t));
    printf("\n");
    for (int m = 0; m < result->n_methods; m++)
        print_row(result, group, m);
    print_accuracy(result);
    print_bars(result, group);
}
