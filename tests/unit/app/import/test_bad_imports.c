/* test_bad_imports.c - published heads with one thing wrong: each is refused with what is there and what
 * is expected, and nothing is written. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/import_case.h"
#include "tests/support/temp.h"

/* ---- tensors ---- */

/* What takes the tensor's place: another shape, or nothing where n_dims is 0. */
static const struct {
    const char *file, *tensor, *type;
    int n_dims;
    int64_t rows, cols;
    const char *says;
} shapes[] = {
    {EAGLE, "fc.weight", "F32", 2, 16, 16,
     "'fc.weight' is of 2 dimensions [16, 16], expected [16, 32]"},
    {EAGLE, "fc.weight", "F32", 2, 8, 16, "hidden size is 8, that of tiny 16"},
    {EAGLE, "fc.weight", "I64", 2, 16, 32, "'fc.weight' is I64, expected F32"},
    {EAGLE, "fc.weight", "", 0, 0, 0, "neither 'fc.weight' (EAGLE) nor"},
    {EAGLE, "fc.bias", "F32", 2, 16, 1, "'fc.bias' is of 2 dimensions [16, 1], expected [16]"},
    {EAGLE, "layers.0.mlp.up_proj.weight", "", 0, 0, 0, "'layers.0.mlp.up_proj.weight' is missing"},
    {EAGLE, "layers.0.mlp.gate_proj.weight", "", 0, 0, 0, "gate_proj.weight' is missing"},
    {EAGLE, "layers.0.mlp.gate_proj.weight", "F32", 2, 1, 16, "has 1 rows, expected 2 or more"},
    {EAGLE, "layers.0.self_attn.k_proj.weight", "F32", 2, 16, 16, "expected [8, 16]"},
    {EAGLE, "layers.1.mlp.up_proj.weight", "F32", 2, 24, 16, "belongs to no eagle head"},
    {EAGLE, "embed_tokens.weight", "F32", 2, 300, 16, "[300, 16], expected [310, 16]"},
    {EAGLE3, "layers.0.hidden_norm.weight", "", 0, 0, 0, "hidden_norm.weight' is missing"},
    {EAGLE3, "layers.0.self_attn.q_proj.weight", "F16", 2, 16, 16, "expected [16, 32]"},
    {EAGLE3, "norm.weight", "", 0, 0, 0, "'norm.weight' is missing"},
    {EAGLE3, "lm_head.weight", "", 0, 0, 0, "'lm_head.weight' is missing"},
    {EAGLE3, "lm_head.weight", "F16", 2, 400, 16, "has 400 rows; tiny has 310 tokens"},
    {EAGLE3, "d2t", "", 0, 0, 0, "'d2t' is missing"},
    {EAGLE3, "d2t", "I64", 1, 115, 0, "'d2t' has 115 values, expected 116"},
    {EAGLE3, "d2t", "F32", 1, 116, 0, "'d2t' is F32, expected I64"},
    {EAGLE3, "t2d", "BOOL", 1, 309, 0, "'t2d' has 309 values, expected 310"},
    {EAGLE3, "t2d", "BOOL", 1, 310, 0, "do not agree on token 0"},
    {MEDUSA, "medusa_head.1.1.weight", "", 0, 0, 0, "'medusa_head.1.1.weight' is missing"},
    {MEDUSA, "medusa_head.0.1.weight", "F32", 2, 309, 16, "[309, 16], expected [310, 16]"},
    {MEDUSA, "medusa_head.0.1.linear.weight", "F32", 2, 16, 16, "has 2 residual blocks"},
    {MEDUSA, "other", "F32", 1, 1, 0, "no head that s2d knows"},
    {MEDUSA, "medusa_head.1.0.linear.weight", "", 0, 0, 0, "belongs to no medusa head"},
    {HYDRA, "hydra_mlp.0.0.res_connection.weight", "", 0, 0, 0, "\"grounded\""},
    {HYDRA, "hydra_mlp.2.0.linear.weight", "F16", 2, 16, 48, "expected [16, 64]"},
    {HYDRA, "hydra_lm_head.2.weight", "", 0, 0, 0, "'hydra_lm_head.2.weight' is missing"},
    {HYDRA, "hydra_lm_head.0.bias", "F16", 1, 309, 0, "expected [310]"},
    {PLUS, "prefix_embeding_layer.norm.weight", "", 0, 0, 0, "layer.norm.weight' is missing"},
    {PLUS, "hydra_mlp.1.5.linear.weight", "F32", 2, 16, 16, "branches 0 and 1 have other blocks"},
    {PLUS, "hydra_mlp.0.2.weight", "F32", 2, 16, 16, "belongs to no hydra head"},
};

static void a_tensor_that_does_not_fit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        PublicHead head;
        public_read(&head, shapes[i].file);
        public_put(&head, shapes[i].tensor, shapes[i].type, shapes[i].n_dims, shapes[i].rows,
                   shapes[i].cols);
        public_save(&head, import_folder);
        HeadAsk ask = import_ask(shapes[i].file);
        assert_import_refused(&ask, EXIT_DATA, shapes[i].says, shapes[i].tensor);
        public_free(&head);
    }
}

