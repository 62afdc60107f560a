/* tokenizer.h - text to token ids and back, as the model's own file says.
 *
 * tokenizer.ggml.model "gpt2": byte-level BPE behind a pre-tokenizer (smollm, qwen2, llama-bpe,
 * default); "llama": SentencePiece BPE by scores, with byte fallback. Time is O(n log n) in the
 * text's length for any input. The ids agree with llama.cpp's (and Hugging Face's) tokenizer, but
 * that qwen2's are those of the text in NFC: so Hugging Face's are, and so its models were trained.
 */
#ifndef S2D_ENGINE_TEXT_TOKENIZER_H
#define S2D_ENGINE_TEXT_TOKENIZER_H

#include "engine/gguf/gguf.h"

typedef struct Tokenizer Tokenizer;

/* Copies what it needs: the Gguf may be closed afterwards. A file that holds only a vocabulary is
 * enough. */
int tokenizer_open(Tokenizer **tokenizer, const Gguf *gguf, Err *err);
void tokenizer_close(Tokenizer *tokenizer);

int tokenizer_vocab(const Tokenizer *tokenizer); /* number of tokens */
int tokenizer_bos(const Tokenizer *tokenizer);   /* -1 = none */
int tokenizer_eos(const Tokenizer *tokenizer);   /* -1 = none */
bool tokenizer_adds_bos(const Tokenizer *tokenizer);

/* Does the token end an answer? eos, eot, eom, and control tokens such as <|im_end|>. */
bool tokenizer_is_end(const Tokenizer *tokenizer, int id);

/* A control token, which has no text of its own? */
bool tokenizer_is_special(const Tokenizer *tokenizer, int id);

/* The id of an exact token string; -1 = none. */
int tokenizer_find(const Tokenizer *tokenizer, const char *token);

/* Appends the ids of text[0 … bytes-1] to *ids, which grows by realloc; *count and *capacity are
 * kept up. special: special tokens in the text become their ids (template text); else they are
 * plain text (what a person typed), except for tokens that the model's makers added to plain text
 * (user-defined, such as <tool_call>). Invalid UTF-8 is encoded byte by byte. No BOS is added.
 * Returns -1 when memory is out or the text is too long. */
int tokenizer_encode(const Tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                     int **ids, int *count, int *capacity, Err *err);

/* A stretch of text: a template's own (special) or what someone said. */
typedef struct TextSpan {
    const char *text;
    size_t bytes;
    bool special;
} TextSpan;

/* The same for several stretches that make one text: words may reach over their borders, special
 * tokens may not. Both functions continue what is in *ids: SPM's space before a text is added only
 * where there is nothing yet or a special token. */
int tokenizer_encode_spans(const Tokenizer *tokenizer, const TextSpan *spans, int n_spans,
                           int **ids, int *count, int *capacity, Err *err);

/* The bytes that a token stands for: O(1), owned by the tokenizer. Special tokens give no bytes
 * unless `special`, but for those that mark thoughts. Bytes of one character may come in several tokens. Leading space of SPM is kept
 * as ' '. */
const char *tokenizer_text(const Tokenizer *tokenizer, int id, bool special, size_t *bytes);

/* The token's string in the vocabulary, as stored: for comparing two vocabularies. Empty where there
 * is no such id. */
GgufString tokenizer_piece(const Tokenizer *tokenizer, int id);

/* 0 when every token of `draft` that may stand in a conversation is the same string in `target`;
 * else -1, and err names the first that is not. Tokens that no text becomes and no template writes
 * (reserved, unused, padding) may differ, and either may have more of them; the target may have
 * more of any. So an id of the one need not be one of the other: whoever takes it over looks. */
int tokenizer_compatible(const Tokenizer *draft, const Tokenizer *target, Err *err);

/* How many ids are not the same in both; *first = the lowest of them, -1 = none. */
int tokenizer_differences(const Tokenizer *draft, const Tokenizer *target, int *first);

#endif
