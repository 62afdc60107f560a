/* keeps_to_list.h - whether a short list of tokens is enough to draft a text from. */
#ifndef S2D_ENGINE_DRAFT_KEEPS_TO_LIST_H
#define S2D_ENGINE_DRAFT_KEEPS_TO_LIST_H

#include "engine/text/tokenizer.h"

/* Does the end of the text keep to the list? Each token that is not in it ends a path of the tree, so
 * where they are frequent (other languages, names) scoring all tokens is worth its time. Special
 * tokens are the template's, and count for nothing. ids: [n_ids] ascending; tokens: [n] */
bool keeps_to_list(const int *ids, int n_ids, const Tokenizer *tokenizer, const int *tokens, int n);

#endif
