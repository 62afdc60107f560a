/* test_input.c - from bytes to keys, and from keys to lines: escape sequences, paste, editing,
 * history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp.h"
#include "ui/frame.h"
#include "ui/input.h"
#include "ui/keys.h"

/* Keys. */

static void assert_key(const char *bytes, size_t n, KeyCode code, int number, const char *text)
{
    /* Whole and byte by byte. */
    for (size_t piece = n; piece >= 1; piece -= piece > 1 ? n - 1 : 1) {
        KeyParser parser = {0};
        Key key;
        bool got = false;
        for (size_t at = 0; at < n; at += piece) {
            assert_false(got);
            keys_feed(&parser, bytes + at, piece);
            got = keys_next(&parser, &key, false);
        }
        assert_true(got);
        assert_int_equal(key.code, code);
        assert_int_equal(key.number, number);
        assert_string_equal(key.bytes, text);
        assert_int_equal(keys_wait_ms(&parser), 0);
        assert_false(keys_next(&parser, &key, false));
        keys_close(&parser);
    }
}

#define KEY(bytes, code) assert_key(bytes, sizeof(bytes) - 1, code, 0, "")
#define FUNCTION(bytes, number) assert_key(bytes, sizeof(bytes) - 1, KB_FUNCTION, number, "")
#define TEXT(bytes, code) assert_key(bytes, sizeof(bytes) - 1, code, 0, bytes)

static void test_terminals_sequences(void **state)
{
    (void)state;
    KEY("\033[A", KB_UP);
    KEY("\033OA", KB_UP);
    KEY("\033[B", KB_DOWN);
    KEY("\033[C", KB_RIGHT);
    KEY("\033[D", KB_LEFT);
    KEY("\033[1;5C", KB_WORD_RIGHT);
    KEY("\033[1;3D", KB_WORD_LEFT);
    KEY("\033[5~", KB_PAGE_UP);
    KEY("\033[6~", KB_PAGE_DOWN);
    KEY("\033[H", KB_HOME);
    KEY("\033[1~", KB_HOME); /* vt220, tmux, console */
    KEY("\033[7~", KB_HOME); /* rxvt */
    KEY("\033OH", KB_HOME);
    KEY("\033[F", KB_END);
    KEY("\033[4~", KB_END);
    KEY("\033[8~", KB_END);
    KEY("\033[3~", KB_DELETE);
    KEY("\033[Z", KB_BACKTAB);
    FUNCTION("\033OP", 1);
    FUNCTION("\033OS", 4);
    FUNCTION("\033[11~", 1);
    FUNCTION("\033[[A", 1); /* console */
    FUNCTION("\033[[E", 5);
    FUNCTION("\033[15~", 5);
    FUNCTION("\033[17~", 6);
    FUNCTION("\033[19~", 8);
    FUNCTION("\033[21~", 10);
    FUNCTION("\033[24~", 12);
    FUNCTION("\033[1;2P", 1);
    KEY("\033[<64;10;5M", KB_WHEEL_UP);
    KEY("\033[<65;200;100M", KB_WHEEL_DOWN);
    KEY("\033[<0;1;1M", KB_CLICK);
    KEY("\033[<18;1;1M", KB_CLICK); /* the right one, with Ctrl */
    KEY("\033[M`!!", KB_WHEEL_UP);  /* the old coding */
    KEY("\033[Ma\xff\xff", KB_WHEEL_DOWN);
    KEY("\033[M !!", KB_CLICK);
}

static void test_characters(void **state)
{
    (void)state;
    TEXT("a", KB_TEXT);
    TEXT("\u00e4", KB_TEXT);
    TEXT("\u65e5", KB_TEXT);
    TEXT("\U0001F642", KB_TEXT);
    TEXT("\r", KB_CTRL);
    TEXT("\x03", KB_CTRL);
    TEXT("\x7f", KB_CTRL);
    assert_key("\033x", 2, KB_ALT, 0, "x");
    assert_key("\033\r", 2, KB_ALT, 0, "\r");
    assert_key("\0331", 2, KB_ALT, 0, "1");
}