static void set_value(PublicTensor *tensor, int index, double value)
{
    assert_non_null(tensor);
    if (strcmp(tensor->type, "I64") == 0)
        ((int64_t *)(void *)tensor->data)[index] = (int64_t)value;
    else if (strcmp(tensor->type, "F32") == 0)
        ((float *)(void *)tensor->data)[index] = (float)value;
    else if (strcmp(tensor->type, "F16") == 0)
        ((uint16_t *)(void *)tensor->data)[index] = float_to_half((float)value);
    else if (strcmp(tensor->type, "BF16") == 0)
        ((uint16_t *)(void *)tensor->data)[index] = isnan(value) ? 0x7fc0 : 0x7f80;
    else
        tensor->data[index] = value != 0;
}

static const struct {
    const char *file, *tensor;
    int index;
    double value;
    const char *says;
} values[] = {
    {EAGLE, "fc.weight", 40, NAN, "'fc.weight' holds a value that is NaN or infinite, in row 1"},
    {EAGLE, "fc.weight", 31, INFINITY, "'fc.weight' holds a value"},
    {EAGLE, "fc.weight", 3, 70000, "too large for F16"},
    {EAGLE, "layers.0.self_attn.q_proj.bias", 15, -INFINITY, "q_proj.bias' holds a value"},
    {EAGLE3, "lm_head.weight", 115 * 16, NAN,
     "'lm_head.weight' holds a value that is NaN or "
     "infinite, in row 115"},
    {EAGLE3, "d2t", 5, -6, "moves row 5 by -6, out of the vocabulary of 310"},
    {EAGLE3, "d2t", 5, 305, "moves row 5 by 305, out of"},
    {EAGLE3, "d2t", 5, -9e18, "moves row 5 by -9"},
    {EAGLE3, "d2t", 5, 9e18, "moves row 5 by 9"},
    {EAGLE3, "d2t", 7, 50, "makes rows 7 and 8 tokens 57 and 8; they must ascend"},
    {EAGLE3, "d2t", 7, -1, "makes rows 6 and 7 tokens 6 and 6"},
    {EAGLE3, "d2t", 115, 194, "do not agree on token 307"},
    {EAGLE3, "t2d", 309, 1, "do not agree on token 309"},
    {MEDUSA, "medusa_head.2.1.weight", 0, NAN, "'medusa_head.2.1.weight' holds a value"},
    {PLUS, "hydra_mlp.2.3.linear.bias", 1, NAN, "'hydra_mlp.2.3.linear.bias' holds a value"},
};

static void a_value_that_is_none_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        PublicHead head;
        public_read(&head, values[i].file);
        set_value(public_find(&head, values[i].tensor), values[i].index, values[i].value);
        public_save(&head, import_folder);
        HeadAsk ask = import_ask(values[i].file);
        assert_import_refused(&ask, EXIT_DATA, values[i].says, values[i].tensor);
        public_free(&head);
    }
}

/* As PyTorch writes it, in every place. */
static void a_repeated_block_is_one(void **state)
{
    (void)state;
    static const char *const names[] = {"weight", "bias"};
    PublicHead head;
    Err err = {0};
    public_read(&head, PLUS);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 2; i++) {
            char from[64], to[64];
            snprintf(from, sizeof from, "hydra_mlp.%d.3.linear.%s", k, names[i]);
            snprintf(to, sizeof to, "hydra_mlp.%d.5.linear.%s", k, names[i]);
            public_put(&head, to, "F32", 2 - i, 16, 16);
            PublicTensor *copy = public_find(&head, to);
            memcpy(copy->data, public_find(&head, from)->data, copy->bytes);
        }
    public_save(&head, import_folder);
    HeadAsk ask = import_ask(PLUS);
    if (import_head(&ask, &err) != 0)
        fail_msg("%s", err.text);
    unlink(import_out);
    PublicTensor *copy = public_find(&head, "hydra_mlp.2.5.linear.weight");
    set_value(copy, 255, 1);
    public_save(&head, import_folder);
    assert_import_refused(
        &ask, EXIT_DATA,
        "'hydra_mlp.2.3.linear.weight' and 'hydra_mlp.2.5.linear.weight' are not equal", PLUS);
    public_free(&head);
}

static void more_branches_than_s2d_runs_are_counted(void **state)
{
    (void)state;
    PublicHead head;
    Err err = {0};
    public_read(&head, MEDUSA);
    for (int k = 3; k < 9; k++) {
        char name[64];
        snprintf(name, sizeof name, "medusa_head.%d.0.linear.weight", k);
        public_put(&head, name, "F32", 2, 16, 16);
        snprintf(name, sizeof name, "medusa_head.%d.1.weight", k);
        public_put(&head, name, "F32", 2, 310, 16);
    }
    public_save(&head, import_folder);
    public_free(&head);
    HeadAsk ask = import_ask(MEDUSA);
    assert_import_refused(&ask, EXIT_DATA,
                          "9 heads, and s2d runs up to 8; take the first with --heads 8", MEDUSA);
    ask.branches = 8;
    if (import_head(&ask, &err) != 0)
        fail_msg("%s", err.text);
    unlink(import_out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensor_that_does_not_fit_is_named),
        cmocka_unit_test(a_value_that_is_none_is_named),
        cmocka_unit_test(a_repeated_block_is_one),
        cmocka_unit_test(more_branches_than_s2d_runs_are_counted),
    };
    return cmocka_run_group_tests(tests, import_setup, import_teardown);
}
