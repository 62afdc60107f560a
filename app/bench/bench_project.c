/* bench_project.c - `s2d bench project --target 7b|13b|70b`: what the models of arXiv 2407.01955
 * would gain on this machine. Nothing of it is a measurement of those models, so every line says
 * that it is projected.
 *
 *   shapes of target and draft, with few layers and random weights -> passes over n rows, timed in
 *   turn -> project.h, with the published MAT or a given one -> speedups
 *
 * How far tokens go in S2D was not published, so it has two figures: every token leaves at the
 * first exit, or every token asks all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/command_kernels.h"
#include "app/base/command_line.h"
#include "app/base/paths.h"
#include "app/bench/bench.h"
#include "app/bench/bench_model.h"
#include "app/bench/project.h"
#include "app/bench/published.h"
#include "app/bench/synth.h"
#include "engine/session/session.h"

enum { CONTEXT = 256, FEW = 1, MANY = 4, FIRST_EXIT = 6, EXITS = 3, DRAFTED = 5 };

static const int counts[] = {1, 2, 4, 8, 16, 32};
enum { N_COUNTS = sizeof counts / sizeof *counts, MODELS = 4 };

static const char *const shapes[PUBLISHED_TARGETS] = {"vicuna-7b", "vicuna-13b", "llama-2-70b"};

/* A model of a shape cut to some layers. */
typedef struct Cut {
    const char *shape;
    int layers;
    Model *model;
    Session *session;
    double ms[N_COUNTS][BENCH_REPEATS_MAX];
} Cut;

typedef struct Project {
    bool has_target, json;
    PublishedTarget target;
    int temperature, many, context, repeats;
    double mat; /* 0 = the published ones */
    TreeShape chain, tree;
    SynthOptions synth;
    KernelsOptions kernels_options;

    Kernels *kernels;
    int vocab, n_cuts; /* the draft's two, then the target's unless it has the same shape */
    Cut cuts[MODELS];
    ProjectShape draft_cost, target_cost;
} Project;

/* ---- measuring ---- */

