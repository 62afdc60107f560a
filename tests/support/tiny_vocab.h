/* tiny_vocab.h - a whole tokenizer of about 330 tokens for models made on the spot.
 *
 * Both kinds cover every byte and share one list of merges, so that texts have tokens of several
 * lengths.
 */
#ifndef S2D_TESTS_SUPPORT_TINY_VOCAB_H
#define S2D_TESTS_SUPPORT_TINY_VOCAB_H

#include "engine/gguf/gguf_write.h"

typedef enum TinyVocab {
    TINY_BPE, /* "gpt2", pre-tokenizer qwen2, <|im_start|>, <|im_end|>, <|endoftext|>, ChatML */
    TINY_SPM, /* "llama" with byte fallback, <s>, </s>, Vicuna's template */
} TinyVocab;

/* Writes the tokenizer's keys; returns the number of tokens. pads: how many unused ones, [PAD0] and so
 * on, come behind the others. */
int tiny_vocab_write(GgufWriter *writer, TinyVocab kind, int pads);

#endif
