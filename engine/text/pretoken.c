/* pretoken.c - see pretoken.h. */
#include "engine/text/pretoken.h"

#include <stdio.h>
#include <string.h>

#include "engine/text/pretoken_words.h"

/* What llama.cpp's converter calls them, and what the models' own tokenizers do: Llama 3 and those
 * that took its tokenizer over; SmolLM3 ("smaug-bpe"); Phi 4 and Granite 4 ("dbrx"); Granite 3
 * ("refact"); Mistral from Nemo on ("tekken"); Phi 4 mini and gpt-oss ("gpt-4o"); Qwen 3.5. */
static const Pretokenizer pretokenizers[] = {
    {.name = "default", .kind = PRETOKEN_DEFAULT},
    {.name = "smollm", .kind = PRETOKEN_SMOLLM},
    {.name = "starcoder", .kind = PRETOKEN_SMOLLM},
    {.name = "refact", .kind = PRETOKEN_SMOLLM},
    {.name = "qwen2", .kind = PRETOKEN_QWEN2, .nfc = true},
    {.name = "deepseek-r1-qwen", .kind = PRETOKEN_QWEN2, .nfc = true},
    {.name = "qwen35", .kind = PRETOKEN_QWEN35, .nfc = true},
    {.name = "llama-bpe", .kind = PRETOKEN_LLAMA3, .whole_words = true, .bos = true},
    {.name = "llama3", .kind = PRETOKEN_LLAMA3, .whole_words = true, .bos = true},
    {.name = "llama-v3", .kind = PRETOKEN_LLAMA3, .whole_words = true, .bos = true},
    {.name = "falcon3", .kind = PRETOKEN_LLAMA3, .whole_words = true, .bos = true},
    {.name = "lfm2", .kind = PRETOKEN_LLAMA3, .whole_words = true, .bos = true},
    {.name = "pixtral", .kind = PRETOKEN_LLAMA3, .whole_words = true, .bos = true},
    {.name = "smaug-bpe", .kind = PRETOKEN_LLAMA3},
    {.name = "dbrx", .kind = PRETOKEN_LLAMA3},
    {.name = "tekken", .kind = PRETOKEN_TEKKEN, .whole_words = true, .bos = true},
    {.name = "gpt-4o", .kind = PRETOKEN_GPT4O},
    {.name = "llama4", .kind = PRETOKEN_GPT4O},
};

enum { N_PRETOKENIZERS = sizeof pretokenizers / sizeof *pretokenizers };

size_t pretoken_next(Pretokens *words)
{
    const char *text = words->text;
    size_t at = words->at, end = 0;
    if (at >= words->bytes)
        return 0;
    switch (words->kind) {
    case PRETOKEN_QWEN2:
        end = llama3_word(text, at, words->bytes, 1);
        break;
    case PRETOKEN_QWEN35:
        end = qwen35_word(text, at, words->bytes);
        break;
    case PRETOKEN_LLAMA3:
        end = llama3_word(text, at, words->bytes, 3);
        break;
    case PRETOKEN_TEKKEN:
        end = tekken_word(text, at, words->bytes, false, 1);
        break;
    case PRETOKEN_GPT4O:
        end = tekken_word(text, at, words->bytes, true, 3);
        break;
    case PRETOKEN_SMOLLM:
        if (at >= words->piece)
            words->piece = digit_end(text, at, words->bytes);
        end = gpt2_word(text, at, words->piece);
        break;
    case PRETOKEN_DEFAULT:
        if (at >= words->piece)
            words->piece = marks_end(text, at, words->bytes);
        if (at >= words->word)
            words->word = gpt2_word(text, at, words->piece);
        end = digits_end(text, at, words->word);
        break;
    }
    words->at = end;
    return end - at;
}

const Pretokenizer *pretoken_by_name(const char *name, size_t bytes)
{
    for (int i = 0; i < N_PRETOKENIZERS; i++)
        if (strlen(pretokenizers[i].name) == bytes &&
            memcmp(pretokenizers[i].name, name, bytes) == 0)
            return &pretokenizers[i];
    return NULL;
}

const char *pretoken_names(char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < N_PRETOKENIZERS && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0                     ? ""
                                 : i == N_PRETOKENIZERS - 1 ? " and "
                                                            : ", ",
                                 pretokenizers[i].name);
    return text;
}
