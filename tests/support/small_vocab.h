/* small_vocab.h - vocabularies of a few tokens, made in memory, right or wrong in one chosen thing.
 */
#ifndef S2D_TESTS_SUPPORT_SMALL_VOCAB_H
#define S2D_TESTS_SUPPORT_SMALL_VOCAB_H

#include "engine/text/tokenizer.h"
#include "tests/support/tiny_vocab.h"

/* What a vocabulary file says. NULL and 0: the key is left out. */
typedef struct SmallVocab {
    const char *model, *pre;
    const char *const *tokens;
    int n_tokens;
    const int *types;
    int n_types;
    const float *scores;
    int n_scores;
    const char *const *merges;
    int n_merges;
    const char *id_key; /* "eos_token_id" and the like */
    uint32_t id;
    bool no_space; /* SPM: no space before the first word */
} SmallVocab;

int small_vocab_open(Tokenizer **tokenizer, const SmallVocab *vocab, Err *err);

/* The tokenizer of tiny_vocab.h, and the file that it is read from (free data). */
Tokenizer *tiny_vocab_open(TinyVocab kind);
void tiny_vocab_file(TinyVocab kind, char **data, size_t *bytes);

/* Encodes a text on its own; *ids is allocated. Returns how many. */
int encode_text(const Tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                int **ids);

/* How many of some ids are special tokens. */
int count_special(const Tokenizer *tokenizer, const int *ids, int count);

/* The text of some ids, special tokens too; allocated, terminated. */
char *decode_ids(const Tokenizer *tokenizer, const int *ids, int count, size_t *bytes);

#endif
