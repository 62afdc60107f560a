/* test_bad_head_configs.c - a config.json or a request that does not fit a published head: it is refused
 * with what is said and what is expected, and nothing is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/import_case.h"
#include "tests/support/temp.h"

static const struct {
    const char *file, *config, *says;
} configs[] = {
    {EAGLE, "{\"hidden_size\": 32}", "\"hidden_size\" is 32, that of tiny 16"},
    {EAGLE, "{\"vocab_size\": 311}", "\"vocab_size\" is 311, that of tiny 310"},
    {EAGLE3, "{\"target_hidden_size\": 32}", "\"target_hidden_size\" is 32"},
    {EAGLE, "{\"num_hidden_layers\": 2}", "a head of 2 layers"},
    {EAGLE, "{\"hidden_act\": \"gelu\"}", "\"hidden_act\" is \"gelu\""},
    {EAGLE, "{\"hidden_act\": 1}", "\"hidden_act\" is no short text"},
    {EAGLE, "{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}}", "(\"linear\")"},
    {EAGLE3, "{\"rope_parameters\": {\"rope_type\": \"llama3\"}}", "(\"llama3\")"},
    {EAGLE, "{\"rope_scaling\": 2}", "\"rope_scaling\" is no object"},
    {EAGLE, "{\"bias\": false}", "'fc.bias' is there, and config.json says that it is not"},
    {EAGLE, "{\"bias\": \"no\"}", "\"bias\" is neither true nor false"},
    {EAGLE, "{\"head_dim\": 8}", "expected [32, 16]"},
    {EAGLE, "{\"head_dim\": 3}", "the size even"},
    {EAGLE, "{\"head_dim\": 2000}", "at most 1024"},
    {EAGLE, "{\"num_key_value_heads\": 3}", "4 heads of 4 over 3"},
    {EAGLE, "{\"num_attention_heads\": 2000}", "2000 heads of 0"},
    {EAGLE, "{\"num_attention_heads\": 0}", "is no whole number from 1"},
    {EAGLE, "{\"num_attention_heads\": 4.0}", "is no whole number from 1"},
    {EAGLE, "{\"num_attention_heads\": 99999999999}", "is no whole number from 1"},
    {EAGLE, "{\"intermediate_size\": 25}", "has 24 rows, and config.json says 25"},
    {EAGLE, "{\"rope_theta\": 0}", "\"rope_theta\" is no positive number"},
    {EAGLE, "{\"rope_theta\": 1e300}", "\"rope_theta\" is no positive number"},
    {EAGLE, "{\"rms_norm_eps\": \"1e-5\"}", "\"rms_norm_eps\" is no positive number"},
    {EAGLE, "{\"rms_norm_eps\": 1e-60}", "\"rms_norm_eps\" is no positive number"},
    {EAGLE3, "{\"draft_vocab_size\": 100}", "has 116 rows, and config.json says 100 tokens"},
    {EAGLE3, "{\"eagle_config\": {\"eagle_aux_hidden_state_layer_ids\": [1, 2, 3, 4]}}",
     "is no list of 1 to 3 layers"},
    {MEDUSA, "{\"medusa_num_layers\": 2}", "has 2 residual blocks"},
    {HYDRA, "{\"grounded_heads\": false}", "\"grounded\""},
    {HYDRA, "{\"hydra_head_arch\": \"eagle-attn\"}", "\"eagle-attn\"; s2d runs mlp, prefix-mlp"},
    {HYDRA, "{\"hidden_state_offset\": 1}", "states of 1 layers before the last"},
    {HYDRA, "{\"hydra_num_layers\": 2}", "block is there 0 times, and config.json says 1"},
    {PLUS, "{\"hydra_num_layers\": 20}", "applied 19 times; s2d runs up to 16"},
    {PLUS, "{\"hydra_num_layers\": 1}", "block is there 1 times, and config.json says 0"},
};

static void a_config_that_does_not_fit_is_quoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        PublicHead head;
        public_read(&head, configs[i].file);
        json_t *more = json_loads(configs[i].config, 0, NULL);
        assert_int_equal(json_object_update(head.config, more), 0);
        public_save(&head, import_folder);
        HeadAsk ask = import_ask(configs[i].file);
        assert_import_refused(&ask, EXIT_DATA, configs[i].says, configs[i].config);
        json_decref(more);
        public_free(&head);
    }
}

static void a_config_must_be_one(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"[]", "it is no object"},
                 {"{\"bias\": true", "config.json: line 1: "},
                 {"", "config.json: line "},
                 {"{\"a\": 1, \"a\": 2}", "duplicate"}};
    char path[TEMP_BYTES + 16];
    HeadAsk ask = import_ask(EAGLE);
    ask.path = PUBLIC_FOLDER EAGLE;
    ask.config = path;
    snprintf(path, sizeof path, "%s/config.json", import_folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file_write_text(path, cases[i].text);
        assert_import_refused(&ask, EXIT_DATA, cases[i].says, cases[i].text);
    }
    unlink(path);
    assert_import_refused(&ask, EXIT_NOINPUT, "there is no such file", path);
    ask.config = import_folder;
    assert_import_refused(&ask, EXIT_DATA, "no config.json", import_folder);
}

/* ---- requests ---- */

