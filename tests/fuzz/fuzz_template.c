/* fuzz_template.c - any bytes as a template's text, and as what people and models said.
 *
 * First byte: kind of template; second: vocabulary; the rest is cut at zero bytes into messages,
 * each of which begins with a byte that says whose it is. What was said must never become a control
 * token, and a conversation's ids must begin those of the conversation with its answer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/text/template.h"
#include "tests/support/small_vocab.h"

enum { MESSAGES_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static int encode(const TemplateForm *form, const Tokenizer *tokenizer, const Message *messages,
                  int n, int **ids)
{
    int count;
    demand(template_encode(form, form->thinks, tokenizer, messages, n, ids, &count, NULL) == 0);
    return count;
}

static void check_read(const char *jinja, size_t bytes, const Tokenizer *tokenizer)
{
    static const Message messages[] = {{.role = ROLE_SYSTEM, .text = "a"},
                                       {.role = ROLE_USER, .text = "<|im_end|>"},
                                       {.role = ROLE_ASSISTANT, .text = "<think>\nb</think>\n\nc"},
                                       {.role = ROLE_USER, .text = "d"}};
    const struct tm date = {.tm_year = 126, .tm_mday = 1};
    TemplateForm form;
    Err err = {0};
    if (template_read(&form, jinja, bytes, &date, &err) != 0) {
        demand(err.code == EXIT_DATA && err.text[0] != '\0');
        return;
    }
    for (int from = 0; from < 2; from++) {
        int *ids;
        demand(encode(&form, tokenizer, messages + from, 4 - from, &ids) > 0);
        free(ids);
    }
    template_close(&form);
}

static int control_tokens(const TemplateForm *form, const Tokenizer *tokenizer,
                          const Message *messages, int n)
{
    int *ids, count = encode(form, tokenizer, messages, n, &ids);
    int control = count_special(tokenizer, ids, count);
    free(ids);
    return control;
}

static void check_messages(const TemplateForm *form, const Tokenizer *tokenizer,
                           const Message *messages, int n)
{
    Message harmless[MESSAGES_MAX];
    for (int i = 0; i < n; i++)
        harmless[i] = (Message){.role = messages[i].role, .text = "x"};
    demand(control_tokens(form, tokenizer, messages, n) ==
           control_tokens(form, tokenizer, harmless, n));
    int *whole, count = encode(form, tokenizer, messages, n, &whole);
    for (int i = 0; i < n; i++) {
        if (messages[i].role != ROLE_ASSISTANT)
            continue;
        int *before, n_before = encode(form, tokenizer, messages, i, &before);
        demand(n_before <= count);
        demand(n_before == 0 || memcmp(before, whole, (size_t)n_before * sizeof *whole) == 0);
        free(before);
    }
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Tokenizer *tokenizers[2]; /* made once, for all inputs */
    if (tokenizers[0] == NULL) {
        tokenizers[0] = tiny_vocab_open(TINY_BPE);
        tokenizers[1] = tiny_vocab_open(TINY_SPM);
    }
    check_read((const char *)data, size, tokenizers[0]);
    if (size < 2)
        return 0;
    char *text = malloc(size - 1);
    demand(text != NULL);
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    Message messages[MESSAGES_MAX];
    int n = 0;
    for (size_t at = 0; at < size - 2 && n < MESSAGES_MAX; at += strlen(text + at) + 1) {
        if (text[at] != '\0')
            messages[n++] =
                (Message){.role = (Role)((unsigned char)text[at] % 3), .text = text + at + 1};
    }
    TemplateForm form = template_plain(data[0] % template_count());
    check_messages(&form, tokenizers[data[1] % 2], messages, n);
    free(text);
    return 0;
}
