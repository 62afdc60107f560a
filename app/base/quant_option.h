/* quant_option.h - the value of `--type` where what is written has rows of any length: those types whose
 * blocks are short enough for them.
 */
#ifndef S2D_APP_BASE_QUANT_OPTION_H
#define S2D_APP_BASE_QUANT_OPTION_H

#include "kernels/quant.h"

/* -1 = none of them. */
int quant_option(const char *text, QuantType *type);
/* Option.value_at: their names. */
int quant_option_at(int index, char *text, size_t size);

#endif
