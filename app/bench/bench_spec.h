/* bench_spec.h - what `s2d bench spec` measures and shows.
 *
 *   bench_method.c   --methods -> methods, and the drafts that they need
 *   bench_worker.c   answers, timed
 *   bench_spec.c     questions by methods by repeats -> samples
 *   bench_cell.c     samples -> figures
 *   bench_table.c    all figures, by category: for people, as JSON, as CSV
 *   bench_summary.c  the methods beside the published ones, and bars
 */
#ifndef S2D_APP_BENCH_BENCH_SPEC_H
#define S2D_APP_BENCH_BENCH_SPEC_H

#include <stdbool.h>

#include "app/base/sha256.h"
#include "app/bench/bench_questions.h"
#include "app/bench/paired.h"
#include "app/bench/published.h"
#include "app/options.h"

enum { METHODS_MAX = 32, DRAFTS_MAX = 8 };

/* A draft of the profile's base: with the profile's adapter or another one. Each has a worker. */
typedef struct BenchDraft {
    char *asked; /* what stands behind "@"; NULL = the command line's and the profile's */
    Request load;
    char file[64];            /* the adapter's name; "" = none */
    char sha256[SHA256_TEXT]; /* its hash; "" = unknown, on another machine */
    int layers, n_exits;      /* the adapter's; 0 = none, or unknown */
} BenchDraft;

typedef struct Method {
    char name[96];  /* as given, without folders: "s2d", "s2d/off", "sd/4x4x12@soft.gguf" */
    char title[48]; /* as the paper would call it: "SoFT L6" */
    const PublishedRow *published; /* the published counterpart; NULL = none */
    char drafter[DRAFTER_TEXT], tree[16];
    SpecMode spec; /* SPEC_OFF: plain decoding */
    int draft;     /* whose worker runs it */
    int plain;     /* method: plain decoding in the same worker, which its speed is compared with */
} Method;

/* One method on one question, once, all turns together. */
typedef struct Sample {
    /* Sums of what a worker counts, which may be on another machine: as large as it says. */
    long long tokens;            /* all that were generated */
    double seconds;              /* wall time around them, prompts included */
    long long rounds, in_rounds; /* rounds, and the tokens that they gave: MAT is their ratio */
    long long drafted, accepted;
    int answers, different; /* texts, and those that are not plain decoding's */
    bool scored, correct;   /* is the right number known, and is it the answer's? */
} Sample;

typedef struct BenchResult {
    const Questions *questions;
    BenchDraft drafts[DRAFTS_MAX];
    int n_drafts;
    Method methods[METHODS_MAX]; /* the first one is plain decoding */
    int n_methods, repeats;
    float temperature;
    Sample *samples; /* [questions->n, repeats, n_methods] */
    double *scratch; /* [2, the greater of questions->n and repeats] */
    int n_done;      /* questions */
    char title[640]; /* models, machine, settings */
} BenchResult;

/* bench_method.c: reads --methods (list), or where it is NULL what the profile suggests, into
 * methods and drafts, each with its load request; bench_methods_close also after -1. */
int bench_methods_open(BenchResult *result, const Options *options, const char *list, Err *err);
void bench_methods_close(BenchResult *result);
/* What the methods are called, and their counterparts, once the adapters are known. */
void bench_methods_name(BenchResult *result);

/* bench_cell.c: figures of one method over one group of questions. */
enum { GROUP_ALL = -1, GROUP_MT_BENCH = -2 }; /* else a category */
typedef struct Cell {
    int questions, answers, different;
    long long tokens, rounds, in_rounds, drafted, accepted;
    int scored, correct;
    double speed;  /* tokens per second: mean over the questions */
    Ratio speedup; /* over plain decoding in the same worker */
    double mat;    /* plain decoding has 1 */
} Cell;
/* questions 0: there is none in the group. */
Cell bench_cell(const BenchResult *result, int group, int method);
const char *bench_group_name(const BenchResult *result, int group);
/* Calls fn for each group that has questions: categories, MT-Bench, all. */
void bench_each_group(const BenchResult *result, void (*fn)(const BenchResult *, int group));

/* bench_table.c; the first line of the table says whether every text is plain decoding's. */
void bench_print_table(const BenchResult *result);
void bench_print_json(const BenchResult *result);
void bench_print_csv(const BenchResult *result);
/* bench_summary.c */
void bench_print_summary(const BenchResult *result);

#endif
