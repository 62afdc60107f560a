/* test_bench_machine.c - `s2d bench kernels` and `bench verify` on a tiny model: what they print is
 * whole and agrees with itself. No time is asserted.
 */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "app/bench/bench.h"
#include "app/bench/bench_model.h"
#include "app/commands.h"
#include "tests/support/model_folder.h"

static ModelFolder folder;
static char profile[256];

/* Runs `s2d bench …` and returns what it wrote to stdout; its exit code goes to *status. */
static char *printed(int argc, char **argv, int *status)
{
    static char text[1 << 17];
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int out = dup(1);
    dup2(fileno(file), 1);
    *status = cmd_bench(argc, argv);
    fflush(stdout);
    dup2(out, 1);
    close(out);
    rewind(file);
    size_t used = fread(text, 1, sizeof text - 1, file);
    text[used] = '\0';
    fclose(file);
    return text;
}

static char *bench(const char *name, const char *context, bool json)
{
    char *argv[] = {
        "bench",         (char *)name,           "--profile", profile, "--repeats", "1", "--ctx",
        (char *)context, json ? "--json" : NULL, NULL};
    int status;
    char *text = printed(json ? 9 : 8, argv, &status);
    assert_int_equal(status, 0);
    return text;
}

static double number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    if (!json_is_number(value))
        fail_msg("no number \"%s\"", key);
    return json_number_value(value);
}

static bool is(const json_t *json, const char *key, const char *text)
{
    const json_t *value = json_object_get(json, key);
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* a and b to the digits that are printed. */
static void assert_near(double a, double b)
{
    double difference = a > b ? a - b : b - a;
    if (difference > 0.02 * (a > b ? a : b) + 0.001)
        fail_msg("%g is not %g", a, b);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static json_t *next_line(char **at)
{
    json_error_t error;
    char *line = strsep(at, "\n");
    json_t *json = json_loads(line, 0, &error);
    if (!json)
        fail_msg("%s in: %s", error.text, line);
    return json;
}

static void verify_rates_each_batch_by_the_limits(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 4, 8, 12, 16, 32, 64};
    char *at = bench("verify", "40", true);
    json_t *limits = next_line(&at);
    assert_true(is(limits, "what", "limits"));
    double bytes_per_s = number(limits, "bytes_per_s"), macs_per_s = number(limits, "macs_per_s");
    assert_true(bytes_per_s > 0 && macs_per_s > 0);
    double first_ms = 0, bytes = 0;
    for (size_t i = 0; i <= sizeof counts / sizeof counts[0]; i++) {
        bool prefill = i == sizeof counts / sizeof counts[0];
        json_t *json = next_line(&at);
        double ms = number(json, "ms");
        assert_true(is(json, "what", prefill ? "prefill" : "verify"));
        assert_int_equal(number(json, "n"), prefill ? 128 : counts[i]);
        assert_true(ms > 0);
        if (i == 0) {
            first_ms = ms;
            bytes = number(json, "bytes_per_s") * ms / 1e3;
        }
        if (!prefill)
            assert_near(number(json, "ratio"), ms / first_ms);
        assert_near(number(json, "bytes_per_s") * ms / 1e3,
                    bytes); /* one model, one pass over it */
        assert_near(number(json, "bandwidth_share"), number(json, "bytes_per_s") / bytes_per_s);
        double least = number(json, "least_ms"), macs = number(json, "macs_per_s") * ms / 1e3;
        assert_near(least, larger(1e3 * bytes / bytes_per_s, 1e3 * macs / macs_per_s));
        if (least > 0.01) /* else too few digits are printed */
            assert_near(number(json, "over_least"), ms / least);
        json_decref(json);
    }
    assert_string_equal(at, "");
    json_decref(limits);
    char *text = bench("verify", "40", false);
    assert_non_null(strstr(text, "T(n)/T(1)"));
    assert_non_null(strstr(text, "\nprefill  128"));
}

static void kernels_rate_each_operation_by_the_limits(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 4, 8, 16, 32, 128};
    static const char *const names[] = {"embed", "q k v",   "rope", "kv write", "attention",
                                        "o",     "gate up", "down", "head",     "top"};
    enum { NAMES = sizeof names / sizeof names[0] };
    char *at = bench("kernels", "40", true);
    json_t *limits = next_line(&at);
    double bytes_per_s = number(limits, "bytes_per_s"), dots_per_s = number(limits, "dots_per_s"),
           fmas_per_s = number(limits, "fmas_per_s");
    assert_true(is(limits, "what", "limits"));
    assert_true(bytes_per_s > 0 && dots_per_s > 0 && fmas_per_s > 0);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        double sum = 0;
        for (int j = 0; j < NAMES; j++) {
            json_t *json = next_line(&at);
            assert_true(is(json, "what", "operation"));
            if (!is(json, "name", names[j]))
                fail_msg("%s is missing", names[j]);
            assert_int_equal(number(json, "n"), counts[i]);
            assert_int_equal(number(json, "context"), 40);
            assert_true(number(json, "calls") > 0 && number(json, "bytes") > 0);
            double ms = number(json, "ms");
            sum += ms;
            bool attention = is(json, "name", "attention");
            if (attention || json_object_get(json, "types")) {
                double peak = attention ? fmas_per_s : dots_per_s;
                double least = number(json, "least_ms");
                assert_near(least, larger(1e3 * number(json, "bytes") / bytes_per_s,
                                          1e3 * number(json, "macs") / peak));
                if (least > 0.001)
                    assert_near(number(json, "share"), least / ms);
            } else {
                assert_null(json_object_get(json, "share"));
            }
            json_decref(json);
        }
        json_t *pass = next_line(&at);
        assert_true(is(pass, "what", "pass"));
        assert_near(number(pass, "operations_ms"), sum);
        assert_true(number(pass, "ms") > 0);
        json_decref(pass);
    }
    assert_string_equal(at, "");
    json_decref(limits);
    char *text = bench("kernels", "40", false);
    assert_non_null(strstr(text, "\nn = 128"));
    assert_non_null(strstr(text, "the pass"));
}