static void a_request_that_does_not_fit_is_said_so(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int branches, n_taps, taps[3];
        const char *says;
    } cases[] = {
        {"eagle.bin", 2, 0, {0}, "--heads: only Medusa and Hydra have several"},
        {"eagle.bin", 0, 1, {1}, "--taps: only EAGLE-3 reads several"},
        {"hydra.pt", 0, 1, {1}, "--taps: only EAGLE-3 reads several"},
        {"medusa.pt", 4, 0, {0}, "--heads 4: there are 3"},
        {"eagle3.bin", 0, 0, {0}, "layers that ascend up to 4, the number that tiny has"},
        {"eagle3.bin", 0, 3, {1, 3, 2}, "name them with --taps"},
        {"eagle3.bin", 0, 3, {1, 2, 5}, "ascend up to 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        snprintf(path, sizeof path, PUBLIC_FOLDER "%s", cases[i].file);
        HeadAsk ask = import_ask("");
        ask.path = path;
        ask.branches = cases[i].branches;
        ask.n_taps = cases[i].n_taps;
        memcpy(ask.taps, cases[i].taps, sizeof ask.taps);
        assert_import_refused(&ask, EXIT_USAGE, cases[i].says, path);
    }
    HeadAsk ask = import_ask("");
    ask.path = PUBLIC_FOLDER "eagle3.bin";
    ask.n_taps = 2; /* for a matrix that three go through */
    memcpy(ask.taps, (int[]){1, 2, 0}, sizeof ask.taps);
    assert_import_refused(&ask, EXIT_DATA, "expected [16, 32]", ask.path);
}

/* Which layers those are that a config counts in its own way is not guessed. */
static void other_layers_are_to_be_named(void **state)
{
    (void)state;
    PublicHead head;
    ModelConfig deep = import_target;
    deep.layers = 32;
    public_read(&head, EAGLE3);
    json_object_set_new(head.config, "eagle_config",
                        json_pack("{s:[iii]}", "eagle_aux_hidden_state_layer_ids", 2, 18, 29));
    public_save(&head, import_folder);
    public_free(&head);
    HeadAsk ask = import_ask("");
    ask.target = &deep;
    assert_import_refused(&ask, EXIT_DATA,
                          "other layers than the authors' 2, 16 and 29; say with --taps", EAGLE3);
}

static void files_that_are_not_there_are_looked_for(void **state)
{
    (void)state;
    char empty[TEMP_BYTES];
    temp_folder_make(empty);
    HeadAsk ask = import_ask("");
    ask.path = empty;
    assert_import_refused(&ask, EXIT_NOINPUT, "no head is in that folder", empty);
    ask.path = "nothing/here.safetensors";
    assert_import_refused(&ask, EXIT_NOINPUT, "nothing/here.safetensors", ask.path);
    ask.path = "tests/references/heads.py";
    assert_import_refused(&ask, EXIT_DATA, "heads.py", ask.path);
    temp_folder_remove(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_config_that_does_not_fit_is_quoted),
        cmocka_unit_test(a_config_must_be_one),
        cmocka_unit_test(a_request_that_does_not_fit_is_said_so),
        cmocka_unit_test(other_layers_are_to_be_named),
        cmocka_unit_test(files_that_are_not_there_are_looked_for),
    };
    return cmocka_run_group_tests(tests, import_setup, import_teardown);
}
