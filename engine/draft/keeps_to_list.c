/* keeps_to_list.c - see keeps_to_list.h. */
#include "engine/draft/keeps_to_list.h"

#include <stdlib.h>

enum { RECENT = 64, STRAYS_MAX = RECENT / 8 }; /* tokens looked at, and of those not in the list */

static int by_id(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

bool keeps_to_list(const int *ids, int n_ids, const Tokenizer *tokenizer, const int *tokens, int n)
{
    int strays = 0;
    for (int i = n > RECENT ? n - RECENT : 0; i < n; i++)
        strays += !bsearch(&tokens[i], ids, (size_t)n_ids, sizeof *ids, by_id) &&
                  !tokenizer_is_special(tokenizer, tokens[i]);
    return strays <= STRAYS_MAX;
}
