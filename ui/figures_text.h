/* figures_text.h - figures of an answer in words, the same wherever they stand: below answers, in
 * panes, in what is exported.
 */
#ifndef S2D_UI_FIGURES_TEXT_H
#define S2D_UI_FIGURES_TEXT_H

#include <stddef.h>

#include "engine/decode/event.h"
#include "kernels/common/speedup.h"

/* "x1.52", or "x1.3-1.9" where that is all that can be said, or "" where nothing can. */
void figures_gain(const EventStats *stats, char *out, size_t bytes);
void figures_speedup(const Speedup *gain, char *out, size_t bytes);

/* "MAT 2.91  64.0 t/s x1.52  122 tok / 42 rounds  target coder-1.5b  stopped": the line below an
 * answer, or below that part of it which this target wrote. What was not measured is left out, and so
 * are rounds and target where there was no round. reason: as in DONE, cleaned here as the target is;
 * "eos" and "switched" are not worth a word. */
void figures_answer(const EventStats *stats, const char *target, const char *reason, char *out,
                    size_t bytes);

/* "plain 12.0 t/s, the median of 6 plain rounds, the last one 12 rounds ago", or "" */
void figures_plain(const EventStats *stats, char *out, size_t bytes);

/* "1 round", "2 rounds" */
void figures_count(long long n, const char *what, char *out, size_t bytes);

/* Shares of counts in whole percents that add up to 100, unless all are 0: the largest remainders
 * are rounded up. */
void figures_percents(const int *counts, int n, int *percents);

#endif
