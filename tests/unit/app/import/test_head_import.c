/* test_head_import.c - heads that PyTorch and safetensors wrote as their authors publish them
 * (tests/references/make_heads.py) draft, once they are s2d's, what PyTorch says of the same nets.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/base/save_file.h"
#include "app/import/head_import.h"
#include "tests/support/head_chain.h"
#include "tests/support/public_head.h"
#include "tests/support/temp.h"

typedef struct Fixture {
    Kernels *kernels;
    Model *target;
    char folder[TEMP_BYTES];
    char out[TEMP_BYTES + 16];
    char config[TEMP_BYTES + 16];
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    KernelsOptions options = {.device = "cpu", .threads = 1, .act_f32 = true};
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    TinyModel tiny = public_target();
    f->target = tiny_model_open(&tiny, f->kernels, "tiny", NULL);
    temp_folder_make(f->folder);
    snprintf(f->out, sizeof f->out, "%s/out.gguf", f->folder);
    snprintf(f->config, sizeof f->config, "%s/config.json", f->folder);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    temp_folder_remove(f->folder);
    model_close(f->target);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

/* EAGLE-3's features are of layers 1, 2 and 3. */
static HeadAsk ask_of(const Fixture *f, const char *path, const char *kind)
{
    HeadAsk ask = {
        .path = path, .target_name = "tiny", .target = &f->target->config, .type = QUANT_F32};
    if (strcmp(kind, "eagle3") == 0) {
        ask.n_taps = 3;
        memcpy(ask.taps, (int[]){1, 2, 3}, sizeof ask.taps);
    }
    return ask;
}

static HeadImport *opened(const HeadAsk *ask)
{
    HeadImport *import;
    Err err = {0};
    if (head_import_open(&import, ask, &err) != 0)
        fail_msg("%s", err.text);
    return import;
}

static HeadFile *written(const Fixture *f, HeadImport *import)
{
    HeadFile *file;
    Err err = {0};
    if (save_stream(f->out, head_import_write, import, &err) != 0 ||
        head_file_open(&file, f->out, &err) != 0 ||
        head_fits(file, &f->target->config, "tiny", &err) != 0)
        fail_msg("%s", err.text);
    return file;
}

static void check_chain(const Fixture *f, const HeadAsk *ask, const json_t *row)
{
    Head *head;
    Err err = {0};
    HeadImport *import = opened(ask);
    HeadFile *file = written(f, import);
    if (head_open(&head, file, f->target, &err) != 0)
        fail_msg("%s", err.text);
    assert_head_chain(f->target, head, row);
    head_close(head);
    head_file_close(file);
    head_import_close(import);
}

static const char *text(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static void every_layout_and_container_drafts_its_chain(void **state)
{
    const Fixture *f = *state;
    json_t *row;
    int n = 0;
    for (; (row = public_row(n)) != NULL; n++) {
        char path[128];
        snprintf(path, sizeof path, PUBLIC_FOLDER "%s", text(row, "file"));
        assert_int_equal(json_dump_file(json_object_get(row, "config"), f->config, 0), 0);
        HeadAsk ask = ask_of(f, path, text(row, "head"));
        ask.config = f->config;
        check_chain(f, &ask, row);
        json_decref(row);
    }
    assert_int_equal(n, 10);
}

/* By the names that the authors give to their files; the target's own values serve where there is no
 * config.json, and they are those of the heads. */
static void a_folder_is_as_good_as_its_file(void **state)
{
    static const struct {
        int row;
        const char *name;
    } cases[] = {{0, "model.safetensors"},          {1, "pytorch_model.bin"},
                 {4, "medusa_lm_head.safetensors"}, {5, "medusa_lm_head.pt"},
                 {6, "hydra_lm_head.safetensors"},  {7, "hydra_lm_head.pt"}};
    const Fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char folder[TEMP_BYTES], heads[PATH_MAX], from[PATH_MAX + 80], name[128];
        json_t *row = public_row(cases[i].row);
        temp_folder_make(folder);
        snprintf(name, sizeof name, "%s/%s", folder, cases[i].name);
        assert_non_null(realpath(PUBLIC_FOLDER, heads));
        snprintf(from, sizeof from, "%s/%.60s", heads, text(row, "file"));
        assert_int_equal(symlink(from, name), 0);
        HeadAsk ask = ask_of(f, folder, text(row, "head"));
        check_chain(f, &ask, row);
        HeadImport *import = opened(&ask);
        assert_string_equal(head_import_path(import), name);
        if (cases[i].row < 2)
            assert_string_equal(head_import_note(import, 0),
                                "heads, key/value heads, head size, rope base, norm epsilon: as "
                                "the target has it, for there is no config.json");
        else
            assert_null(head_import_note(import, 0));
        head_import_close(import);
        json_decref(row);
        temp_folder_remove(folder);
    }
}

/* What EAGLE's own program takes where its config.json is silent. */
static void the_authors_values_serve_where_their_config_is_silent(void **state)
{
    const Fixture *f = *state;
    HeadAsk ask = ask_of(f, PUBLIC_FOLDER "eagle.safetensors", "eagle");
    ModelConfig target = f->target->config;
    ask.target = &target;
    ask.config = f->config;
    target.rope.base = 500000;
    target.norm_eps = 1e-3f;
    file_write_text(f->config, "{\"num_attention_heads\": 4, \"num_key_value_heads\": 2}");
    HeadImport *import = opened(&ask);
    const ModelConfig *layer = &head_import_info(import)->layer;
    assert_true(layer->rope.base == 10000 && layer->norm_eps == 1e-6f);
    assert_string_equal(head_import_note(import, 0),
                        "head size, rope base, norm epsilon: as the authors' program has it, for "
                        "config.json does not say");
    assert_null(head_import_note(import, 1));
    head_import_close(import);
}