static void test_lone_escape_needs_time(void **state)
{
    (void)state;
    KeyParser parser = {0};
    Key key;
    keys_feed(&parser, "\033", 1);
    assert_false(keys_next(&parser, &key, false));
    assert_int_equal(keys_wait_ms(&parser), KEYS_ESC_MS);
    assert_true(keys_next(&parser, &key, true));
    assert_int_equal(key.code, KB_ESC);
    assert_int_equal(keys_wait_ms(&parser), 0);
    /* Two are one and the start of something. */
    keys_feed(&parser, "\033\033[A", 4);
    assert_true(keys_next(&parser, &key, false));
    assert_int_equal(key.code, KB_ESC);
    assert_true(keys_next(&parser, &key, false));
    assert_int_equal(key.code, KB_UP);
    /* One that came for itself, though a bracket was typed after it. */
    keys_feed(&parser, "\033[", 2);
    assert_false(keys_next(&parser, &key, false));
    assert_true(keys_next(&parser, &key, true));
    assert_int_equal(key.code, KB_ALT);
    keys_close(&parser);
}

static void test_unknown_sequences_are_swallowed(void **state)
{
    (void)state;
    KeyParser parser = {0};
    Key key;
    static const char bytes[] =
        "\033[<0;1;1m\033[<35;1;1M\033[<66;1;1M\033[<128;1;1M\033[M#!!"
        "\033[<64;1;1u\033[>1;2c\033[999~\033[1;2;3;4;5m\033[200;1~x\033[201~\xff\xc0z";
    keys_feed(&parser, bytes, sizeof bytes - 1);
    assert_true(keys_next(&parser, &key, false));
    assert_int_equal(key.code, KB_PASTE);
    assert_true(keys_next(&parser, &key, false));
    assert_string_equal(key.bytes, "z");
    assert_false(keys_next(&parser, &key, false));
    keys_close(&parser);
}

static void test_paste_keeps_its_newlines(void **state)
{
    (void)state;
    static const char bytes[] = "\033[200~one\r\ntwo\rthree\n\033[A\ttab\033[201~after";
    for (size_t piece = 1; piece < sizeof bytes; piece += 3) {
        KeyParser parser = {0};
        Key key = {0};
        bool pasted = false;
        char after[16] = "";
        for (size_t at = 0; at < sizeof bytes - 1; at += piece) {
            size_t n = sizeof bytes - 1 - at < piece ? sizeof bytes - 1 - at : piece;
            keys_feed(&parser, bytes + at, n);
            while (keys_next(&parser, &key, false)) {
                if (key.code == KB_PASTE) {
                    assert_false(pasted);
                    pasted = true;
                    assert_string_equal(parser.paste, "one\ntwo\nthree\n\033[A\ttab");
                } else {
                    strcat(after, key.bytes);
                }
            }
        }
        assert_true(pasted);
        assert_string_equal(after, "after");
        keys_close(&parser);
    }
}

static void test_paste_is_bounded(void **state)
{
    (void)state;
    KeyParser parser = {0};
    Key key;
    char *block = malloc(1 << 20);
    assert_non_null(block);
    memset(block, 'x', 1 << 20);
    keys_feed(&parser, "\033[200~", 6);
    for (int i = 0; i < 6; i++) {
        keys_feed(&parser, block, 1 << 20);
        assert_false(keys_next(&parser, &key, false));
    }
    keys_feed(&parser, "\033[201~", 6);
    assert_true(keys_next(&parser, &key, false));
    assert_true(parser.truncated);
    assert_int_equal(parser.paste_bytes, KEYS_PASTE_BYTES);
    free(block);
    keys_close(&parser);
}

