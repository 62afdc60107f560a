/* fuzz_train_data.c - any bytes as a line of a file to learn from. The first byte chooses the
 * vocabulary. Whatever is taken holds tokens of the vocabulary, keeps to the length, and has
 * something to be predicted, never the first token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/train/train_data.h"
#include "tests/support/small_vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    static Tokenizer *tokenizers[2]; /* made once, for all inputs */
    if (tokenizers[0] == NULL) {
        tokenizers[0] = tiny_vocab_open(TINY_BPE);
        tokenizers[1] = tiny_vocab_open(TINY_SPM);
    }
    bool spm = data[0] & 1;
    const Tokenizer *tokenizer = tokenizers[spm];
    TrainCoder coder = {
        .tokenizer = tokenizer, .has_template = !(data[0] & 2), .system = "Be good.", .length = 50};
    TrainData texts = {0};
    Err err = {0};
    TemplateKind kind;
    demand(template_by_name(&kind, spm ? "vicuna" : "chatml") == 0);
    coder.template = template_plain(kind);
    if (train_data_line(&texts, &coder, (const char *)data + 1, size - 1, &err) != 0)
        demand(err.code != 0 && err.text[0] != '\0');
    int64_t labels = 0;
    for (int t = 0; t < texts.n; t++) {
        const TrainerText *text = &texts.texts[t];
        int64_t before = labels;
        demand(text->n >= 2 && text->n <= coder.length && !text->is_label[0]);
        for (int i = 0; i < text->n; i++) {
            demand(text->ids[i] >= 0 && text->ids[i] < tokenizer_vocab(tokenizer));
            labels += text->is_label[i];
        }
        demand(labels > before);
    }
    demand(labels == texts.labels);
    train_data_close(&texts);
    return 0;
}
