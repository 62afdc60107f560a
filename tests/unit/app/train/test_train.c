/* test_train.c - `s2d train` from its command line: what it writes, that it can be stopped and
 * resumed, that it refuses what cannot be; and that what ships to train on holds no question of the
 * benchmark. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/base/save_file.h"
#include "app/commands.h"
#include "engine/model/adapter.h"
#include "engine/model/head.h"
#include "tests/support/model_folder.h"

enum { WORDS_MAX = 40 };

typedef struct Fixture {
    ModelFolder folder;
    char model[256], data[256], prompts[256], out[256], other[256];
} Fixture;

static int setup(void **state)
{
    static Fixture f;
    char lines[4096] = "", prompts[512] = "";
    if (model_folder_make(&f.folder) != 0)
        return -1;
    model_folder_file(&f.folder, "target.gguf", f.model);
    model_folder_file(&f.folder, "data.jsonl", f.data);
    model_folder_file(&f.folder, "prompts.txt", f.prompts);
    model_folder_file(&f.folder, "out.gguf", f.out);
    model_folder_file(&f.folder, "other.gguf", f.other);
    for (int i = 0; i < 12; i++) {
        sprintf(lines + strlen(lines),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"q%d\"},"
                "{\"role\": \"assistant\", \"content\": \"answer number %d\"}]}\n",
                i, i * 7);
        sprintf(prompts + strlen(prompts), i == 5 ? "\n" : "what is %d?\n", i);
    }
    *state = &f;
    return model_folder_write(&f.folder, "data.jsonl", lines) != 0 ||
                   model_folder_write(&f.folder, "prompts.txt", prompts) != 0
               ? -1
               : 0;
}

static int teardown(void **state)
{
    model_folder_remove(&((Fixture *)*state)->folder);
    return 0;
}

/* The words of a command line, blank-separated; @ stands for a file of the folder. What other runs
 * left beside the result is not asked. */
static int train(const Fixture *f, const char *out, const char *options)
{
    char cache[512];
    unlink(strcat(strcpy(cache, out), ".cache"));
    char text[1024], *argv[WORDS_MAX + 1] = {"train", "-m", (char *)f->model, "-o", (char *)out};
    int argc = 5;
    snprintf(text, sizeof text, "%s", options);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = strcmp(word, "@data") == 0      ? (char *)f->data
                       : strcmp(word, "@prompts") == 0 ? (char *)f->prompts
                                                       : word;
    }
    return cmd_train(argc, argv);
}

static char *content(const char *path, size_t *bytes)
{
    Err err = {0};
    char *text = read_file(path, "file", 64 << 20, bytes, &err);
    if (text == NULL)
        fail_msg("%s", err.text);
    return text;
}

static void assert_same_file(const char *a, const char *b)
{
    size_t n, m;
    char *x = content(a, &n), *y = content(b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

/* As if Ctrl-C had been pressed during the first step. */
static int train_interrupted(const Fixture *f, const char *out, const char *options)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGINT);
    return train(f, out, options);
}