/* The end may be lost, or a sequence that looks like a beginning be typed. */
static void test_paste_without_an_end(void **state)
{
    (void)state;
    static const char *const begun[] = {"\033[200~ab", "\033[200~ab\033[20", "\033[200~ab\r"};
    static const char *const got[] = {"ab", "ab", "ab\n"};
    for (size_t i = 0; i < 6; i++) {
        KeyParser parser = {0};
        Key key;
        bool pressed = i % 2;
        keys_feed(&parser, begun[i / 2], strlen(begun[i / 2]));
        assert_false(keys_next(&parser, &key, false));
        assert_int_equal(keys_wait_ms(&parser), KEYS_PASTE_MS);
        if (pressed)
            keys_feed(&parser, "\x03", 1);
        assert_true(keys_next(&parser, &key, !pressed));
        assert_int_equal(key.code, KB_PASTE);
        assert_true(parser.unended);
        if (!pressed || i / 2 != 1) /* half an end, and a key */
            assert_string_equal(parser.paste, got[i / 2]);
        keys_feed(&parser, "x", 1); /* and keys are keys again */
        assert_true(keys_next(&parser, &key, false));
        assert_string_equal(key.bytes, "x");
        assert_int_equal(keys_wait_ms(&parser), 0);
        keys_close(&parser);
    }
    /* Among what is pasted it is a byte like others. */
    KeyParser parser = {0};
    Key key;
    keys_feed(&parser, "\033[200~a\x03z\033[201~", 15);
    assert_true(keys_next(&parser, &key, false));
    assert_string_equal(parser.paste, "a\x03z");
    assert_false(parser.unended);
    keys_close(&parser);
}

/* The line editor. */

static char *complete(void *user, const char *line, int start, const char *word, int index)
{
    (void)user;
    (void)line;
    static const char *const words[] = {"/tau", "/target", "/tree", "/quit"};
    if (strncmp(word, "#", 1) == 0 && index < 100) {
        char *many = NULL;
        return asprintf(&many, "#%02d", index) < 0 ? NULL : many;
    }
    for (size_t i = 0; start == 0 && i < 4; i++)
        if (strncmp(words[i], word, strlen(word)) == 0 && index-- == 0)
            return strdup(words[i]);
    return NULL;
}

static UiOptions options = {.complete = complete};

static int open_input(void **state)
{
    (void)state;
    return input_open(&options, NULL);
}

static int close_input(void **state)
{
    (void)state;
    input_close();
    return 0;
}

static void type(const char *text)
{
    input_feed(text, strlen(text));
}

static void assert_line(const char *expected, size_t expected_point)
{
    size_t bytes, point;
    const char *line = input_line(&bytes, &point);
    assert_int_equal(bytes, strlen(expected));
    assert_memory_equal(line, expected, bytes);
    assert_int_equal(point, expected_point);
}

static void assert_taken(const char *expected)
{
    char *line = input_take();
    assert_non_null(line);
    assert_string_equal(line, expected);
    free(line);
    assert_null(input_take());
}

static void test_typing_and_editing(void **state)
{
    (void)state;
    type("hello");
    assert_line("hello", 5);
    type("\x01");
    type("\u65e5");
    assert_line("\u65e5hello", 3);
    type("\033[C");
    type("\x7f");
    assert_line("\u65e5ello", 3);
    type("\033f"); /* a word on */
    assert_line("\u65e5ello", 7);
    type("\r");
    assert_taken("\u65e5ello");
    assert_line("", 0);
}

static void test_blank_lines_are_not_sent(void **state)
{
    (void)state;
    type("\r");
    assert_null(input_take());
    type("  ");
    type("\r");
    assert_null(input_take());
}

static void test_several_lines(void **state)
{
    (void)state;
    type("first");
    input_insert("\n", 1);
    type("second \u65e5\u672c");
    assert_line("first\nsecond \u65e5\u672c", 19);
    assert_false(input_vertical(1));
    assert_true(input_vertical(-1));
    assert_line("first\nsecond \u65e5\u672c", 5); /* the line above is shorter */
    assert_false(input_vertical(-1));
    assert_true(input_vertical(1));
    assert_line("first\nsecond \u65e5\u672c", 11);
    type("\r");
    assert_taken("first\nsecond \u65e5\u672c");
}

