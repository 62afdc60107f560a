/* head_chain.c - see head_chain.h. */
#include "tests/support/head_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/draft/drafters.h"
#include "tests/support/tiny_head.h"

/* Features of the first n places as the reference has them. */
static void fill_features(Context *context, int n)
{
    int count = n * context->model->config.hidden;
    float *values = malloc((size_t)count * sizeof *values);
    for (int i = 0; i < context->features.n; i++) {
        char name[16];
        snprintf(name, sizeof name, "feature.%d", i);
        tiny_numbers(name, 1, count, values);
        context->model->kernels->upload(context->model->kernels, context->features.rows[i], values,
                                        (size_t)count);
    }
    free(values);
}

void head_tree(Model *target, Head *head, const int *text, int n, TreeShape shape, Tree *tree)
{
    enum { SLOTS = 128 };
    Context context;
    Drafter *d;
    Err err = {0};
    float threshold = 0;
    Cost cost = {0};
    Sampling greedy = {.top_p = 1};
    DraftConfig drafting = {.kind = drafter_find(head_kind_name(head->info.kind)),
                            .head = head,
                            .n_exits = 1,
                            .exits = {1}};
    int taps[FEATURES_MAX];
    for (int i = 0; i < head->info.n_taps; i++)
        taps[i] = head->info.taps[i] < 0 ? target->config.layers : head->info.taps[i];
    assert_int_equal(context_open(&context, target, KV_F16, target->config.layers, SLOTS, 1, &err),
                     0);
    assert_int_equal(context_set_features(&context, head->info.n_taps, taps, &err), 0);
    fill_features(&context, n - 1);
    DrafterParts parts = {.drafting = &drafting,
                          .target = target,
                          .context = &context,
                          .slots = SLOTS,
                          .thresholds = &threshold};
    assert_int_equal(drafters_open(&parts, &d, &err), 0);
    Proposal in = {.tokens = text,
                   .n = n,
                   .shape = shape,
                   .max_depth = DEPTH_MAX,
                   .max_nodes = NODES_MAX - 1,
                   .vocab = target->config.vocab,
                   .sampling = &greedy,
                   .cost = &cost};
    while (d->behind(d, text, n) > 0)
        assert_true(d->read(d, text, n) > 0);
    d->propose(d, &in, tree);
    d->close(d);
    context_close(&context);
}

void assert_head_chain(Model *target, Head *head, const json_t *row)
{
    const json_t *chain = json_object_get(row, "chain"), *ids = json_object_get(row, "text");
    assert_int_equal(target->config.vocab, json_integer_value(json_object_get(row, "vocab")));
    int text[16], n = (int)json_array_size(ids), depth = (int)json_array_size(chain);
    assert_in_range(n, 2, 16);
    for (int t = 0; t < n; t++)
        text[t] = (int)json_integer_value(json_array_get(ids, (size_t)t));
    Tree tree;
    TreeShape chain_of = {.depth = depth, .width = 1, .nodes = depth};
    head_tree(target, head, text, n, chain_of, &tree);
    assert_int_equal(tree.n, depth + 1);
    for (int k = 0; k < depth; k++) {
        const json_t *step = json_array_get(chain, (size_t)k);
        assert_int_equal(tree.node[k + 1].token, json_integer_value(json_array_get(step, 0)));
        assert_float_equal(tree.node[k + 1].p, json_real_value(json_array_get(step, 1)), 2e-5);
    }
}
