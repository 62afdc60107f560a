/* test_chat_killed.c - the chat killed at any of its calls, and any of them failing: what its session
 * file then holds. The program is this one, with a worker that has no models.
 *
 * kill -9 takes the answer in flight at most. A call that fails takes nothing: what could not be kept
 * is told, once, and kept with what comes next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/chat/session_store.h"
#include "app/commands.h"
#include "tests/support/failing_run.h"
#include "tests/support/fake_worker.h"
#include "tests/support/temp.h"

enum { QUESTIONS = 10 };

static char folder[TEMP_BYTES];
static char input[4096];

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        n++;
    return n;
}

static void empty_folder(void *user)
{
    char path[64];
    (void)user;
    snprintf(path, sizeof(path), "%s/s2d", folder);
    if (access(path, F_OK) == 0)
        temp_folder_remove(path);
}

/* How many exchanges the sessions hold that are whole and in their order; -1 = they are not. */
static int exchanges_kept(void)
{
    StoredSession *list;
    char path[4096];
    int kept = 0, n = stored_list(&list, NULL);
    for (int i = 0; i < n; i++) {
        SavedChat saved;
        Err err = {0};
        if (session_path(list[i].name, path, sizeof(path), &err) != 0 ||
            session_load(path, &saved, &err) != 0) {
            print_error("%s\n", err.text);
            kept = -1;
            break;
        }
        const Transcript *transcript = &saved.transcript;
        for (int k = 0, question = 0; k < transcript->n; k++) {
            const Entry *entry = &transcript->entries[k];
            char text[32];
            snprintf(text, sizeof(text), "question %d", question + 1);
            bool user = entry->kind == ENTRY_USER;
            if (entry->kind == ENTRY_NOTE)
                continue;
            if (user ? strcmp(entry->text, text) != 0 : !strstr(entry->text, "question"))
                kept = INT_MIN;
            question += user;
            kept += !user && strcmp(entry->reason, "eos") == 0;
        }
        saved_close(&saved);
    }
    free(list);
    return kept < 0 ? -1 : kept;
}

/* Answers whose line of figures was printed, which is just before they are kept. */
static const char *after_a_kill(const Run *run, void *user)
{
    (void)user;
    int told = count(run->err, "-- MAT"), kept = exchanges_kept();
    if (kept < 0)
        return "leaves a session that is not whole";
    if (kept < told - 1)
        return "loses more than the answer in flight";
    return NULL;
}

static const char *after_a_failure(const Run *run, void *user)
{
    (void)user;
    int told = count(run->err, "-- MAT"), kept = exchanges_kept();
    if (kept < 0)
        return "leaves a session that is not whole";
    if (count(run->err, "is not kept") > 1)
        return "tells more than once that it is not kept";
    if (run->status == 0 && kept != QUESTIONS)
        return "says that all is well, and not all is kept";
    if (run->status != 0 && !explained(run))
        return "does not say why it failed";
    if (run->status != 0 && !count(run->err, "kept") && kept < told)
        return "loses what it does not tell of";
    return NULL;
}

static void run_each(bool kill, const char *const *calls,
                     const char *(*verdict)(const Run *run, void *user))
{
    static const char *const whose[] = {"front", NULL};
    static Run run;
    char program[PATH_MAX];
    beside_this("test_chat_killed", program);
    char *words[] = {program, "chat", "--plain", "--profile", "./test.yaml", NULL};
    char path[64];
    snprintf(path, sizeof(path), "%s/test.yaml", folder);
    words[4] = path;
    Scene scene = {.program = program,
                   .words = words,
                   .input = input,
                   .folder = folder,
                   .calls = calls,
                   .whose = whose,
                   .kill = kill,
                   .every = 3,
                   .begin = empty_folder,
                   .verdict = verdict};
    empty_folder(NULL);
    failing_run(&scene, NULL, &run);
    if (run.status != 0 || exchanges_kept() != QUESTIONS)
        fail_msg("status %d, %d kept: %s", run.status, exchanges_kept(), run.err);
    fail_each(&scene);
}

static void killed_at_any_call_it_keeps_all_but_the_answer_in_flight(void **state)
{
    (void)state;
    static const char *const calls[] = {"open", "write", "fsync", "rename", NULL};
    run_each(true, calls, after_a_kill);
}

static void what_cannot_be_kept_is_told_once_and_kept_later(void **state)
{
    (void)state;
    static const char *const calls[] = {"open", "fsync", "rename", NULL};
    run_each(false, calls, after_a_failure);
}

static int setup(void **state)
{
    (void)state;
    char path[64];
    temp_folder_make(folder);
    setenv("XDG_DATA_HOME", folder, 1);
    setenv("XDG_STATE_HOME", folder, 1);
    setenv("XDG_CONFIG_HOME", folder, 1);
    snprintf(path, sizeof(path), "%s/test.yaml", folder);
    file_write_text(path, "name: test\ntargets:\n  - model: big\n  - model: small\n");
    size_t used = 0;
    for (int i = 1; i <= QUESTIONS; i++) {
        used += (size_t)snprintf(input + used, sizeof(input) - used, "question %d\n", i);
        const char *also = i == 3   ? "/target 2\n"
                           : i == 5 ? "/save mine\n"
                           : i == 8 ? "/drop\n"
                                    : "";
        used += (size_t)snprintf(input + used, sizeof(input) - used, "%s", also);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int main(int argc, char **argv)
{
    fake_worker_maybe(argc, argv);
    if (argc > 1)
        return cmd_chat(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_call_it_keeps_all_but_the_answer_in_flight),
        cmocka_unit_test(what_cannot_be_kept_is_told_once_and_kept_later),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
