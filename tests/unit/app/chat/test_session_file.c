/* test_session_file.c - sessions come back as they were saved, wrong ones are refused in one line,
 * and a save that fails leaves the old file whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/chat/session_file.h"
#include "tests/support/temp.h"

/* Stand in the way of the library's calls: the n-th one fails; 0 = none does. */
static int fsync_fails, rename_fails, write_fails;

int fsync(int fd)
{
    if (fsync_fails > 0 && --fsync_fails == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    if (rename_fails > 0 && --rename_fails == 0) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_renameat2, -100, from, -100, to, 0);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    if (write_fails > 0 && --write_fails == 0) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, data, bytes);
}

static char folder[TEMP_BYTES];

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int count_files(void)
{
    char command[128], text[16] = "";
    snprintf(command, sizeof(command), "ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(text, sizeof(text), pipe))
        return -1;
    pclose(pipe);
    return atoi(text);
}

static SavedChat sample(void)
{
    SavedChat chat = {.profile = strdup("coder"),
                      .target = strdup("big"),
                      .draft = strdup(""),
                      .vocab = 1000,
                      .settings = {0.7, 40, 0.95, 123, 256},
                      .system = strdup("Be \"brief\".\n")};
    Transcript *transcript = &chat.transcript;
    transcript_add(transcript, ENTRY_USER, "what is \xC3\xA9? \x1b[31m \xff");
    Entry *answer = transcript_add(transcript, ENTRY_ANSWER, "");
    strcpy(answer->target, "big");
    strcpy(answer->reason, "eos");
    answer->seed = 4000000000u;
    answer->totals = (EventStats){.tokens = 7, .rounds = 3, .mat = 2.5f, .verify_ms = 12.25};
    transcript_append(transcript, "a le", 6);
    transcript_append(transcript, "tter \xC3\xA9", 0);
    transcript_add_round(transcript, "{\"v\":1,\"event\":\"round\"}");
    transcript_append(transcript, " so", -1);
    transcript_add_round(transcript, "{\"v\":1,\"event\":\"rest\"}");
    transcript_add(transcript, ENTRY_NOTE, "target big > small");
    return chat;
}

static void test_round_trip(void **state)
{
    (void)state;
    Err err = {0};
    SavedChat chat = sample(), back;
    assert_int_equal(session_save(path_of("a.json"), &chat, &err), 0);
    assert_int_equal(session_load(path_of("a.json"), &back, &err), 0);
    assert_string_equal(back.profile, "coder");
    assert_string_equal(back.target, "big");
    assert_string_equal(back.draft, "");
    assert_string_equal(back.system, chat.system);
    assert_int_equal(back.vocab, 1000);
    assert_memory_equal(&back.settings, &chat.settings, sizeof(ChatSettings));
    assert_int_equal(back.transcript.n, 3);
    for (int i = 0; i < 3; i++) {
        const Entry *a = &chat.transcript.entries[i], *b = &back.transcript.entries[i];
        assert_int_equal(a->kind, b->kind);
        assert_string_equal(a->text, b->text);
        assert_int_equal(a->bytes, b->bytes);
        assert_int_equal(a->seed, b->seed);
        assert_string_equal(a->reason, b->reason);
        assert_int_equal(a->n_runs, b->n_runs);
        for (int k = 0; k < a->n_runs; k++) {
            assert_int_equal(a->runs[k].bytes, b->runs[k].bytes);
            assert_int_equal(a->runs[k].source, b->runs[k].source);
        }
        assert_int_equal(a->totals.tokens, b->totals.tokens);
        assert_float_equal(a->totals.mat, b->totals.mat, 1e-6f);
        assert_float_equal(a->totals.verify_ms, b->totals.verify_ms, 1e-6);
    }
    /* What was no UTF-8 became U+FFFD on the way in. */
    assert_non_null(strstr(back.transcript.entries[0].text, "\xEF\xBF\xBD"));
    struct stat status;
    assert_int_equal(stat(path_of("a.json"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    saved_close(&chat);
    saved_close(&back);
}

/* The sample's text with one piece of it replaced. */
static char *edited(char *(*write)(const SavedChat *chat), const char *from, const char *to)
{
    SavedChat chat = sample();
    char *text = write(&chat), *at = strstr(text, from);
    saved_close(&chat);
    if (!at)
        fail_msg("\"%s\" is not in the sample", from);
    char *result = malloc(strlen(text) + strlen(to) + 1);
    sprintf(result, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return result;
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *why;
    } cases[] = {
        {"\"version\": 1", "\"version\": 2", "later s2d"},
        {"\"version\": 1", "\"version\": 0", "version"},
        {"\"version\": 1", "\"version\": \"1\"", "version"},
        {"\"version\": 1", "\"version\": 1, \"version\": 1", "duplicate"},
        {"\"version\": 1", "\"version\": 1, \"extra\": 1", "extra"},
        {"\"profile\": \"coder\"", "\"profile\": 7", "profile"},
        {"\"profile\": \"coder\",", "", "profile"},
        {"\"vocab\": 1000", "\"vocab\": -1", "vocab"},
        {"\"vocab\": 1000", "\"vocab\": 5000000000", "vocab"},
        {"\"top_k\": 40", "\"top_k\": -1", "\"top_k\" is not a whole"},
        {"\"top_k\": 40", "\"top_k\": 4.5", "top_k"},
        {"\"temperature\": 0.7", "\"temperature\": 1e999", "line"},
        {"\"temperature\": 0.7", "\"temperature\": 11", "from 0 to 10"},
        {"\"seed\": 123", "\"seed\": 99999999999", "\"seed\""},
        {"\"system\": \"Be ", "\"system\": [\"Be ", "line"},
        {"\"role\": \"user\"", "\"role\": \"root\"", "message 1: \"role\""},
        {"\"role\": \"user\"", "\"role\": 1", "message 1: \"role\""},
        {"\"role\": \"user\"", "\"role\": \"assistant\"", "message 1"},
        {"\"seed\": 4000000000", "\"seed\": -1", "message 2: \"seed\""},
        {"\"reason\": \"eos\"", "\"reason\": \"a reason that is far too long\"", "too long"},
        {"\"tokens\": 7", "\"tokens\": -7", "message 2"},
        {"\"tokens\": 7", "\"tokens\": 7, \"more\": 1", "more"},
        {"\"mat\": 2.5", "\"mat\": -1", "message 2: \"mat\""},
        {"    4,\n", "    5,\n", "message 2"},       /* pieces that end where no character does, */
        {"    4,\n", "    400,\n", "message 2"},     /* behind the end, */
        {"    3,\n", "    2,\n", "before the text"}, /* before it */
        {"    4,\n", "    0,\n", "message 2"},
        {"    4,\n", "    \"4\",\n", "message 2"},
        {"\"text\": \"target big", "\"text\": \"\\u0000target big", "line"},
        {"\"text\": \"target big", "\"text\": \"\xfftarget big", "line"},
        {"\"messages\": [", "\"messages\": {}, \"x\": [", "x"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Err err = {0};
        SavedChat chat;
        char *text = edited(session_to_text, cases[i].from, cases[i].to);
        if (session_from_text(&chat, text, strlen(text), "s.json", &err) != -1)
            fail_msg("%s: was taken", cases[i].to);
        assert_int_equal(err.code, EXIT_DATA);
        assert_int_equal(strncmp(err.text, "s.json: ", 8), 0);
        if (!strstr(err.text, cases[i].why))
            fail_msg("%s: \"%s\" is not in \"%s\"", cases[i].to, cases[i].why, err.text);
        free(text);
    }
}

/* What version 1 does not have. */
static void test_lines_round_trip(void **state)
{
    (void)state;
    Err err = {0};
    SavedChat chat = sample(), back;
    chat.model = strdup("big.gguf");
    chat.time = 1800000000;
    chat.drafting = (SavedDrafting){.drafter = "exit:6",
                                    .tree = "3x2x8",
                                    .spec = "on",
                                    .by_hand = true,
                                    .n_exits = 2,
                                    .exits = {6, 12},
                                    .thresholds = {0.5f, 0.25f}};
    chat.transcript.entries[0].dropped = true;
    char *lines = session_to_lines(&chat);
    assert_int_equal(session_from_text(&back, lines, strlen(lines), "x", &err), 0);
    assert_false(back.rewrite);
    assert_string_equal(back.model, "big.gguf");
    assert_true(back.time == 1800000000);
    assert_string_equal(back.drafting.drafter, "exit:6");
    assert_string_equal(back.drafting.tree, "3x2x8");
    assert_string_equal(back.drafting.spec, "on");
    assert_true(back.drafting.by_hand && !back.drafting.automatic);
    assert_int_equal(back.drafting.n_exits, 2);
    assert_int_equal(back.drafting.exits[1], 12);
    assert_float_equal(back.drafting.thresholds[1], 0.25f, 1e-6f);
    assert_true(back.transcript.entries[0].dropped && !back.transcript.entries[1].dropped);
    const Entry *answer = &back.transcript.entries[1];
    assert_int_equal(answer->n_rounds, 2);
    assert_int_equal(answer->round_at[0], 11);
    assert_int_equal(answer->round_at[1], 14);
    assert_non_null(strstr(answer->rounds, "\"round\"}\n"));
    SessionSummary summary;
    assert_true(session_summary_from_end(lines + 20, strlen(lines) - 20, &summary));
    assert_string_equal(summary.target, "big");
    assert_int_equal(summary.tokens, 7);
    assert_int_equal(strncmp(summary.first, "what is", 7), 0);
    free(lines);
    saved_close(&chat);
    saved_close(&back);
    /* Of version 1 all is read that was there. */
    chat = sample();
    lines = session_to_text(&chat);
    assert_int_equal(session_from_text(&back, lines, strlen(lines), "x", &err), 0);
    assert_true(back.rewrite);
    assert_int_equal(back.transcript.n, 3);
    free(lines);
    saved_close(&chat);
    saved_close(&back);
}

/* At whatever byte a session is cut off, its whole entries are read, and no more. */
static void test_cut_off(void **state)
{
    (void)state;
    SavedChat chat = sample(), back;
    char *entries = session_entry_lines(&chat, 0, chat.transcript.n), *whole;
    char *state_line = session_state_line(&chat);
    assert_true(asprintf(&whole, "{\"version\":%d}\n%s%s%s", SESSION_VERSION, state_line, entries,
                         state_line) > 0);
    size_t bytes = strlen(whole), first = strcspn(whole, "\n") + 1;
    for (size_t n = first; n <= bytes; n++) {
        Err err = {0};
        int complete = 0;
        char *cut = strndup(whole, n);
        for (const char *at = cut; (at = strstr(at, "{\"role\"")) != NULL; at++) {
            size_t line = strcspn(at, "\n");
            complete += at[line] == '\n' || whole[n] == '\n';
        }
        if (session_from_text(&back, cut, n, "x", &err) != 0)
            fail_msg("cut off at byte %zu: %s", n, err.text);
        assert_int_equal(back.transcript.n, complete);
        assert_true(back.rewrite == (cut[n - 1] != '\n') || back.rewrite);
        for (int i = 0; i < complete; i++)
            assert_string_equal(back.transcript.entries[i].text, chat.transcript.entries[i].text);
        saved_close(&back);
        free(cut);
    }
    free(whole);
    free(entries);
    free(state_line);
    saved_close(&chat);
}

static void test_refuses_lines(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *why;
    } cases[] = {
        {"\"version\":2", "\"version\":3", "later s2d"},
        {"{\"role\":\"user\"", "{\"role\":\"user\"}{", "line 2: it is damaged"},
        {"{\"role\":\"user\"", "{\"role\":\"root\"", "line 2: \"role\""},
        {"{\"role\":\"note\"", "{\"dropped\":1,\"role\":\"note\"", "line 6: \"dropped\""},
        {"{\"state\":", "{\"state\":1,\"x\":", "line 7"},
        {"{\"state\":{", "{\"state\":{\"more\":1,", "more"},
        {"\"tokens\":7,\"prof", "\"tokens\":-7,\"prof", "tokens"},
        {"\"exits\":[]", "\"exits\":[6]", "one length"},
        {"\"exits\":[],\"thresholds\":[]", "\"exits\":[6],\"thresholds\":[2]", "0 to 1"},
        {"\"auto\":false", "\"auto\":0", "auto"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Err err = {0};
        SavedChat chat;
        char *text = edited(session_to_lines, cases[i].from, cases[i].to);
        if (session_from_text(&chat, text, strlen(text), "s.json", &err) != -1)
            fail_msg("%s: was taken", cases[i].to);
        assert_int_equal(err.code, EXIT_DATA);
        if (!strstr(err.text, cases[i].why))
            fail_msg("%s: \"%s\" is not in \"%s\"", cases[i].to, cases[i].why, err.text);
        free(text);
    }
    /* Rounds that do not fit are none, and the answer stays. */
    static const char *const misfits[] = {"[11]",    "[11,99]",    "[14,11]",
                                          "[10,14]", "[11,\"x\"]", "7"};
    for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
        Err err = {0};
        SavedChat chat;
        char *text = edited(session_to_lines, "[11,14]", misfits[i]);
        assert_int_equal(session_from_text(&chat, text, strlen(text), "s.json", &err), 0);
        assert_int_equal(chat.transcript.entries[1].n_rounds, 0);
        assert_int_equal(chat.transcript.n, 3);
        saved_close(&chat);
        free(text);
    }
}

static void test_refuses_files(void **state)
{
    (void)state;
    SavedChat chat;
    static const char *const texts[] = {"", "{", "[]", "null", "{}", "{\"version\": {}}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        Err err = {0};
        assert_int_equal(session_from_text(&chat, texts[i], strlen(texts[i]), "x", &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
    }
    Err deep_err = {0}, none = {0}, folder_err = {0}, device = {0};
    char *deep = malloc(200000);
    memset(deep, '[', 200000);
    assert_int_equal(session_from_text(&chat, deep, 200000, "x", &deep_err), -1);
    assert_int_equal(deep_err.code, EXIT_DATA);
    free(deep);
    assert_int_equal(session_load(path_of("none.json"), &chat, &none), -1);
    assert_int_equal(none.code, EXIT_NOINPUT);
    assert_int_equal(session_load(folder, &chat, &folder_err), -1);
    assert_int_equal(folder_err.code, EXIT_DATA);
    assert_int_equal(session_load("/dev/zero", &chat, &device), -1);
    assert_int_equal(device.code, EXIT_DATA);
}

static void assert_old_file(const char *name, int files)
{
    Err err = {0};
    size_t bytes;
    char *text = read_file(path_of(name), "file", 100, &bytes, &err);
    assert_non_null(text);
    assert_string_equal(text, "old");
    free(text);
    assert_int_equal(count_files(), files); /* no temporary file stayed */
}

static void test_failed_saves(void **state)
{
    (void)state;
    Err err = {0};
    int *const faults[] = {&write_fails, &fsync_fails, &rename_fails};
    assert_int_equal(save_file(path_of("b.json"), "old", 3, true, &err), 0);
    int files = count_files();
    for (int i = 0; i < 3; i++) {
        *faults[i] = 1;
        Err trouble = {0};
        assert_int_equal(save_file(path_of("b.json"), "new one", 7, true, &trouble), -1);
        assert_int_equal(trouble.code, EXIT_IO);
        assert_non_null(strstr(trouble.text, "untouched"));
        assert_old_file("b.json", files);
    }
    fsync_fails = 2; /* the folder's */
    Err trouble = {0};
    assert_int_equal(save_file(path_of("b.json"), "old", 3, true, &trouble), -1);
    assert_non_null(strstr(trouble.text, "folder"));
    assert_old_file("b.json", files);
}

/* A full disk, as near as it can be had without one: no file may grow past 4 KB. */
static void test_disk_full(void **state)
{
    (void)state;
    Err err = {0};
    assert_int_equal(save_file(path_of("c.json"), "old", 3, true, &err), 0);
    int files = count_files();
    pid_t pid = fork();
    if (pid == 0) {
        char *large = calloc(1, 1 << 20);
        struct rlimit limit = {4096, 4096};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        int status = save_file(path_of("c.json"), large, 1 << 20, true, &err);
        _exit(status == -1 && err.code == EXIT_IO ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_old_file("c.json", files);
}

/* Killed at any moment of a save there is the old file or the new one. */
static void test_killed_saves(void **state)
{
    (void)state;
    Err err = {0};
    static char texts[2][100000];
    memset(texts[0], 'a', sizeof(texts[0]));
    memset(texts[1], 'b', sizeof(texts[1]));
    assert_int_equal(save_file(path_of("d.json"), texts[0], sizeof(texts[0]), true, &err), 0);
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (int k = 0;; k++)
                save_file(path_of("d.json"), texts[k % 2], sizeof(texts[0]), true, NULL);
        }
        usleep(1000 + i * 700);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        size_t bytes;
        char *text = read_file(path_of("d.json"), "file", 1 << 20, &bytes, &err);
        assert_non_null(text);
        assert_int_equal(bytes, sizeof(texts[0]));
        assert_true(memcmp(text, texts[0], bytes) == 0 || memcmp(text, texts[1], bytes) == 0);
        free(text);
    }
}

static void test_no_replacing(void **state)
{
    (void)state;
    Err err = {0}, exists = {0};
    assert_int_equal(save_file(path_of("e.md"), "old", 3, false, &err), 0);
    int files = count_files();
    assert_int_equal(save_file(path_of("e.md"), "new", 3, false, &exists), -1);
    assert_non_null(strstr(exists.text, "exists already"));
    assert_old_file("e.md", files);
}

static void test_names(void **state)
{
    (void)state;
    char path[256];
    Err err = {0};
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_int_equal(session_path("my-chat_1.2", path, sizeof(path), &err), 0);
    assert_string_equal(path, "/data/s2d/my-chat_1.2.json");
    assert_int_equal(session_path("./x", path, sizeof(path), &err), 0);
    assert_string_equal(path, "./x");
    static const char *const bad[] = {"", ".", "..", ".x", "a b", "a;b", "\x1b[1m", "a\nb"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        Err trouble = {0};
        assert_int_equal(session_path(bad[i], path, sizeof(path), &trouble), -1);
        assert_int_equal(trouble.code, EXIT_USAGE);
    }
}

static int make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_round_trip), cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_refuses_lines),    cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refuses),          cmocka_unit_test(test_refuses_files),
        cmocka_unit_test(test_failed_saves),     cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_no_replacing),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_killed_saves),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
