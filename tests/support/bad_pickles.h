/* bad_pickles.h - pickles that a line of a table does not hold, for bad_torch.c.
 *
 * Where nothing else is said, the good tensor is in them as "a". */
#ifndef S2D_TESTS_SUPPORT_BAD_PICKLES_H
#define S2D_TESTS_SUPPORT_BAD_PICKLES_H

#include "tests/support/checkpoint_bytes.h"

extern const PickledTensor pickled_good; /* [2, 3], all of the storage "0" */

void pickle_nest(Bytes *pickle);
void pickle_nest_tuples(Bytes *pickle);
void pickle_nest_lists(Bytes *pickle);
void pickle_laugh(Bytes *pickle);
void pickle_many_values(Bytes *pickle);
void pickle_long_name(Bytes *pickle);
void pickle_twice(Bytes *pickle);
void pickle_odd_key(Bytes *pickle);
void pickle_metadata(Bytes *pickle);
void pickle_own_list(Bytes *pickle);
void pickle_transposed_empty(Bytes *pickle);
void pickle_wrapped(Bytes *pickle);
void pickle_unordered_state(Bytes *pickle);

#endif