static void test_exits(void **state)
{
    const Fixture *f = *state;
    static const char options[] =
        "--data @data --steps 4 --batch 60 --length 60 --hold 4 --every 2 "
        "--exits 2,5 --copy 3,8 --threads 2 --type f16";
    char resumed[512];
    Adapter *adapter;
    Err err = {0};
    assert_int_equal(train(f, f->out, options), 0);
    if (adapter_open(&adapter, f->out, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(adapter->info.n_exits, 3); /* the last is the whole base */
    assert_int_equal(adapter->info.exits[1], 5);
    assert_int_equal(adapter->info.exits[2], 8);
    assert_true(adapter_has_layer(adapter, 1) && !adapter_has_layer(adapter, 2));
    adapter_close(adapter);

    assert_int_equal(train_interrupted(f, f->other, options), EXIT_INTERRUPTED);
    assert_int_not_equal(access(f->other, F_OK), 0);
    snprintf(resumed, sizeof resumed, "%s --resume", options);
    assert_int_equal(train_interrupted(f, f->other, resumed), EXIT_INTERRUPTED);
    assert_int_equal(train(f, f->other, resumed), 0);
    assert_same_file(f->out, f->other);

    size_t bytes;
    char *log = strcat(strcpy(resumed, f->out), ".log"), *text = content(log, &bytes);
    int steps = 0, scores = 0;
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        steps += strncmp(at, "{\"step\":", 8) == 0 && strstr(at, "\"loss\":[") != NULL;
        scores += strstr(at, "\"held_out\":") != NULL;
    }
    assert_true(steps >= 4 && scores > 0);
    free(text);
}

static void test_whole_drafts(void **state)
{
    const Fixture *f = *state;
    Adapter *adapter;
    Gguf *gguf;
    uint32_t layers;
    Err err = {0};
    assert_int_equal(train(f, f->out,
                           "--data @data --tune lora:4 --layers 4 --exits 2,4 --steps 2 --batch 60 "
                           "--length 60 --loss text --hold 0"),
                     0);
    assert_int_equal(adapter_open(&adapter, f->out, &err), 0);
    assert_true(adapter_changes_base(adapter) && adapter->info.alpha == 4);
    adapter_close(adapter);
    assert_int_equal(train(f, f->out,
                           "--data @data --tune full --method sft --layers 4 --steps 2 --batch 60 "
                           "--length 60 --eval @data --cosine"),
                     0);
    assert_int_equal(gguf_open(&gguf, f->out, &err), 0);
    assert_int_equal(gguf_get_u32(gguf, "qwen2.block_count", &layers, &err), 1);
    assert_int_equal(layers, 4);
    gguf_close(gguf);
}

/* A run may begin with the weights of a state, or of an adapter as it was rounded. */
static void test_start(void **state)
{
    const Fixture *f = *state;
    static const char *const tunes[] = {"--exits 2,5", "--tune lora:4 --layers 4 --exits 2,4"};
    static const char *const others[] = {"--exits 2,4", "--exits 2,5 --tune lora:4 --layers 5",
                                         "--tune lora:3 --layers 4 --exits 2,4"};
    char start[512], command[1024];
    for (size_t i = 0; i < sizeof tunes / sizeof *tunes; i++) {
        snprintf(command, sizeof command,
                 "--data @data --batch 60 --length 60 --hold 0 --type f32 %s", tunes[i]);
        assert_int_equal(train(f, f->out, strcat(command, " --steps 2")), 0);
        for (int adapter = 0; adapter < 2; adapter++) {
            snprintf(start, sizeof start, " --start %s%s", f->out, adapter ? "" : ".state");
            strcpy(strstr(command, " --steps"), " --steps 0");
            assert_int_equal(train(f, f->other, strcat(command, start)), 0);
            assert_same_file(f->out, f->other);
        }
        for (size_t o = 0; o < sizeof others / sizeof *others; o++) {
            snprintf(command, sizeof command, "--data @data --steps 0 --start %s %s", f->out,
                     others[o]);
            assert_int_equal(train(f, f->other, command), EXIT_DATA);
        }
    }
    char *bytes;
    size_t n;
    bytes = content(f->out, &n);
    char *hash = memmem(bytes, n, "base.sha256", 11);
    assert_non_null(hash);
    hash[11 + 12] = hash[11 + 12] == 'a' ? 'b' : 'a'; /* behind the value's type and length */
    FILE *file = fopen(f->out, "wb");
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
    free(bytes);
    snprintf(command, sizeof command, "--data @data --steps 0 --start %s %s", f->out, tunes[1]);
    assert_int_equal(train(f, f->other, command), EXIT_DATA); /* of another base */
}

/* Each kind of head: what is written says whose it is, a cut run ends with the same file, and a run
 * may begin with it. */
static void test_heads(void **state)
{
    const Fixture *f = *state;
    char options[512], start[1024];
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        HeadFile *file;
        Err err = {0};
        snprintf(options, sizeof options,
                 "--data @data --method %s --steps 3 --batch 60 --length 60 --hold 4 --every 2 "
                 "--type f32",
                 head_kind_name((HeadKind)kind));
        assert_int_equal(train(f, f->out, options), 0);
        if (head_file_open(&file, f->out, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(file->info.kind, kind);
        assert_int_equal(file->info.branches, kind == HEAD_MEDUSA || kind == HEAD_HYDRA ? 4 : 0);
        assert_int_equal(strlen(file->info.base_sha256), 64);
        assert_string_equal(file->info.base_name, "target");
        head_file_close(file);

        assert_int_equal(train_interrupted(f, f->other, options), EXIT_INTERRUPTED);
        snprintf(start, sizeof start, "%s --resume", options);
        assert_int_equal(train(f, f->other, start), 0);
        assert_same_file(f->out, f->other);

        strcpy(strstr(options, " --steps"), " --steps 0 --type f32 --hold 0 --start");
        snprintf(start, sizeof start, "%s %s", options, f->out);
        assert_int_equal(train(f, f->other, start), 0);
        assert_same_file(f->out, f->other);
        snprintf(start, sizeof start, "--data @data --method %s --steps 0 --start %s",
                 kind == HEAD_HYDRA ? "medusa" : "hydra", f->out);
        assert_int_equal(train(f, f->other, start), EXIT_DATA);
    }
}

static void test_refusals(void **state)
{
    const Fixture *f = *state;
    static const struct {
        const char *options;
        int code;
    } cases[] = {
        {"", EXIT_USAGE},
        {"--data @data --steps 1 --exits 9", EXIT_USAGE},
        {"--data @data --steps 1 --exits 3,2", EXIT_USAGE},
        {"--data @data --steps 1 --exits 1,2,3,4,5,6,7,9", EXIT_USAGE},
        {"--data @data --steps 1 --exits 2 --copy 9", EXIT_USAGE},
        {"--data @data --steps 1 --exits 2 --copy 1,2", EXIT_USAGE},
        {"--data @data --steps 1 --tune lora", EXIT_USAGE},
        {"--data @data --steps 1 --tune lora:4 --exits 2", EXIT_USAGE},
        {"--data @data --steps 1 --method sft", EXIT_USAGE},
        {"--data @data --steps 1 --method eagle2", EXIT_USAGE},
        {"--data @data --steps 1 --method eagle --tune exits", EXIT_USAGE},
        {"--data @data --steps 1 --method eagle --exits 2", EXIT_USAGE},
        {"--data @data --steps 1 --method medusa --layers 4", EXIT_USAGE},
        {"--data @data --steps 1 --method medusa --branches 9", EXIT_USAGE},
        {"--data @data --steps 1 --method eagle --branches 2", EXIT_USAGE},
        {"--data @data --steps 1 --method medusa --unroll 2", EXIT_USAGE},
        {"--data @data --steps 1 --method eagle3 --unroll 8", EXIT_USAGE},
        {"--data @data --steps 1 --method eagle3 --token-loss 1", EXIT_USAGE},
        {"--data @data --steps 1 --token-loss 1", EXIT_USAGE},
        {"--data @data --steps 1 --branches 2", EXIT_USAGE},
        {"--data @data --steps 1 --type q4_k", EXIT_USAGE},
        {"--data @data --steps 0", EXIT_USAGE},
        {"--data @data --steps 1 --device tpu", EXIT_USAGE},
        {"--data @data --list @prompts", EXIT_DATA},
        {"--data /nowhere.jsonl --steps 1", EXIT_NOINPUT},
        {"--data @data --steps 3 --resume", EXIT_NOINPUT},
        {"--plan --shape vicuna-7b", EXIT_USAGE}, /* and -m */
        {"--generate", EXIT_USAGE},
        {"--generate --prompts /nowhere", EXIT_NOINPUT},
    };
    char path[512];
    unlink(strcat(strcpy(path, f->out), ".state"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (train(f, f->out, cases[i].options) != cases[i].code)
            fail_msg("\"%s\" does not end with %d", cases[i].options, cases[i].code);
    }
}

/* Where there is none; a run on one is tests/unit/engine/train/test_cuda_trainer.c's. */
static void test_no_device(void **state)
{
    const Fixture *f = *state;
    Kernels *kernels;
    if (kernels_open(&kernels, &(KernelsOptions){.device = "cuda"}, NULL) == 0) {
        kernels->close(kernels);
        print_message("skipped: there is a device\n");
        skip();
    }
    assert_int_equal(train(f, f->out, "--data @data --steps 1 --device cuda"), EXIT_NODEVICE);
    assert_int_equal(train(f, f->out, "--plan --device cuda"), EXIT_NODEVICE);
}

static void test_plan(void **state)
{
    (void)state;
    char *argv[] = {"train",   "--plan",   "--shape", "vicuna-7b", "--tune",
                    "lora:32", "--layers", "12",      NULL};
    assert_int_equal(cmd_train(8, argv), 0);
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        char *head[] = {"train", "--plan", "--shape", "llama-2-70b", "--method", NULL, NULL};
        head[5] = (char *)head_kind_name((HeadKind)kind);
        assert_int_equal(cmd_train(6, head), 0);
    }
    argv[3] = "nothing";
    assert_int_equal(cmd_train(8, argv), EXIT_USAGE);
}

/* Each prompt once, however often it is stopped; the answers can be learned from. */
static void test_generate(void **state)
{
    const Fixture *f = *state;
    static const char options[] = "--generate --prompts @prompts -n 10 --at-once 4 --temp 1";
    char path[512], seen[12] = "";
    size_t bytes;
    strcpy(path, f->data);
    strcpy(strrchr(path, '/'), "/answers.jsonl");
    assert_int_equal(train_interrupted(f, path, options), EXIT_INTERRUPTED);
    assert_int_equal(train(f, path, options), 0);
    assert_int_equal(train(f, path, options), 0);
    char *text = content(path, &bytes);
    int lines = 0;
    for (char *at = text; *at; at = strchr(at, '\n') + 1, lines++) {
        int id;
        assert_int_equal(sscanf(at, "{\"id\":%d,", &id), 1);
        assert_true(id >= 0 && id < 12 && id != 5 && !seen[id]);
        seen[id] = 1;
    }
    assert_int_equal(lines, 11); /* one is empty */
    free(text);
    char command[700];
    snprintf(command, sizeof command, "--data %s --steps 1 --batch 60 --length 100 --hold 0", path);
    assert_int_equal(train(f, f->out, command), 0);
}

/* `out` may be a folder's name, or a link to a device. What the run says goes to `said`. */
static int train_told(const Fixture *f, const char *out, const char *options, char said[4096])
{
    char path[512];
    strcpy(path, f->data);
    strcpy(strrchr(path, '/'), "/said");
    fflush(stderr);
    int was = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(was >= 0 && file >= 0);
    dup2(file, STDERR_FILENO);
    int code = train(f, out, options);
    fflush(stderr);
    dup2(was, STDERR_FILENO);
    ssize_t n = pread(file, said, 4095, 0);
    said[n > 0 ? n : 0] = '\0';
    close(file);
    close(was);
    return code;
}

static int lines_with(const char *text, const char *words)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        n++;
    return n;
}

/* A log that cannot be opened, or not written, is told once and costs no result. */
static void test_no_log(void **state)
{
    const Fixture *f = *state;
    static const char options[] = "--data @data --steps 3 --batch 60 --length 60 --hold 4";
    char log[512], said[4096];
    strcat(strcpy(log, f->out), ".log");
    for (int full = 0; full < 2; full++) {
        unlink(log);
        unlink(f->out);
        assert_int_equal(full ? symlink("/dev/full", log) : mkdir(log, 0700), 0);
        assert_int_equal(train_told(f, f->out, options, said), 0);
        assert_int_equal(access(f->out, F_OK), 0);
        assert_int_equal(lines_with(said, ".log: "), 1);
        assert_non_null(strstr(said, full ? "No space left" : "Is a directory"));
        assert_int_equal(full ? unlink(log) : rmdir(log), 0);
    }
}

/* Two runs do not write the same files. */
static void test_two_runs(void **state)
{
    const Fixture *f = *state;
    static const struct {
        const char *suffix, *options;
    } cases[] = {
        {".log", "--data @data --steps 1 --batch 60 --length 60 --hold 0 --tune lora:4 --layers 4 "
                 "--exits 2,4 --loss text"},
        {"", "--generate --prompts @prompts -n 2"},
    };
    char path[512], said[4096];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        strcat(strcpy(path, f->other), cases[i].suffix);
        unlink(path);
        int other = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(flock(other, LOCK_EX), 0);
        assert_int_equal(write(other, "{}\n", 3), 3);
        assert_int_equal(train_told(f, f->other, cases[i].options, said), EXIT_IO);
        assert_non_null(strstr(said, "another run uses it"));
        assert_int_equal(lseek(other, 0, SEEK_END), 3);
        close(other);
        assert_int_equal(train(f, f->other, cases[i].options), 0);
        unlink(path);
    }
}

/* Nothing is learned from what is measured on: of each question of the benchmark, a stretch is in
 * tests/references. */
static void test_prompts_are_not_questions(void **state)
{
    (void)state;
    char stretch[256];
    size_t bytes;
    int questions = 0;
    FILE *file = fopen("tests/references/spec_bench.txt", "r");
    assert_non_null(file);
    char *prompts = content("profiles/prompts.txt", &bytes);
    for (; fgets(stretch, sizeof stretch, file); questions++) {
        stretch[strcspn(stretch, "\n")] = '\0';
        assert_true(strlen(stretch) > 10);
        if (strstr(prompts, stretch))
            fail_msg("profiles/prompts.txt holds the question with \"%s\"", stretch);
    }
    assert_int_equal(questions, 560);
    free(prompts);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_whole_drafts),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_device),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_generate),
        cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_two_runs),
        cmocka_unit_test(test_prompts_are_not_questions),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