static void test_paste_does_not_send(void **state)
{
    (void)state;
    static const char text[] = "a\nb\tc\033[31md\x01\x7f\n";
    input_paste(text, sizeof text - 1);
    assert_null(input_take());
    assert_line(text, sizeof text - 1);
}

/* Pasted, typed or put back: the bytes that came, as long as they are UTF-8. */
static void test_paste_alters_nothing(void **state)
{
    (void)state;
    static const char text[] = "\U0001F468\u200d\U0001F469 \u0645\u06cc\u200c\u062e \u2764\ufe0f "
                               "a\u00adb c\u2028d e\u200bf "
                               "\U0001FACD \ue000 \U000E0041 \u202eg";
    input_paste(text, sizeof text - 1);
    type("\r");
    assert_taken(text);
    for (const char *at = text, *next; *at; at = next) { /* a key at a time */
        for (next = at + 1; ((unsigned char)*next & 0xC0) == 0x80; next++)
            ;
        input_feed(at, (size_t)(next - at));
    }
    type("\r");
    assert_taken(text);
    input_set(text);
    type("\r");
    assert_taken(text);
    input_paste("a\0b\xffz", 5);
    type("\r");
    assert_taken("ab\ufffdz");
}

/* What was not typed is never read as a command: it comes as one would have to type it. */
static void test_paste_is_text(void **state)
{
    (void)state;
    input_paste("// returns the sum", 18);
    type("\r");
    assert_taken("/// returns the sum");
    type("\033[A"); /* so is what the history brings back */
    assert_line("/// returns the sum", 19);
    type("\r");
    assert_taken("/// returns the sum");
    input_paste("/quit", 5);
    type(" is a word\r");
    assert_taken("//quit is a word");
    input_paste("// a\n/b", 7);
    type("\r");
    assert_taken("// a\n/b"); /* several lines are text anyway */
    input_set("/was sent");
    type("\r");
    assert_taken("//was sent");
    /* A command that was typed stays one, whatever is pasted behind it. */
    type("/load ");
    input_paste("/tmp/a", 6);
    type("\r");
    assert_taken("/load /tmp/a");
    input_paste("/tmp/a", 6);
    type("\x01");
    type("/load ");
    type("\r");
    assert_taken("/load /tmp/a");
    input_paste("/a", 2);
    input_kill();
    type("/quit\r");
    assert_taken("/quit");
    input_paste("/a", 2);
    type("\033[A"); /* an older line, typed */
    type("\r");
    assert_taken("/quit");
}

static void test_large_paste(void **state)
{
    (void)state;
    enum { BYTES = 200000 };
    char *text = malloc(BYTES);
    assert_non_null(text);
    for (int i = 0; i < BYTES; i++)
        text[i] = i % 80 == 79 ? '\n' : 'x';
    input_insert(text, BYTES);
    type("end\r");
    char *line = input_take();
    assert_non_null(line);
    assert_int_equal(strlen(line), BYTES + 3);
    free(line);
    free(text);
    /* More than a line may hold is not taken. */
    text = malloc(INPUT_BYTES + 1);
    assert_non_null(text);
    memset(text, 'y', INPUT_BYTES + 1);
    type("short");
    assert_false(input_insert(text, INPUT_BYTES + 1));
    assert_line("short", 5);
    free(text);
}

static void test_history(void **state)
{
    (void)state;
    type("first question\r");
    assert_taken("first question");
    type("second\r");
    assert_taken("second");
    type("draft");
    type("\033[A");
    assert_line("second", 6);
    type("\033[A");
    assert_line("first question", 14);
    type("\033[B");
    type("\033[B");
    assert_line("draft", 5);
    input_kill();
    assert_line("", 0);
    type("\x12"); /* Ctrl-R */
    assert_true(input_searching());
    type("quest");
    assert_non_null(strstr(input_prompt(), "quest"));
    type("\r");
    assert_false(input_searching());
    assert_taken("first question");
    /* Ctrl-C on an old line: the next search finds it again. */
    type("\033[A");
    input_kill();
    assert_line("", 0);
    type("\x12");
    type("first");
    assert_line("first question", 0);
    type("\007");
    assert_false(input_searching());
    assert_line("", 0);
}

