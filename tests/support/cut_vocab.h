/* cut_vocab.h - the vocabularies of tests/references: of a model's tokens and merges, those that the
 * texts of tokens.jsonl can meet. */
#ifndef S2D_TESTS_SUPPORT_CUT_VOCAB_H
#define S2D_TESTS_SUPPORT_CUT_VOCAB_H

#include "engine/text/tokenizer.h"

typedef struct CutVocab {
    Tokenizer *tokenizer;
    int *whole_ids; /* [tokenizer_vocab] the id of each token in the whole vocabulary */
} CutVocab;

/* name: of a model, as in tokens.jsonl. Trouble fails the test. */
void cut_vocab_open(CutVocab *vocab, const char *name);
/* The same with another pre-tokenizer than the file names. */
void cut_vocab_open_as(CutVocab *vocab, const char *name, const char *pre);
void cut_vocab_close(CutVocab *vocab);

#endif
