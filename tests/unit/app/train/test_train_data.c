/* test_train_data.c - what is learned from a file: the answers, and only they. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/train/train_data.h"
#include "tests/support/small_vocab.h"
#include "tests/support/temp.h"

static TrainCoder coder_of(TinyVocab vocab)
{
    TrainCoder coder = {.tokenizer = tiny_vocab_open(vocab),
                        .has_template = true,
                        .system = "Be good.",
                        .length = 1000};
    TemplateKind kind;
    assert_int_equal(template_by_name(&kind, vocab == TINY_BPE ? "chatml" : "vicuna"), 0);
    coder.template = template_plain(kind);
    return coder;
}

/* The text of what is to be predicted, or of all. */
static char *text_of(const TrainCoder *coder, const TrainerText *text, bool learned)
{
    int *ids = malloc(sizeof *ids * (size_t)text->n), n = 0;
    size_t bytes;
    for (int i = 0; i < text->n; i++) {
        if (text->is_label[i] || !learned)
            ids[n++] = text->ids[i];
    }
    char *decoded = decode_ids(coder->tokenizer, ids, n, &bytes);
    free(ids);
    return decoded;
}

/* all: NULL = whatever. learned NULL: the line is skipped. */
static void check_line(const TrainCoder *coder, const char *line, const char *learned,
                       const char *all)
{
    TrainData data = {0};
    Err err = {0};
    if (train_data_line(&data, coder, line, strlen(line), &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(data.n, learned != NULL);
    assert_int_equal(data.skipped, learned == NULL);
    if (learned) {
        char *text = text_of(coder, &data.texts[0], true);
        assert_string_equal(text, learned);
        free(text);
    }
    if (all) {
        char *text = text_of(coder, &data.texts[0], false);
        assert_string_equal(text, all);
        free(text);
    }
    train_data_close(&data);
}

static void test_chats(void **state)
{
    (void)state;
    TrainCoder coder = coder_of(TINY_BPE);
    check_line(&coder,
               "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"},"
               "{\"role\": \"assistant\", \"content\": \"well\"}]}",
               "well<|im_end|>",
               "<|im_start|>system\nBe good.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
               "<|im_start|>assistant\nwell<|im_end|>");
    /* ShareGPT's form, several turns; a last question that nobody answered is left out. */
    check_line(&coder,
               "{\"conversations\": [{\"from\": \"system\", \"value\": \"S\"},"
               "{\"from\": \"human\", \"value\": \"a\"}, {\"from\": \"gpt\", \"value\": \"one\"},"
               "{\"from\": \"human\", \"value\": \"b\"}, {\"from\": \"gpt\", \"value\": \"two\"},"
               "{\"from\": \"human\", \"value\": \"c\"}]}",
               "one<|im_end|>two<|im_end|>",
               "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na<|im_end|>\n"
               "<|im_start|>assistant\none<|im_end|>\n<|im_start|>user\nb<|im_end|>\n"
               "<|im_start|>assistant\ntwo<|im_end|>");
    /* An answer that was cut off does not end. */
    check_line(&coder,
               "{\"finish\": \"length\", \"messages\": [{\"role\": \"user\", \"content\": \"hi\"},"
               "{\"role\": \"assistant\", \"content\": \"we\"}]}",
               "we", NULL);
    /* What someone says is never a control token. */
    check_line(&coder,
               "{\"messages\": [{\"role\": \"user\", \"content\": \"<|im_end|>\"},"
               "{\"role\": \"assistant\", \"content\": \"<|im_start|>\"}]}",
               "<|im_start|><|im_end|>", NULL);
    static const char *const skipped[] = {
        "{\"messages\": []}",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"},"
        "{\"role\": \"assistant\", \"content\": \"\"}], \"finish\": \"length\"}",
        "{\"messages\": [{\"role\": \"tool\", \"content\": \"hi\"},"
        "{\"role\": \"assistant\", \"content\": \"a\"}]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": 3},"
        "{\"role\": \"assistant\", \"content\": \"a\"}]}",
        "{\"something\": \"else\"}",
    };
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        check_line(&coder, skipped[i], NULL, NULL);
    tokenizer_close((Tokenizer *)coder.tokenizer);

    coder = coder_of(TINY_SPM);
    check_line(&coder,
               "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"},"
               "{\"role\": \"assistant\", \"content\": \"well\"}]}",
               " well</s>", NULL);
    tokenizer_close((Tokenizer *)coder.tokenizer);
}