static void test_history_file(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    temp_file_make(path);
    options.history = path;
    assert_int_equal(input_open(&options, NULL), 0);
    type("one line\r");
    free(input_take());
    type("two");
    input_insert("\n", 1);
    type("lines\r");
    free(input_take());
    input_close();
    assert_int_equal(input_open(&options, NULL), 0);
    type("\033[A");
    assert_line("two\nlines", 9);
    type("\033[A");
    assert_line("one line", 8);
    input_close();
    options.history = NULL;
    unlink(path);
}

/* A folder in its place: the message stays with this chat, and that is told once. */
static void a_history_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    temp_folder_make(path);
    options.history = path;
    assert_int_equal(input_open(&options, NULL), 0);
    assert_false(input_unkept());
    type("one\r");
    free(input_take());
    assert_true(input_unkept());
    type("two\r");
    free(input_take());
    assert_false(input_unkept());
    type("\033[A");
    assert_line("two", 3);
    input_close();
    options.history = NULL;
    temp_folder_remove(path);
}

/* Sends a message, whatever is in it. */
static void send(const char *message)
{
    input_set(message);
    type("\r");
    free(input_take());
}

/* The newest messages of the history file, the latest first, as the next chat finds them. */
static void assert_history(const char *const *messages, int n)
{
    assert_int_equal(input_open(&options, NULL), 0);
    for (int i = 0; i < n; i++) {
        while (input_vertical(-1)) /* to the first line: from there it goes to an older message */
            ;
        type("\033[A");
        assert_line(messages[i], strlen(messages[i]));
    }
    input_close();
}

static void a_message_is_one_record_whatever_it_holds(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "#42 explain this",  "fix the list:\n#12 crash on start\nthanks", "a \\n b \\", "\\#1", "#",
        "two\n\nparagraphs",
    };
    enum { N = sizeof messages / sizeof messages[0] };
    const char *latest_first[N];
    char path[TEMP_BYTES];
    temp_file_make(path);
    options.history = path;
    assert_int_equal(input_open(&options, NULL), 0);
    for (int i = 0; i < N; i++) {
        send(messages[i]);
        latest_first[N - 1 - i] = messages[i];
    }
    input_close();
    assert_history(latest_first, N);
    assert_history(latest_first, N); /* and nothing was changed by reading */
    options.history = NULL;
    unlink(path);
}

/* Two chats that know nothing of each other's messages; the one that began first ends last. */
static void chats_at_once_keep_each_others_history(void **state)
{
    (void)state;
    static const char *const messages[] = {"of the first", "of the second"};
    char path[TEMP_BYTES], byte = 0;
    int began[2], go_on[2], status;
    temp_file_make(path);
    options.history = path;
    assert_true(pipe(began) == 0 && pipe(go_on) == 0);
    pid_t first = fork();
    if (first == 0) {
        if (input_open(&options, NULL) != 0 || write(began[1], &byte, 1) != 1 ||
            read(go_on[0], &byte, 1) != 1)
            _exit(1);
        send(messages[0]);
        input_close();
        _exit(0);
    }
    assert_int_equal(read(began[0], &byte, 1), 1);
    assert_int_equal(input_open(&options, NULL), 0);
    send(messages[1]);
    input_close();
    assert_int_equal(write(go_on[1], &byte, 1), 1);
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    assert_history(messages, 2);
    options.history = NULL;
    unlink(path);
}

static void an_older_history_is_taken_over(void **state)
{
    (void)state;
    static const char *const messages[] = {"#3 new", "two\nlines", "old one"};
    char path[TEMP_BYTES];
    temp_file_make(path);
    file_write_text(path, "#1700000000\nold one\n#1700000001\ntwo\nlines\n");
    options.history = path;
    assert_history(messages + 1, 2);
    assert_int_equal(input_open(&options, NULL), 0);
    send(messages[0]);
    input_close();
    assert_history(messages, 3);
    options.history = NULL;
    unlink(path);
}

