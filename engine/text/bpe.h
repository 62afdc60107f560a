/* bpe.h - byte-level BPE (tokenizer.ggml.model "gpt2"): text to token ids by the model's merges.
 *
 * Text is cut into words by the model's pre-tokenizer; within a word neighbouring tokens are merged
 * in the order of tokenizer.ggml.merges. In the vocabulary a byte is written as one printable
 * character. Any input can be encoded; a byte that has no token vanishes, as in the reference
 * programs (SmolLM2 leaves out some control characters and bytes that UTF-8 never uses).
 * Source: github.com/openai/gpt-2, src/encoder.py.
 */
#ifndef S2D_ENGINE_TEXT_BPE_H
#define S2D_ENGINE_TEXT_BPE_H

#include "engine/text/vocab.h"

typedef struct Bpe Bpe;

/* Reads the merges and the name of the pre-tokenizer. The vocabulary stays the caller's. */
int bpe_open(Bpe **bpe, const Gguf *gguf, const Vocab *vocab, Err *err);
void bpe_close(Bpe *bpe);

/* Does a model with this pre-tokenizer begin its texts with BOS where the file does not say? */
bool bpe_adds_bos(const Bpe *bpe);

/* Appends the ids of a text without special tokens: of its NFC, where the model's training had that
 * (Qwen's). */
int bpe_encode(const Bpe *bpe, const char *text, size_t bytes, IdList *out, Err *err);

/* The bytes that a token string stands for. out: [piece.length]; returns how many. */
size_t bpe_decode(GgufString piece, char *out);

#endif