/* A file whose name is taken away at once: it goes with the process, however that ends. */
static FILE *open_nameless(Err *err)
{
    char path[PATH_BYTES];
    if (paths_make(PLACE_MODELS, err) != 0 ||
        paths_get(PLACE_MODELS, "project-XXXXXX", path, sizeof path, err) != 0)
        return NULL;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w+b") : NULL;
    if (file == NULL) {
        err_set(err, EXIT_IO, "%s: cannot make this file: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static int open_cut(Project *p, Cut *cut, Err *err)
{
    char path[32];
    SynthOptions synth = p->synth;
    SynthInfo info;
    synth.shape = cut->shape;
    synth.layers = cut->layers;
    FILE *file = open_nameless(err);
    if (file == NULL)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    int status = synth_write_stream(&synth, file, &info, err);
    p->vocab = info.vocab;
    if (status == 0)
        status = model_open(&cut->model, p->kernels, path, cut->shape, NULL, NULL, err);
    fclose(file);
    if (status != 0)
        return -1;
    SessionConfig config = {.kernels = p->kernels,
                            .target = cut->model,
                            .spec = SPEC_OFF,
                            .kv = KV_F16,
                            .ctx = p->context};
    return session_open(&cut->session, &config, err);
}

static int open_cuts(Project *p, Err *err)
{
    const char *names[] = {shapes[PUBLISHED_7B], shapes[p->target]};
    int status = 0;
    for (int i = 0; status == 0 && i < (p->target == PUBLISHED_7B ? 1 : 2); i++)
        for (int large = 0; status == 0 && large < 2; large++) {
            Cut *cut = &p->cuts[p->n_cuts++];
            *cut = (Cut){.shape = names[i], .layers = large ? p->many : FEW};
            status = open_cut(p, cut, err);
        }
    return status;
}

static Curve median_curve(Cut *cut, int repeats)
{
    Curve curve = {0};
    for (int i = 0; i < N_COUNTS; i++)
        curve_add(&curve, counts[i], bench_median(cut->ms[i], repeats));
    return curve;
}

static void measure(Project *p)
{
    for (int c = 0; c < p->n_cuts; c++) /* reads the context */
        session_time_verify(p->cuts[c].session, 1, p->context);
    for (int r = 0; r < p->repeats; r++)
        for (int i = 0; i < N_COUNTS; i++)
            for (int c = 0; c < p->n_cuts; c++)
                p->cuts[c].ms[i][r] =
                    session_time_verify(p->cuts[c].session, counts[i], p->context);
    for (int c = 0; c < p->n_cuts; c += 2) {
        Curve few = median_curve(&p->cuts[c], p->repeats);
        Curve many = median_curve(&p->cuts[c + 1], p->repeats);
        p->target_cost = project_shape(&few, FEW, &many, p->many);
        if (c == 0)
            p->draft_cost = p->target_cost;
    }
}

/* ---- showing ---- */

static void print_pass(const Project *p, const char *what, const ProjectShape *cost, int layers)
{
    if (p->json)
        printf("{\"projected\":true,\"pass\":\"%s\",\"layers\":%d,\"ms\":{", what, layers);
    else
        printf("%-9s %-12s %2d layers", "projected", what, layers);
    for (int i = 0; i < N_COUNTS; i++) {
        double ms = project_pass(cost, layers, counts[i]);
        if (p->json)
            printf("%s\"%d\":%.3f", i ? "," : "", counts[i], ms);
        else
            printf(" %8.2f", ms);
    }
    printf(p->json ? "}}\n" : "\n");
}

static void print_range(double low, double high)
{
    char text[32];
    snprintf(text, sizeof text, low == high ? "%.2f" : "%.2f-%.2f", low, high);
    printf(" %15s", text);
}

static void print_row(const Project *p, const PublishedRow *row)
{
    PublishedFigure published = row->at[p->temperature][p->target];
    double mat = p->mat > 0 ? p->mat : (double)published.mat;
    const TreeShape *tree = row->tree ? &p->tree : &p->chain;
    if (mat == 0 || (p->mat > 0 && (row->method == PUBLISHED_SFT || mat > tree->depth + 1)))
        return; /* what a draft was trained by is in the MAT: at a given one once is enough */
    int layers = synth_layers(shapes[p->target]);
    bool s2d = row->method == PUBLISHED_S2D;
    Projection slow = project_round(&p->draft_cost, row->exit, s2d ? EXITS : 1, &p->target_cost,
                                    layers, tree, mat);
    Projection fast =
        s2d ? project_round(&p->draft_cost, FIRST_EXIT, 1, &p->target_cost, layers, tree, mat)
            : slow;
    if (p->json) {
        printf("{\"projected\":true,\"target\":\"%s\",\"method\":\"%s\",\"tree\":%s,\"mat\":%.4f,"
               "\"draft_ms\":[%.3f,%.3f],\"verify_ms\":%.3f,\"speedup\":[%.4f,%.4f],"
               "\"published\":%.2f}\n",
               published_target_name(p->target), row->name, row->tree ? "true" : "false", mat,
               fast.draft_ms, slow.draft_ms, slow.verify_ms, slow.speedup, fast.speedup,
               (double)published.speedup);
        return;
    }
    char name[32];
    snprintf(name, sizeof name, "%s%s", row->name, row->tree ? ", tree" : "");
    printf("projected %-22s %5.2f", name, mat);
    print_range(fast.draft_ms, slow.draft_ms);
    printf(" %10.2f", slow.verify_ms);
    print_range(slow.speedup, fast.speedup);
    if (published.speedup > 0)
        printf(" %10.2f", (double)published.speedup);
    printf("\n");
}

static void print(const Project *p)
{
    const char *target = shapes[p->target];
    int layers = synth_layers(target), n;
    const PublishedRow *rows = published_rows(&n);
    if (!p->json)
        printf(
            "PROJECTED for %s, T=%d, not measured with its weights\n"
            "measured: passes over 1 to 32 rows of the shapes of %s%s%s, %d and %d layers, "
            "random %s, %s, after %d tokens, median of %d\n"
            "assumed: all other layers cost what those between do; a head over %d tokens; MAT %s; "
            "%d drafted tokens without a tree, with one %dx%dx%d; prompts are not counted; S2D "
            "from all tokens leaving at layer %d to all asking %d exits\n\n"
            "%-9s T(n), ms    %9s",
            target, p->temperature, shapes[PUBLISHED_7B], p->target == PUBLISHED_7B ? "" : ", ",
            p->target == PUBLISHED_7B ? " and target" : target, FEW, p->many,
            quant_info((uint32_t)p->synth.type)->name, p->kernels->description, p->context,
            p->repeats, p->vocab, p->mat > 0 ? "as given" : "as published in arXiv 2407.01955",
            p->chain.depth, p->tree.depth, p->tree.width, p->tree.nodes, FIRST_EXIT, EXITS, "", "");
    for (int i = 0; !p->json && i < N_COUNTS; i++)
        printf(" %8d", counts[i]);
    printf(p->json ? "" : "\n");
    print_pass(p, "target", &p->target_cost, layers);
    for (int exit = FIRST_EXIT; exit <= PUBLISHED_LAYERS; exit += 3)
        print_pass(p, "draft", &p->draft_cost, exit);
    if (!p->json)
        printf("\n%-32s %5s %15s %10s %15s %10s\n", "", "MAT", "draft, ms", "T(n), ms", "speedup",
               "published");
    for (int i = 0; i < n; i++)
        print_row(p, &rows[i]);
}

/* ---- the command line ---- */

static int take_target(void *into, const char *text, Err *err)
{
    Project *p = into;
    (void)err;
    p->has_target = true;
    return published_target(text, &p->target);
}

static int take_type(void *into, const char *text, Err *err)
{
    const QuantInfo *info = quant_by_name(text);
    if (info == NULL)
        return err_set(err, EXIT_USAGE, "--type: \"%s\" is no type of weights; Q4_K is one", text);
    ((Project *)into)->synth.type = info->type;
    return 0;
}

static int take_tree(void *into, const char *text, Err *err)
{
    Project *p = into;
    if (tree_parse(text, &p->tree) == 0 && !p->tree.automatic && p->tree.nodes < 32)
        return 0;
    return err_set(err, EXIT_USAGE, "--tree: \"%s\" is no DxWxN with fewer than 32 nodes", text);
}

#define AT(field) offsetof(Project, field)

static const Option options[] = {
    {"--target", "7b|13b|70b", OPTION_TAKEN, .take = take_target, .required = true},
    {"--vocab", "FILE.gguf", OPTION_TEXT, .field = AT(synth.vocab_file), .required = true},
    {"--temp", "0|1", OPTION_INTEGER, .field = AT(temperature), .high = 1},
    {"--mat", "M", OPTION_NUMBER, .field = AT(mat), .low = 1, .high = 64},
    {"--drafted", "N", OPTION_INTEGER, .field = AT(chain.depth), .low = 1, .high = 31},
    {"--tree", "DxWxN", OPTION_TAKEN, .take = take_tree},
    {"--layers", "N", OPTION_INTEGER, .field = AT(many), .low = FEW + 1, .high = 12},
    {"--type", "T", OPTION_TAKEN, .take = take_type},
    {"--ctx", "N", OPTION_INTEGER, .field = AT(context), .low = 1, .high = 4096},
    {"--repeats", "N", OPTION_INTEGER, .field = AT(repeats), .low = 1, .high = BENCH_REPEATS_MAX},
    {"--threads", "N", OPTION_INTEGER, .field = AT(kernels_options.threads), .high = 1024},
    {"--device", "auto|cpu|cuda", OPTION_TEXT, .field = AT(kernels_options.device)},
    {"--json", NULL, OPTION_FLAG, .field = AT(json)},
    {0},
};

const CommandLine bench_project_line = {
    .name = "bench project",
    .lists = {{options, 0}},
    .summary = "speedups that measured passes and published MAT would give, marked as projected",
};

static int parse(Project *p, int argc, char **argv, Err *err)
{
    int first = command_line_parse(&bench_project_line, p, argc, argv, err);
    if (first < 0)
        return -1;
    if (first < argc || !p->has_target || p->synth.vocab_file == NULL)
        return err_set(err, EXIT_USAGE,
                       "--target 7b|13b|70b and --vocab FILE.gguf are needed, and no other words");
    p->chain.nodes = p->chain.depth;
    int deepest = p->tree.depth > p->chain.depth ? p->tree.depth : p->chain.depth;
    if (p->mat > deepest + 1)
        return err_set(err, EXIT_USAGE, "--mat: %d drafted tokens give at most %d", deepest,
                       deepest + 1);
    if (p->mat == 0 && p->target == PUBLISHED_70B && p->temperature == 1)
        return err_set(err, EXIT_USAGE, "nothing was published for 70b at T=1; give --mat");
    return 0;
}

int bench_project(int argc, char **argv)
{
    Project project = {.many = MANY,
                       .context = CONTEXT,
                       .repeats = BENCH_REPEATS,
                       .chain = {.depth = DRAFTED, .width = 1},
                       .tree = {.depth = 5, .width = 4, .nodes = 25},
                       .synth = {.type = QUANT_Q4_K, .seed = 1},
                       .kernels_options = {.device = "auto", .isa = "auto"}};
    Project *p = &project;
    Err err = {0};
    if (parse(p, argc, argv, &err) == 0 &&
        command_kernels_open(&p->kernels, &p->kernels_options, &err) == 0) {
        if (open_cuts(p, &err) == 0) {
            measure(p);
            print(p);
        }
        for (int c = 0; c < p->n_cuts; c++) {
            session_close(p->cuts[c].session);
            model_close(p->cuts[c].model);
        }
        p->kernels->close(p->kernels);
    }
    if (err.code != 0)
        fprintf(stderr, "s2d bench project: %s\n", err.text);
    return err.code;
}
