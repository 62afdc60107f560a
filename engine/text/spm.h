/* spm.h - SentencePiece BPE (tokenizer.ggml.model "llama"): text to token ids by the tokens'
 * scores.
 *
 * Spaces become U+2581, then neighbours whose joined text is a token are joined, the best score
 * first. A character that is no token becomes its bytes, <0x00> … <0xFF>.
 * Source: github.com/google/sentencepiece, src/bpe_model.cc; llama.cpp, llm_tokenizer_spm.
 */
#ifndef S2D_ENGINE_TEXT_SPM_H
#define S2D_ENGINE_TEXT_SPM_H

#include "engine/text/vocab.h"

typedef struct Spm Spm;

/* Reads the scores; checks that every byte has a token or that `unknown` (-1 = none) stands in.
 * The vocabulary stays the caller's. */
int spm_open(Spm **spm, const Gguf *gguf, const Vocab *vocab, int unknown, Err *err);
void spm_close(Spm *spm);

/* Appends the ids of a text without special tokens; `space` puts one space before it. */
int spm_encode(const Spm *spm, const char *text, size_t bytes, bool space, IdList *out, Err *err);

/* The bytes that a token string stands for. out: [piece.length]; returns how many. */
size_t spm_decode(GgufString piece, TokenType type, char *out);

#endif
