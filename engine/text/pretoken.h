/* pretoken.h - cuts a text into the words that BPE works on, as the model's training did.
 *
 * In: UTF-8 (invalid bytes count as symbols of one byte). Out: consecutive words that cover the
 * text without gaps. It is done as the regular expressions of the models' own
 * tokenizers do for `tokenizer.ggml.pre`, in one pass and linear time (pretoken_words.h). llama.cpp's
 * expressions for tekken and gpt-4o are simpler: they know case of ASCII only, and no marks.
 */
#ifndef S2D_ENGINE_TEXT_PRETOKEN_H
#define S2D_ENGINE_TEXT_PRETOKEN_H

#include <stdbool.h>
#include <stddef.h>

typedef enum PretokenKind {
    PRETOKEN_DEFAULT,
    PRETOKEN_SMOLLM,
    PRETOKEN_QWEN2,
    PRETOKEN_QWEN35,
    PRETOKEN_LLAMA3,
    PRETOKEN_TEKKEN,
    PRETOKEN_GPT4O,
} PretokenKind;

/* What a name in tokenizer.ggml.pre says of a model's tokenizer. */
typedef struct Pretokenizer {
    const char *name;
    PretokenKind kind;
    bool nfc;         /* text is put into Unicode's form C first */
    bool whole_words; /* a word that is a token is taken at once, whatever the merges say */
    bool bos;         /* texts begin with BOS where the file does not say */
} Pretokenizer;

/* NULL = unknown. */
const Pretokenizer *pretoken_by_name(const char *name, size_t bytes);

enum { PRETOKEN_NAMES_BYTES = 256 };

/* All names, with commas between them. Returns text, for which PRETOKEN_NAMES_BYTES are enough. */
const char *pretoken_names(char *text, size_t size);

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
size_t pretoken_next(Pretokens *words);

#endif
