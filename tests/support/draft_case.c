/* draft_case.c - see draft_case.h. */
#include "tests/support/draft_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const int LAYERS[EXITS] = {2, 4, 6};
const float THRESHOLDS[EXITS] = {0.5f, 0.35f, 0.0f};
const int PROMPT[PROMPT_N] = {10, 65, 97, 110, 32, 116, 104, 101, 20, 33, 97, 98};
const Sampling TEMPERATURES[4] = {{.temperature = 0, .top_p = 1},
                                  {.temperature = 0.8f, .top_p = 0.95f},
                                  {.temperature = 1, .top_p = 1},
                                  {.temperature = 1, .top_k = 20, .top_p = 1}};
const char *const TREES[5] = {"3x1x3", "4x3x12", "5x4x40", "auto", "off"};

TinyModel draft_case_model(void)
{
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q4_1);
    tiny.layers = 8;
    tiny.settle = 2;
    tiny.settle_scale = 0.35f;
    tiny.context = 2048;
    return tiny;
}

SessionConfig draft_case_config(Run *run, Kernels *kernels, Model *target, Model *draft,
                                const char *drafter, const char *tree)
{
    SessionConfig config = {.kernels = kernels,
                            .target = target,
                            .draft = draft,
                            .spec = SPEC_ON,
                            .sampling = {.top_p = 1},
                            .emit = run_event,
                            .poll = run_poll,
                            .user = run};
    assert_int_equal(drafter_choose(drafter, &config.drafting), 0);
    assert_int_equal(tree_parse(tree, &config.tree), 0);
    config.drafting.n_exits = config.drafting.n_thresholds = EXITS;
    memcpy(config.drafting.exits, LAYERS, sizeof LAYERS);
    memcpy(config.drafting.thresholds, THRESHOLDS, sizeof THRESHOLDS);
    return config;
}