/* Every layer of the model is in a pass, with all of its rows. */
static void kernels_count_all_weights(void **state)
{
    (void)state;
    char *at = bench("kernels", "40", true);
    Kernels *kernels;
    Model *model;
    Err err = {0};
    char path[256];
    KernelsOptions options = {.device = "cpu", .threads = 1};
    assert_int_equal(kernels_open(&kernels, &options, &err), 0);
    if (model_open(&model, kernels, model_folder_file(&folder, "target.gguf", path), "target", NULL,
                   NULL, &err) != 0)
        fail_msg("%s", err.text);
    const ModelConfig *m = &model->config;
    double macs = 0, attention = (double)m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
    json_decref(next_line(&at));
    bool more = true;
    while (more) {
        json_t *json = next_line(&at);
        more = is(json, "what", "operation");
        if (more && json_object_get(json, "types"))
            macs += number(json, "macs");
        json_decref(json);
    }
    assert_near(macs, m->layers * m->hidden * (2 * attention + 2 * kv + 3.0 * m->ffn) +
                          (double)m->hidden * m->vocab);
    model_close(model);
    kernels->close(kernels);
}

/* The limits of every instruction set that this machine has. */
static void limits_are_positive(void **state)
{
    (void)state;
    static const char *const isas[] = {"amx", "avx512", "avx2", "scalar"};
    int measured = 0;
    for (int i = 0; i < 4; i++) {
        KernelsOptions options = {.device = "cpu", .isa = isas[i], .threads = 2};
        Kernels *kernels;
        Limits *limits;
        Err err = {0};
        if (kernels_open(&kernels, &options, &err) != 0) {
            print_message("not here: %s\n", err.text);
            continue;
        }
        assert_int_equal(limits_open(&limits, kernels, &err), 0);
        for (Limit limit = 0; limit < LIMITS; limit++)
            assert_true(limits_measure(limits, limit) > 0);
        limits_close(limits);
        kernels->close(kernels);
        measured++;
    }
    assert_true(measured > 0);
}

static void arithmetic(void **state)
{
    (void)state;
    double odd[] = {3, 1, 2}, one[] = {7};
    assert_true(bench_median(odd, 3) == 2 && bench_median(one, 1) == 7);
    assert_true(bench_least_ms(1e9, 1e9, 1, 1e9) == 1000); /* the memory binds */
    assert_true(bench_least_ms(1, 1e9, 2e9, 1e9) == 2000); /* the multiplications do */
}

static void each_benchmark_has_help(void **state)
{
    (void)state;
    static const char *const names[] = {"kernels", "verify", "quality", "spec", "project", "synth"};
    for (int i = 0; i < 6; i++) {
        char usage[64];
        int status;
        char *text = printed(3, (char *[]){"bench", (char *)names[i], "--help", NULL}, &status);
        assert_int_equal(status, 0);
        snprintf(usage, sizeof usage, "usage: s2d bench %s ", names[i]);
        assert_non_null(strstr(text, usage));
    }
}