static void a_base_is_named_by_what_people_call_it(void **state)
{
    static const struct {
        const char *said, *named;
    } cases[] = {
        {"{\"base_model_name_or_path\": \"lmsys/vicuna-7b-v1.3\"}", "lmsys/vicuna-7b-v1.3"},
        {"{\"_name_or_path\": \"/home/some one/models/vicuna/\"}", "vicuna"},
        {"{\"base_model_name_or_path\": \"\", \"_name_or_path\": \"a b\\u001b\"}", "a_b_"},
        {"{\"base_model_name_or_path\": null}", ""}};
    const Fixture *f = *state;
    HeadAsk ask = ask_of(f, PUBLIC_FOLDER "medusa.pt", "medusa");
    ask.config = f->config;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file_write_text(f->config, cases[i].said);
        HeadImport *import = opened(&ask);
        HeadFile *file = written(f, import);
        assert_string_equal(file->info.base_name, cases[i].named);
        assert_string_equal(file->info.base_sha256, "");
        head_file_close(file);
        head_import_close(import);
    }
}

static void it_can_be_asked_for_less(void **state)
{
    const Fixture *f = *state;
    static const char *const files[] = {PUBLIC_FOLDER "medusa.safetensors",
                                        PUBLIC_FOLDER "hydra++.pt"};
    for (int i = 0; i < 2; i++) {
        HeadAsk ask = ask_of(f, files[i], "");
        ask.branches = 2;
        ask.type = QUANT_Q8_0; /* of whose blocks 16 columns are half a one */
        HeadImport *import = opened(&ask);
        HeadFile *file = written(f, import);
        assert_int_equal(file->info.branches, 2);
        const GgufTensor *matrix = gguf_tensor(file->gguf, "head.1.fc.0.weight");
        assert_int_equal(matrix->type, QUANT_F16);
        assert_int_equal(gguf_tensor(file->gguf, "head.1.fc.bias")->type, QUANT_F32);
        assert_null(gguf_tensor(file->gguf, "head.2.fc.0.weight"));
        head_file_close(file);
        head_import_close(import);
    }
}

static void eagle3_reads_the_layers_that_its_authors_read(void **state)
{
    const Fixture *f = *state;
    HeadAsk ask = ask_of(f, PUBLIC_FOLDER "eagle3.safetensors", "");
    ModelConfig target = f->target->config;
    static const char *const same[] = {"{}",
                                       "{\"eagle_config\": {\"eagle_aux_hidden_state_layer_ids\": "
                                       "[2, 16, 29]}}",
                                       "{\"eagle_config\": {\"eagle_aux_hidden_state_layer_ids\": "
                                       "[1, 15, 28]}}"};
    ask.target = &target;
    ask.config = f->config;
    target.layers = 32;
    for (int i = 0; i < 3; i++) {
        file_write_text(f->config, same[i]);
        HeadImport *import = opened(&ask);
        const HeadInfo *info = head_import_info(import);
        assert_int_equal(info->n_taps, 3);
        assert_memory_equal(info->taps, ((int[]){2, 16, 29}), sizeof info->taps);
        assert_int_equal(info->n_vocab, 116);
        assert_int_equal(info->ids[115], 307);
        head_import_close(import);
    }
}

/* As a file that was written before anybody filled them. */
static void lists_of_all_tokens_are_passed_over(void **state)
{
    const Fixture *f = *state;
    PublicHead head;
    public_read(&head, "eagle3.safetensors");
    json_object_set_new(head.config, "draft_vocab_size", json_integer(310));
    public_put(&head, "lm_head.weight", "F16", 2, 310, 16);
    public_put(&head, "d2t", "I64", 1, 310, 0);
    public_put(&head, "t2d", "BOOL", 1, 310, 0);
    public_save(&head, f->folder);
    public_free(&head);
    HeadAsk ask = ask_of(f, f->folder, "eagle3");
    HeadImport *import = opened(&ask);
    assert_int_equal(head_import_info(import)->n_vocab, 0);
    head_import_close(import);
}

static void branches_are_counted_by_their_tensors(void **state)
{
    const Fixture *f = *state;
    HeadAsk ask = ask_of(f, PUBLIC_FOLDER "medusa.pt", "medusa");
    ask.config = f->config;
    file_write_text(f->config, "{\"medusa_num_heads\": 2}");
    HeadImport *import = opened(&ask);
    assert_int_equal(head_import_info(import)->branches, 3);
    assert_string_equal(head_import_note(import, 0), "config.json says 2 heads, and there are 3");
    head_import_close(import);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_and_container_drafts_its_chain),
        cmocka_unit_test(a_folder_is_as_good_as_its_file),
        cmocka_unit_test(the_authors_values_serve_where_their_config_is_silent),
        cmocka_unit_test(a_base_is_named_by_what_people_call_it),
        cmocka_unit_test(it_can_be_asked_for_less),
        cmocka_unit_test(eagle3_reads_the_layers_that_its_authors_read),
        cmocka_unit_test(lists_of_all_tokens_are_passed_over),
        cmocka_unit_test(branches_are_counted_by_their_tensors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
