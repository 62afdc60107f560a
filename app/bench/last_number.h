/* last_number.h - the number that an answer ends with, as GSM8K is scored. */
#ifndef S2D_APP_BENCH_LAST_NUMBER_H
#define S2D_APP_BENCH_LAST_NUMBER_H

#include <stdbool.h>

/* The last number in a text: digits with an optional sign and fraction, thousands parted by commas:
 * "so 1,000.50 dollars." is 1000.5. false = there is none. */
bool last_number(const char *text, double *number);

/* The answer that a GSM8K reference ends with, after "####"; false = the text has no such mark. */
bool reference_number(const char *reference, double *number);

#endif