static void bad_command_lines_are_refused(void **state)
{
    (void)state;
    int status;
    static const char *const names[] = {"kernels", "verify"};
    for (int i = 0; i < 2; i++) {
        char *name = (char *)names[i];
        printed(3, (char *[]){"bench", name, "--questions", NULL}, &status);
        assert_int_equal(status, EXIT_USAGE);
        printed(3, (char *[]){"bench", name, "word", NULL}, &status);
        assert_int_equal(status, EXIT_USAGE);
        printed(4, (char *[]){"bench", name, "--repeats", "0", NULL}, &status);
        assert_int_equal(status, EXIT_USAGE);
        printed(6, (char *[]){"bench", name, "--profile", profile, "-m", "/nowhere.gguf", NULL},
                &status);
        assert_int_equal(status, EXIT_NOINPUT);
        printed(6, (char *[]){"bench", name, "--profile", profile, "--ctx", "5000", NULL}, &status);
        assert_int_equal(status, EXIT_USAGE);
    }
}

/* A chain's rows are as many as were published, or at a given MAT one an exit, and S2D's. */
static void projections_say_so(void **state)
{
    (void)state;
    char vocab[256];
    int status, lines = 0, rows = 0;
    setenv("S2D_MODELS", folder.path, 1);
    model_folder_file(&folder, "spm.gguf", vocab);
    char *at =
        printed(15,
                (char *[]){"bench", "project", "--target", "7B", "--vocab", vocab, "--layers", "2",
                           "--repeats", "1", "--ctx", "8", "--mat", "2.5", "--json", NULL},
                &status);
    assert_int_equal(status, 0);
    for (char *line; (line = strsep(&at, "\n")) && *line; lines++) {
        json_t *json = json_loads(line, 0, NULL);
        assert_true(json_is_true(json_object_get(json, "projected")));
        const json_t *speedup = json_object_get(json, "speedup");
        const char *method = json_string_value(json_object_get(json, "method"));
        rows += speedup != NULL;
        if (speedup) {
            double low = json_number_value(json_array_get(speedup, 0));
            double high = json_number_value(json_array_get(speedup, 1));
            assert_true(strcmp(method, "SoFT+S2D") == 0 ? low != high : low == high);
        }
        json_decref(json);
    }
    assert_int_equal(rows, 8);
    assert_int_equal(lines, 12); /* the target's passes and the draft's, at three exits */

    static const struct {
        char *words[10];
        int n;
    } bad[] = {
        {{"bench", "project", "--vocab", "F"}, 4},
        {{"bench", "project", "--target", "7b"}, 4},
        {{"bench", "project", "--target", "8b", "--vocab", "F"}, 6},
        {{"bench", "project", "--target", "70b", "--vocab", "F", "--temp", "1"}, 8},
        {{"bench", "project", "--target", "7b", "--vocab", "F", "--mat", "6.5"}, 8},
        {{"bench", "project", "--target", "7b", "--vocab", "F", "--tree", "auto"}, 8},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        printed(bad[i].n, (char **)bad[i].words, &status);
        assert_int_equal(status, EXIT_USAGE);
    }
    printed(6, (char *[]){"bench", "project", "--target", "7b", "--vocab", "/nowhere.gguf", NULL},
            &status);
    assert_int_equal(status, EXIT_NOINPUT);
    unsetenv("S2D_MODELS");
}

/* Its models are large: one that was being written goes with the process. */
static void a_killed_projection_leaves_nothing(void **state)
{
    (void)state;
    char vocab[256];
    int status;
    model_folder_file(&folder, "spm.gguf", vocab);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {1 << 16, 1 << 16};
        setenv("S2D_MODELS", folder.path, 1);
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_DFL);
        _exit(
            cmd_bench(6, (char *[]){"bench", "project", "--target", "7b", "--vocab", vocab, NULL}));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    DIR *entries = opendir(folder.path);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, "project-", 8) == 0)
            fail_msg("%s is left", entry->d_name);
    closedir(entries);
}

static int setup(void **state)
{
    (void)state;
    if (model_folder_make(&folder) != 0)
        return -1;
    model_folder_file(&folder, "tiny.yaml", profile);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_rates_each_batch_by_the_limits),
        cmocka_unit_test(kernels_rate_each_operation_by_the_limits),
        cmocka_unit_test(kernels_count_all_weights),
        cmocka_unit_test(limits_are_positive),
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(projections_say_so),
        cmocka_unit_test(a_killed_projection_leaves_nothing),
        cmocka_unit_test(each_benchmark_has_help),
        cmocka_unit_test(bad_command_lines_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
