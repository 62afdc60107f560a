/* test_failures.c - whatever call fails between the engine and what a person gets, once: the program
 * ends, by itself, and either all is there or it says what is not.
 * The program runs on tiny models.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/chat/session_file.h"
#include "tests/support/failing_run.h"
#include "tests/support/model_folder.h"
#include "tests/support/temp.h"

static ModelFolder folder;

static char *place(const char *name)
{
    static char path[256];
    return model_folder_file(&folder, name, path);
}

/* --- what a run leaves --- */

static char *text_of(const char *name)
{
    size_t bytes;
    return read_file(place(name), "file", 1 << 20, &bytes, NULL);
}

/* The lines but those of figures, which differ from run to run. */
static char *without_figures(const char *name)
{
    char *text = text_of(name), *to = text;
    for (char *from = text; text && *from;) {
        size_t line = strcspn(from, "\n");
        line += from[line] == '\n';
        if (from[0] != '*' || from[1] == '*') {
            memmove(to, from, line);
            to += line;
        }
        from += line;
    }
    if (text)
        *to = '\0';
    return text;
}

/* What was said, one after the other, in a saved chat that is whole. */
static char *saved_texts(const char *name)
{
    SavedChat chat;
    char *all = NULL;
    size_t bytes;
    if (session_load(place(name), &chat, NULL) != 0)
        return NULL;
    FILE *out = open_memstream(&all, &bytes);
    for (int i = 0; i < chat.transcript.n; i++)
        fprintf(out, "%s\n", chat.transcript.entries[i].text);
    fclose(out);
    saved_close(&chat);
    return all;
}

/* What was said, of a trace whose every line is whole. */
static char *traced_texts(const char *name)
{
    char *text = text_of(name), *all = NULL;
    size_t bytes;
    bool whole = text && *text;
    FILE *out = whole ? open_memstream(&all, &bytes) : NULL;
    for (char *line = text, *end; whole && *line; line = end + 1) {
        end = strchr(line, '\n');
        json_t *event = end ? json_loadb(line, (size_t)(end - line), 0, NULL) : NULL;
        json_t *pieces = json_object_get(event, "pieces"), *piece;
        size_t i;
        whole = event != NULL;
        json_array_foreach(pieces, i, piece)
            fputs(json_string_value(json_object_get(piece, "text")), out);
        json_decref(event);
        if (!end)
            break;
    }
    if (out)
        fclose(out);
    free(text);
    if (whole)
        return all;
    free(all);
    return NULL;
}

/* The files of a chat, and how each is read for comparison. */
static const struct {
    const char *name;
    char *(*read)(const char *name);
} files[] = {
    {"s2d/one.json", saved_texts},
    {"out.json", saved_texts},
    {"out.md", without_figures},
    {"out.jsonl", traced_texts},
};
enum { FILES = sizeof files / sizeof *files };

/* --- one scene, and every failure in it --- */

/* What a run leaves when nothing fails. */
typedef struct Clean {
    Run run;
    bool chat; /* leaves files */
    char *left[FILES];
} Clean;

static void remove_files(void *user)
{
    (void)user;
    for (int i = 0; i < FILES; i++)
        unlink(place(files[i].name));
    if (access(place("s2d"), F_OK) == 0)
        temp_folder_remove(place("s2d")); /* a session that did not get its name */
}

/* What is wrong with how it ended; NULL = nothing. */
static const char *verdict(const Run *run, void *user)
{
    const Clean *clean = user;
    if (run->status != 0 && !explained(run))
        return "does not say why it failed";
    if (run->status == 0 && strcmp(run->out, clean->run.out) != 0)
        return "says that all is well, and stdout is not whole";
    for (int i = 0; clean->chat && i < FILES; i++) {
        bool there = access(place(files[i].name), F_OK) == 0;
        char *left = files[i].read(files[i].name);
        bool whole = left && strcmp(left, clean->left[i]) == 0;
        free(left);
        if (run->status == 0 && !whole)
            return "says that all is well, and a file is not whole";
        if (there && !left)
            return "leaves half a file";
    }
    return NULL;
}

static void fail_each_of(char *const words[], const char *input, bool chat)
{
    static const char *const whose[] = {"front", "worker", NULL};
    Clean *clean = calloc(1, sizeof *clean);
    assert_non_null(clean);
    clean->chat = chat;
    Scene scene = {.words = words,
                   .input = input,
                   .folder = folder.path,
                   .whose = whose,
                   .every = 4,
                   .begin = remove_files,
                   .verdict = verdict,
                   .user = clean};
    remove_files(NULL);
    failing_run(&scene, NULL, &clean->run);
    if (clean->run.status != 0)
        fail_msg("status %d: %s", clean->run.status, clean->run.err);
    for (int i = 0; chat && i < FILES; i++) {
        clean->left[i] = files[i].read(files[i].name);
        if (!clean->left[i])
            fail_msg("%s is not there, or not whole: %s", files[i].name, clean->run.err);
    }
    fail_each(&scene);
    for (int i = 0; i < FILES; i++)
        free(clean->left[i]);
    free(clean);
}

static void an_answer_is_whole_or_the_status_is_not_0(void **state)
{
    (void)state;
    char profile[256];
    char *words[] = {
        "s2d",          "run",   "--profile", model_folder_file(&folder, "tiny.yaml", profile),
        "-p",           "hello", "-n",        "12",
        "--ignore-eos", NULL};
    fail_each_of(words, "", false);
}

static void a_chat_is_whole_or_the_status_is_not_0(void **state)
{
    (void)state;
    char profile[256], input[1024];
    char *words[] = {
        "s2d", "chat", "--plain", "--profile", model_folder_file(&folder, "tiny.yaml", profile),
        NULL};
    snprintf(input, sizeof input,
             "/set max_tokens 12\nwhy\nhow\n/save one\n/export md %s/out.md\n/export json "
             "%s/out.json\n/export trace %s/out.jsonl\n",
             folder.path, folder.path, folder.path);
    fail_each_of(words, input, true);
}

static int setup(void **state)
{
    (void)state;
    if (model_folder_make(&folder) != 0)
        return -1;
    return setenv("S2D_MODELS", folder.path, 1) != 0 || setenv("XDG_DATA_HOME", folder.path, 1) != 0
               ? -1
               : 0;
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
        cmocka_unit_test(an_answer_is_whole_or_the_status_is_not_0),
        cmocka_unit_test(a_chat_is_whole_or_the_status_is_not_0),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
