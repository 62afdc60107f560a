/* translate.h - from the tokens of a target to those of a draft with another vocabulary, and back.
 *
 * Two tokens are the same when they stand for the same bytes, special ones when their strings are the
 * same. A target's token that the draft has not got is read by it in several of its own; a draft's token
 * that the target has not got is never proposed. Nothing of this can change a text, for the target
 * chooses it. After "token-level intersection": Timor and others, arXiv 2502.05202.
 */
#ifndef S2D_ENGINE_TEXT_TRANSLATE_H
#define S2D_ENGINE_TEXT_TRANSLATE_H

#include "engine/text/tokenizer.h"

typedef struct Translation {
    const Tokenizer *draft, *target; /* not owned */
    int *to_draft;                   /* [target's tokens] the same token; -1 = the draft has none */
    int *shared;                     /* [n_shared] ascending: the target's tokens that have one */
    int n_shared;
} Translation;

/* EXIT_MEMORY. Both tokenizers have to stay open as long. */
int translation_open(Translation *translation, const Tokenizer *draft, const Tokenizer *target,
                     Err *err);
void translation_close(Translation *translation);

/* Appends what the draft reads for one of the target's tokens: at least one of its own. *ids grows by
 * realloc, as for tokenizer_encode. */
int translation_append(const Translation *translation, int token, int **ids, int *count,
                       int *capacity, Err *err);

/* The share, 0 … 1, of the target's tokens that texts may hold which the draft has too. */
float translation_overlap(const Translation *translation);

#endif
