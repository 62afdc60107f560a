/* bad_heads.h - files of heads that lie: small valid ones, each with one thing wrong.
 *
 * The target of all is bad_head_target. Used by test_head_file, and written into a folder by make_head
 * for the fuzzer.
 */
#ifndef S2D_TESTS_SUPPORT_BAD_HEADS_H
#define S2D_TESTS_SUPPORT_BAD_HEADS_H

#include "engine/model/head.h"
#include "tests/support/tiny_model.h"

enum { GOOD_HEADS = 5 }; /* the kinds, and Hydra with a layer */

TinyModel bad_head_target(void);

int bad_head_count(void);
const char *bad_head_name(int index);
/* Part of the message that must come; is it one of head_file_open, and not of head_open? */
const char *bad_head_says(int index, bool *early);
/* index -1 ... -GOOD_HEADS: the valid ones. Free *data. Trouble fails the test. */
void bad_head_make(int index, unsigned char **data, size_t *bytes);

#endif
