/* words.h - a draft of another vocabulary: what its exits say in the target's tokens.
 *
 * Of a row of the draft's logits those of tokens are picked that the target has too, in the order of
 * the target's ids; the others are left out of the softmax. So all that looks at such a row (top,
 * draws with the shared noise, thresholds) sees tokens of the target.
 */
#ifndef S2D_ENGINE_DRAFT_WORDS_H
#define S2D_ENGINE_DRAFT_WORDS_H

#include "engine/model/model.h"
#include "engine/text/translate.h"

/* What is picked of one kind of row. */
typedef struct WordList {
    int n;
    int stride;               /* floats of such a row */
    int *tokens;              /* [n] the target's, ascending */
    int *places;              /* [n] in the row, in the backend's memory */
    const int *device_tokens; /* `tokens` where the kernels draw tokens themselves, else NULL */
} WordList;

typedef struct Words {
    Translation translation;
    Kernels *kernels;
    WordList whole, narrow; /* of rows over the draft's vocabulary, and over its short list */
    float *logits;          /* [EXPAND_MAX, whole.n] of the rows picked last */
} Words;

/* EXIT_DATA when the two share no token. Both models have to stay open as long. */
int words_open(Words *words, const Model *draft, const Model *target, Err *err);
void words_close(Words *words);
/* Bytes that it takes at most. */
size_t words_bytes(const ModelConfig *draft, const ModelConfig *target);

/* words->logits of n rows of the draft's. narrow: they are of its short list. */
void words_pick(Words *words, const float *logits, int n, bool narrow);

#endif