static void test_plain_text(void **state)
{
    (void)state;
    TrainCoder coder = coder_of(TINY_BPE);
    TrainData data = {0}, held;
    Err err = {0};
    static const char line[] = "{\"text\": \"abcdefghijklmnopqrstuvwxyz0123456789\"}";
    coder.length = 5;
    assert_int_equal(train_data_line(&data, &coder, line, sizeof line - 1, &err), 0);
    assert_true(data.n > 3);
    int tokens = 0, labels = 0;
    for (int t = 0; t < data.n; t++) {
        assert_true(data.texts[t].n >= 2 && data.texts[t].n <= 5);
        assert_false(data.texts[t].is_label[0]);
        tokens += data.texts[t].n;
        labels += data.texts[t].n - 1;
    }
    assert_int_equal(data.tokens, tokens);
    assert_int_equal(data.labels, labels);
    int n = data.n;
    assert_int_equal(train_data_hold(&data, 3, &held, &err), 0);
    assert_int_equal(held.n, n / 3);
    assert_int_equal(data.n, n - n / 3);
    assert_int_equal(data.tokens + held.tokens, tokens);
    assert_int_equal(data.labels + held.labels, labels);
    train_data_close(&held);
    train_data_close(&data);
    tokenizer_close((Tokenizer *)coder.tokenizer);
}

static void test_files(void **state)
{
    (void)state;
    char path[TEMP_BYTES], lines[80];
    TrainCoder coder = coder_of(TINY_BPE);
    TrainData data = {0};
    Err err = {0};
    temp_file_make(path);
    file_write_text(path, "some plain text");
    assert_int_equal(train_data_read(&data, &coder, path, &err), 0);
    assert_int_equal(data.n, 1);
    snprintf(lines, sizeof lines, "%s.jsonl", path);
    file_write_text(lines, "\n{\"text\": \"one\"}\n  \n{\"text\": \"two\"}");
    assert_int_equal(train_data_read(&data, &coder, lines, &err), 0);
    assert_int_equal(data.n, 3);
    file_write_text(lines, "{\"text\": \"one\"}\n{\"text\"");
    assert_int_equal(train_data_read(&data, &coder, lines, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, ".jsonl:2: not JSON"));
    unlink(lines);
    err = (Err){0};
    assert_int_equal(train_data_read(&data, &coder, lines, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    train_data_close(&data);
    tokenizer_close((Tokenizer *)coder.tokenizer);
    unlink(path);
}

static void test_avoided(void **state)
{
    (void)state;
    char turn[] = "How many days?";
    Question question = {.id = 81, .n_turns = 1, .turns = {turn}};
    Questions questions = {.list = &question, .n = 1};
    TrainCoder coder = coder_of(TINY_BPE);
    TrainData data = {0};
    coder.avoid = &questions;
    static const char *const bad[] = {
        "{\"text\": \"Tell me: How many days? And why?\"}",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"How many days?\"},"
        "{\"role\": \"assistant\", \"content\": \"a\"}]}"};
    for (int i = 0; i < 2; i++) {
        Err err = {0};
        assert_int_equal(train_data_line(&data, &coder, bad[i], strlen(bad[i]), &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        assert_non_null(strstr(err.text, "question 81"));
    }
    assert_int_equal(data.n, 0);
    train_data_close(&data);
    tokenizer_close((Tokenizer *)coder.tokenizer);
}

/* What other systems put around lines is not learned, and spoils no first line. */
static void test_marks_and_carriage_returns(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } files[] = {
        {"data.txt", "\xef\xbb\xbfhi\r\nwell\r\n"},
        {"data.txt", "hi\rwell\r"},
        {"data.jsonl", "\xef\xbb\xbf{\"text\": \"\xef\xbb\xbfhi\\r\\nwell\\r\\n\"}\r\n"},
    };
    TrainCoder coder = coder_of(TINY_BPE);
    char folder[TEMP_BYTES], path[64];
    temp_folder_make(folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        TrainData data = {0};
        Err err = {0};
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        file_write_text(path, files[i].text);
        if (train_data_read(&data, &coder, path, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(data.n, 1);
        char *text = text_of(&coder, &data.texts[0], false);
        assert_string_equal(text, "hi\nwell\n");
        free(text);
        train_data_close(&data);
    }
    temp_folder_remove(folder);
    tokenizer_close((Tokenizer *)coder.tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chats),
        cmocka_unit_test(test_plain_text),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_avoided),
        cmocka_unit_test(test_marks_and_carriage_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
