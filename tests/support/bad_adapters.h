/* bad_adapters.h - adapters that lie: a small valid one, each with one thing wrong.
 *
 * The base of all is bad_adapter_base. Used by test_adapter, and written into a folder by
 * make_adapter for the fuzzer.
 */
#ifndef S2D_TESTS_SUPPORT_BAD_ADAPTERS_H
#define S2D_TESTS_SUPPORT_BAD_ADAPTERS_H

#include "engine/model/adapter.h"
#include "tests/support/tiny_model.h"

/* The valid one has exits 1, 2 and 3 of this base: the first with a norm and a whole layer, the
 * second with a low-rank change to a copy of layer 3; layer 0 is changed by a low-rank pair. */
TinyModel bad_adapter_base(void);

int bad_adapter_count(void);
const char *bad_adapter_name(int index);
/* Part of the message that must come; is it one of adapter_open, and not of adapter_check? */
const char *bad_adapter_says(int index, bool *early);
/* index -1: the valid one. Free *data. */
void bad_adapter_make(int index, unsigned char **data, size_t *bytes);

#endif
