/* draft_case.h - what tests of drafting share: a model whose later layers change little, so that its
 * exits are often right, a prompt, and sessions that draft at exits 2, 4 and 6. */
#ifndef S2D_TESTS_SUPPORT_DRAFT_CASE_H
#define S2D_TESTS_SUPPORT_DRAFT_CASE_H

#include "tests/support/decoded.h"
#include "tests/support/tiny_model.h"

enum { EXITS = 3, PROMPT_N = 12 };
extern const int LAYERS[EXITS];
extern const float THRESHOLDS[EXITS];
extern const int PROMPT[PROMPT_N];
extern const Sampling TEMPERATURES[4]; /* 0, 0.8, 1, and 1 of the 20 best */
extern const char *const TREES[5];     /* as tree_parse reads them */

/* Of 8 layers. */
TinyModel draft_case_model(void);

/* Greedy, speculation on, the exits with their thresholds; the run is told. drafter, tree: as the
 * command line has them. */
SessionConfig draft_case_config(Run *run, Kernels *kernels, Model *target, Model *draft,
                                const char *drafter, const char *tree);

#endif
