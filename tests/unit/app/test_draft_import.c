/* test_draft_import.c - `s2d draft import` as a person runs it: what it says, how it ends, and that its
 * file is whole or not there, whatever call fails. The program itself runs.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/base/save_file.h"
#include "engine/model/head.h"
#include "tests/support/failing_run.h"
#include "tests/support/public_head.h"
#include "tests/support/temp.h"

static char folder[TEMP_BYTES], target[64], out[64];

static int setup(void **state)
{
    (void)state;
    TinyModel tiny = public_target();
    Err err = {0};
    temp_folder_make(folder);
    snprintf(target, sizeof target, "%s/tiny.gguf", folder);
    snprintf(out, sizeof out, "%s/out.gguf", folder);
    return tiny_model_write(&tiny, target, &err);
}

static int teardown(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

/* words: behind "draft import". */
static void run_words(Run *run, const char *first, const char *rest)
{
    static char copy[512];
    char *words[24] = {"s2d", "draft", "import"};
    int n = 3;
    snprintf(copy, sizeof copy, "%s %s", first, rest);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        words[n++] = strcmp(word, "TINY") == 0 ? target : strcmp(word, "OUT") == 0 ? out : word;
    Scene scene = {.words = words, .input = "", .folder = folder};
    failing_run(&scene, NULL, run);
}

static void it_says_what_it_found(void **state)
{
    (void)state;
    static const struct {
        const char *file, *options, *says[4];
    } cases[] = {
        {"eagle.bin",
         "",
         {"found      EAGLE in " PUBLIC_FOLDER "eagle.bin, BF16\n",
          "layer      feed-forward 24, 4 heads of 4 over 2 key/value heads, rope base 10000, norm "
          "epsilon 1e-05\n",
          "scores     310 of 310 tokens, with the target's own head\n",
          "note       heads, key/value heads, head size, rope base, norm epsilon: as the target "
          "has it, for there is no config.json\n"}},
        {"eagle3.safetensors",
         "--taps 1,2,3 --type f32",
         {"found      EAGLE-3 in ", "reads      what 1, 2, 3 layers have left\n",
          "scores     116 of 310 tokens\n", " as F32\n"}},
        {"medusa.pt",
         "--heads 2",
         {"found      Medusa in ", "branches   2\n", ": 4 layers of 16\n", " as F16\n"}},
        {"hydra++.safetensors",
         "",
         {"found      Hydra++ in ",
          "note       its block is applied once, for nothing says how often\n",
          "branches   3, each with a block that is applied once\n", ": 49 tensors, "}},
    };
    static Run run;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256];
        snprintf(line, sizeof line, "-m TINY -o OUT %s", cases[i].options);
        char file[128];
        snprintf(file, sizeof file, PUBLIC_FOLDER "%s", cases[i].file);
        run_words(&run, file, line);
        assert_int_equal(run.status, 0);
        assert_string_equal(run.err, "");
        for (int s = 0; s < 4; s++)
            if (!strstr(run.out, cases[i].says[s]))
                fail_msg("%s: expected '%s' in:\n%s", file, cases[i].says[s], run.out);
        HeadFile *head;
        assert_int_equal(head_file_open(&head, out, NULL), 0);
        head_file_close(head);
        unlink(out);
    }
}