static void a_long_history_is_cut_down(void **state)
{
    (void)state;
    static const char *const messages[] = {"the last"};
    char path[TEMP_BYTES], line[16];
    int lines = 0;
    temp_file_make(path);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 2 * HISTORY_LINES; i++)
        fprintf(file, "%d\n", i);
    fputs("the last\n", file);
    fclose(file);
    options.history = path;
    assert_history(messages, 1);
    file = fopen(path, "r");
    while (fgets(line, sizeof line, file))
        lines++;
    fclose(file);
    assert_int_equal(lines, HISTORY_LINES);
    assert_string_equal(line, "the last\n");
    options.history = NULL;
    unlink(path);
}

static void test_completion(void **state)
{
    (void)state;
    int n;
    type("/q\t");
    assert_line("/quit ", 6);
    input_kill();
    type("/t\t");
    char *const *choices = input_choices(&n);
    assert_int_equal(n, 3);
    assert_string_equal(choices[0], "/target");
    type("x"); /* the next key closes the list */
    input_choices(&n);
    assert_int_equal(n, 0);
    input_kill();
    type("hello /t\t"); /* not at the start: no command */
    input_choices(&n);
    assert_int_equal(n, 0);
    assert_line("hello /t", 8);
    input_kill();
    type("#\t"); /* more than are shown */
    choices = input_choices(&n);
    assert_int_equal(n, FRAME_CHOICES);
    assert_string_equal(choices[n - 2], "#62");
    assert_string_equal(choices[n - 1], "(and 37 more)");
}

/* Another text in its place is what the line was, typed or pasted. */
static void test_line_is_replaced(void **state)
{
    (void)state;
    type("half");
    assert_true(input_replace("whole\nmess\xffge", 13));
    assert_line("whole\nmess\ufffdge", 15);
    assert_true(input_replace("", 0));
    assert_line("", 0);
    assert_true(input_replace("/quit", 5));
    type("\r");
    assert_taken("/quit");
    input_paste("/a comment", 10);
    assert_true(input_replace("/another", 8));
    type("\r");
    assert_taken("//another");
    type("kept");
    char *large = calloc(1, INPUT_BYTES + 2);
    assert_non_null(large);
    memset(large, 'y', INPUT_BYTES + 1);
    assert_false(input_replace(large, INPUT_BYTES + 1));
    memset(large, '\xff', INPUT_BYTES); /* three bytes each */
    assert_false(input_replace(large, INPUT_BYTES));
    assert_line("kept", 4);
    free(large);
}

static void test_text_can_be_put_back(void **state)
{
    (void)state;
    type("half");
    input_set("whole\nmessage");
    assert_line("whole\nmessage", 13);
    input_kill();
    type("\x19"); /* Ctrl-Y brings it back */
    assert_line("whole\nmessage", 13);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("INPUTRC", "/dev/null", 1); /* not the tester's own keys */
#define EDIT(name) cmocka_unit_test_setup_teardown(name, open_input, close_input)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminals_sequences),
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_lone_escape_needs_time),
        cmocka_unit_test(test_unknown_sequences_are_swallowed),
        cmocka_unit_test(test_paste_keeps_its_newlines),
        cmocka_unit_test(test_paste_is_bounded),
        cmocka_unit_test(test_paste_without_an_end),
        EDIT(test_typing_and_editing),
        EDIT(test_blank_lines_are_not_sent),
        EDIT(test_several_lines),
        EDIT(test_paste_does_not_send),
        EDIT(test_paste_alters_nothing),
        EDIT(test_paste_is_text),
        EDIT(test_large_paste),
        EDIT(test_history),
        cmocka_unit_test(test_history_file),
        cmocka_unit_test(a_history_that_cannot_be_written_is_told),
        cmocka_unit_test(a_message_is_one_record_whatever_it_holds),
        cmocka_unit_test(chats_at_once_keep_each_others_history),
        cmocka_unit_test(an_older_history_is_taken_over),
        cmocka_unit_test(a_long_history_is_cut_down),
        EDIT(test_completion),
        EDIT(test_line_is_replaced),
        EDIT(test_text_can_be_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
