/* pretoken.h - cuts a text into the words that BPE works on, as the model's training did.
 *
 * In: UTF-8 (invalid bytes count as symbols of one byte). Out: consecutive words that cover the
 * text without gaps. These scanners do what the regular expressions of llama.cpp and Hugging Face
 * do for `tokenizer.ggml.pre`, in one pass and linear time; the expressions stand above each
 * scanner.
 */
#ifndef S2D_ENGINE_TEXT_PRETOKEN_H
#define S2D_ENGINE_TEXT_PRETOKEN_H

#include <stddef.h>

typedef enum PretokenKind {
    PRETOKEN_DEFAULT,
    PRETOKEN_SMOLLM,
    PRETOKEN_QWEN2,
    PRETOKEN_LLAMA3,
} PretokenKind;

/* The kind that a name in tokenizer.ggml.pre stands for: "smollm", "qwen2", "llama-bpe", "default";
 * -1 = unknown. */
int pretoken_by_name(PretokenKind *kind, const char *name, size_t bytes);

/* A walk over the words of a text: set kind, text and bytes, the rest 0. */
typedef struct Pretokens {
    PretokenKind kind;
    const char *text;
    size_t bytes;
    size_t at;    /* where the next word begins */
    size_t piece; /* end of the stretch that the scanner may look at */
    size_t word;  /* end of a word that is still to be cut at its digits */
} Pretokens;

/* The bytes of the next word, which begins at the old `at`; 0 = the text has ended. */
size_t pretoken_next(Pretokens *acceptance);

#endif
