/* golden.h - screens as text, kept under tests/golden. */
#ifndef S2D_TESTS_SUPPORT_GOLDEN_H
#define S2D_TESTS_SUPPORT_GOLDEN_H

#include <stdbool.h>

/* Is tests/golden/NAME.txt this text? write: from now on it is. */
void golden_check(const char *name, const char *text, bool write);

#endif