static void it_ends_with_a_code_and_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *file, *options, *says;
        int status;
    } cases[] = {
        {PUBLIC_FOLDER "eagle.bin", "-m TINY", "usage: s2d draft import", EXIT_USAGE},
        {PUBLIC_FOLDER "eagle.bin", "-o OUT", "usage: s2d draft import", EXIT_USAGE},
        {PUBLIC_FOLDER "eagle.bin", "-m TINY -o OUT more", "usage: s2d draft import", EXIT_USAGE},
        {"", "-m TINY -o OUT", "usage: s2d draft import", EXIT_USAGE},
        {PUBLIC_FOLDER "eagle.bin", "-m TINY -o OUT --type q4_k", "--type", EXIT_USAGE},
        {PUBLIC_FOLDER "medusa.pt", "-m TINY -o OUT --heads 9", "--heads", EXIT_USAGE},
        {PUBLIC_FOLDER "eagle3.bin", "-m TINY -o OUT --taps 1,2,3,4", "more than 3", EXIT_USAGE},
        {PUBLIC_FOLDER "eagle3.bin", "-m TINY -o OUT --taps 1,x", "--taps", EXIT_USAGE},
        {PUBLIC_FOLDER "eagle.bin", "-m none.gguf -o OUT", "none.gguf", EXIT_NOINPUT},
        {PUBLIC_FOLDER "eagle.bin", "-m README.md -o OUT", "README.md", EXIT_DATA},
        {PUBLIC_FOLDER "none.bin", "-m TINY -o OUT", "none.bin", EXIT_NOINPUT},
        {PUBLIC_FOLDER "chains.jsonl", "-m TINY -o OUT", "chains.jsonl", EXIT_DATA},
        {PUBLIC_FOLDER "eagle.bin", "-m TINY -o none/out.gguf", "cannot write there", EXIT_IO},
    };
    static Run run;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_words(&run, cases[i].file, cases[i].options);
        const char *end = strchr(run.err, '\n');
        if (run.status != cases[i].status || !strstr(run.err, cases[i].says) || !end || end[1])
            fail_msg("%s %s: status %d: %s", cases[i].file, cases[i].options, run.status, run.err);
        assert_string_equal(run.out, "");
        assert_int_not_equal(access(out, F_OK), 0);
    }
}

/* ---- whatever fails ---- */

typedef struct Clean {
    unsigned char bytes[1 << 18];
    size_t size;
} Clean;

static size_t content(unsigned char *bytes, size_t most)
{
    FILE *file = fopen(out, "rb");
    size_t n = file ? fread(bytes, 1, most, file) : 0;
    if (file)
        fclose(file);
    return n;
}

static void put_old(void *user)
{
    (void)user;
    file_write_text(out, "old");
}

static int files(void)
{
    DIR *dir = opendir(folder);
    int n = 0;
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static const char *verdict(const Run *run, void *user)
{
    static Clean now;
    const Clean *clean = user;
    now.size = content(now.bytes, sizeof now.bytes);
    bool whole = now.size == clean->size && memcmp(now.bytes, clean->bytes, now.size) == 0;
    bool old = now.size == 3 && memcmp(now.bytes, "old", 3) == 0;
    if (run->status == 0)
        return whole ? NULL : "says that all is well, and the head is not whole";
    if (!explained(run))
        return "does not say why it failed";
    if (files() != 4) /* with "." and ".." */
        return "leaves another file";
    return whole || old ? NULL : "leaves half a head";
}

static void a_head_is_whole_or_the_old_one(void **state)
{
    (void)state;
    static const char *const whose[] = {"front", NULL}, *const names[] = {"eagle3.safetensors",
                                                                          "hydra++.pt"};
    static Clean clean;
    static Run run;
    for (int i = 0; i < 2; i++) {
        char file[64];
        snprintf(file, sizeof file, PUBLIC_FOLDER "%s", names[i]);
        char *words[] = {
            "s2d",   "draft", "import", file, "-m", target, "-o", out, i == 0 ? "--taps" : NULL,
            "1,2,3", NULL};
        Scene scene = {.words = words,
                       .input = "",
                       .folder = folder,
                       .whose = whose,
                       .every = 4,
                       .begin = put_old,
                       .verdict = verdict,
                       .user = &clean};
        failing_run(&scene, NULL, &run);
        if (run.status != 0)
            fail_msg("status %d: %s", run.status, run.err);
        clean.size = content(clean.bytes, sizeof clean.bytes);
        assert_in_range(clean.size, 1000, sizeof clean.bytes - 1);
        fail_each(&scene);
    }
    unlink(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_it_found),
        cmocka_unit_test(it_ends_with_a_code_and_a_line),
        cmocka_unit_test(a_head_is_whole_or_the_old_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
