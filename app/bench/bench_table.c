/* bench_table.c - the results of `s2d bench spec` by category: for people, as JSON lines, as CSV.
 */
#include <jansson.h>
#include <stdio.h>

#include "app/base/print.h"
#include "app/bench/bench_spec.h"

static void table_rows(const BenchResult *result, int group)
{
    for (int m = 0; m < result->n_methods; m++) {
        const Method *method = &result->methods[m];
        Cell cell = bench_cell(result, group, m);
        print_report(stdout, "%-14s %4d  %-22s %8.2f",
                     m == 0 ? bench_group_name(result, group) : "", cell.questions, method->name,
                     cell.speed);
        if (m != method->plain) {
            char half[16] = "";
            if (cell.speedup.half > 0)
                snprintf(half, sizeof half, "±%.2f", cell.speedup.half);
            printf(" %7.2f %-5s %5.2f %8.0f %%", cell.speedup.value, half, cell.mat,
                   cell.drafted > 0 ? 100.0 * (double)cell.accepted / (double)cell.drafted : 0.0);
        }
        printf("\n");
    }
}

void bench_print_table(const BenchResult *result)
{
    int answers = 0, different = 0;
    for (int m = 1; m < result->n_methods; m++) {
        Cell cell = bench_cell(result, GROUP_ALL, m);
        answers += cell.answers;
        different += cell.different;
    }
    if (different > 0)
        printf("MISMATCH: %d of %d texts differ from plain decoding's\n", different, answers);
    else
        printf("all %d texts are plain decoding's, byte by byte\n", answers);
    print_report(stdout, "%s\n", result->title);
    for (int i = 0; i < result->n_drafts; i++) {
        const BenchDraft *draft = &result->drafts[i];
        if (draft->file[0])
            print_report(stdout, "adapter %s, %d exit%s, SHA-256 %s\n", draft->file, draft->n_exits,
                         draft->n_exits == 1 ? "" : "s",
                         draft->sha256[0] ? draft->sha256 : "unknown");
    }
    bench_print_summary(result);
    printf("\n%-14s %4s  %-22s %8s %7s %-5s %5s %10s\n", "category", "n", "method", "t/s",
           "speedup", "", "MAT", "accepted");
    bench_each_group(result, table_rows);
}

static void json_rows(const BenchResult *result, int group)
{
    for (int m = 0; m < result->n_methods; m++) {
        const Method *method = &result->methods[m];
        const BenchDraft *draft = &result->drafts[method->draft];
        Cell cell = bench_cell(result, group, m);
        json_t *row = json_pack(
            "{s:s s:s s:s s:s s:s s:i s:I s:f s:f s:f s:f s:I s:I s:i s:i s:i s:i}", "category",
            bench_group_name(result, group), "method", method->name, "title", method->title,
            "adapter", draft->file, "adapter_sha256", draft->sha256, "questions", cell.questions,
            "tokens", cell.tokens, "tokens_per_s", cell.speed, "speedup", cell.speedup.value,
            "speedup_half", cell.speedup.half, "mat", cell.mat, "drafted", cell.drafted, "accepted",
            cell.accepted, "texts", cell.answers, "different", cell.different, "scored",
            cell.scored, "correct", cell.correct);
        json_dumpf(row, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        json_decref(row);
        printf("\n");
    }
}

void bench_print_json(const BenchResult *result)
{
    bench_each_group(result, json_rows);
}

static void csv_rows(const BenchResult *result, int group)
{
    for (int m = 0; m < result->n_methods; m++) {
        const Method *method = &result->methods[m];
        const BenchDraft *draft = &result->drafts[method->draft];
        Cell cell = bench_cell(result, group, m);
        print_report(stdout,
                     "%s,%s,\"%s\",%s,%s,%d,%lld,%.3f,%.4f,%.4f,%.4f,%lld,%lld,%d,%d,%d,%d\n",
                     bench_group_name(result, group), method->name, method->title, draft->file,
                     draft->sha256, cell.questions, cell.tokens, cell.speed, cell.speedup.value,
                     cell.speedup.half, cell.mat, cell.drafted, cell.accepted, cell.answers,
                     cell.different, cell.scored, cell.correct);
    }
}

void bench_print_csv(const BenchResult *result)
{
    printf("category,method,title,adapter,adapter_sha256,questions,tokens,tokens_per_s,speedup,"
           "speedup_half,mat,drafted,accepted,texts,different,scored,correct\n");
    bench_each_group(result, csv_rows);
}
