/* test_models_cache.c - which models are held, for which use, and what they take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/file_hash.h"
#include "app/worker/models_cache.h"
#include "tests/support/model_folder.h"
#include "tests/support/split_model.h"

static ModelFolder folder;

static int setup(void **state)
{
    static Kernels *kernels;
    if (model_folder_make(&folder) != 0 ||
        kernels_open(&kernels, &(KernelsOptions){.device = "cpu", .threads = 1}, NULL) != 0)
        return -1;
    *state = kernels;
    return 0;
}

static int teardown(void **state)
{
    Kernels *kernels = *state;
    kernels->close(kernels);
    model_folder_remove(&folder);
    return 0;
}

/* A profile whose draft and targets are files of the folder; close with profile_close of its list
 * only. */
static Profile profile_of(const char *draft, const char *target, const char *list)
{
    static char paths[2][256];
    Profile profile = {.n_targets = 1};
    profile.draft_base = model_folder_file(&folder, draft, paths[0]);
    profile.targets[0].model = model_folder_file(&folder, target, paths[1]);
    if (list)
        assert_int_equal(short_list_parse(&profile.draft_ids, list, strlen(list), "l", NULL), 0);
    return profile;
}

static Model *load(ModelsCache *cache, const ModelPlan *plan)
{
    Model *model;
    Err err = {0};
    if (models_load(cache, plan, NULL, NULL, &model, &err) != 0)
        fail_msg("%s", err.text);
    return model;
}

static ModelPlan plan_target(const ModelsCache *cache, const Profile *profile)
{
    ModelPlan plan;
    Err err = {0};
    if (models_plan(cache, profile->targets[0].model, &plan, &err) != 0)
        fail_msg("%s", err.text);
    return plan;
}

static ModelPlan plan_draft(const ModelsCache *cache, Profile *profile)
{
    ModelPlan plan;
    Err err = {0};
    if (models_plan_draft(cache, profile, &plan, &err) != 0)
        fail_msg("%s", err.text);
    return plan;
}

/* A draft that is one of the targets and has no list of its own is that target. */
static void test_shared(void **state)
{
    ModelsCache cache = {.kernels = *state};
    Profile profile = profile_of("target.gguf", "target.gguf", NULL);
    profile.draft_layers = 3;
    ModelPlan target = plan_target(&cache, &profile), draft = plan_draft(&cache, &profile);
    assert_false(draft.use.requantise);
    assert_int_equal(draft.config.loaded, 3);
    assert_true(models_plan_shared(&target, &draft));
    Model *model = load(&cache, &target);
    assert_ptr_equal(load(&cache, &draft), model);
    assert_int_equal(cache.n, 1);
    models_plan_close(&target);
    models_plan_close(&draft);
    draft = plan_draft(&cache, &profile);
    assert_int_equal(draft.weight_bytes, 0); /* it is held */
    models_plan_close(&draft);
    models_close(&cache);
}

/* With a list it is a model of its own, which no target may use. */
static void test_apart(void **state)
{
    ModelsCache cache = {.kernels = *state};
    Profile profile = profile_of("target.gguf", "target.gguf", "0-99 200");
    for (int exact = 0; exact < 2; exact++) {
        profile.draft_exact = exact;
        ModelPlan target = plan_target(&cache, &profile), draft = plan_draft(&cache, &profile);
        assert_int_equal(draft.use.requantise, !exact);
        assert_false(models_plan_shared(&target, &draft));
        assert_true(draft.weight_bytes > 0);
        Model *small = load(&cache, &draft), *whole = load(&cache, &target);
        assert_ptr_not_equal(small, whole);
        assert_int_equal(models_bytes(&cache), target.weight_bytes + draft.weight_bytes);
        assert_true(small->requantised == !exact && !whole->requantised && !whole->short_ids);
        assert_ptr_equal(load(&cache, &draft), small);
        assert_ptr_equal(load(&cache, &target), whole);

        /* Its list, and the tokens that end an answer. */
        assert_int_equal(small->n_short, draft.list.n);
        for (int i = 0; i < 101; i++)
            assert_int_equal(small->short_ids[i], i < 100 ? i : 200);
        int ends = 0;
        for (int i = 101; i < draft.list.n; i++)
            ends += tokenizer_is_end(small->tokenizer, small->short_ids[i]);
        assert_int_equal(ends, draft.list.n - 101);
        assert_true(ends >= 2);

        models_plan_close(&draft);
        draft = plan_draft(&cache, &profile);
        assert_int_equal(draft.weight_bytes, 0);
        models_plan_close(&draft);
        models_trim(&cache, whole, NULL);
        draft = plan_draft(&cache, &profile);
        assert_true(draft.weight_bytes > 0);
        models_plan_close(&draft);
        models_plan_close(&target);
        models_close(&cache);
    }
    short_list_close(&profile.draft_ids);
}

/* One that is no target is rounded also without a list, and cut; a deeper use of it is another
 * model. */
static void test_cut(void **state)
{
    ModelsCache cache = {.kernels = *state};
    Profile profile = profile_of("draft.gguf", "target.gguf", NULL);
    profile.draft_layers = 2;
    ModelPlan plan = plan_draft(&cache, &profile);
    assert_true(plan.use.requantise);
    Model *cut = load(&cache, &plan);
    assert_int_equal(cut->config.loaded, 2);
    models_plan_close(&plan);
    profile.draft_layers = 0;
    plan = plan_draft(&cache, &profile);
    Model *deep = load(&cache, &plan);
    assert_ptr_not_equal(cut, deep);
    assert_int_equal(deep->config.loaded, 4);
    models_plan_close(&plan);
    models_close(&cache);
}

/* Trained exits: what the profile leaves open is the adapter's, and the draft is a model of its
 * own, also where a target has the same file. */
static void test_adapter(void **state)
{
    ModelsCache cache = {.kernels = *state};
    char path[256];
    Profile profile = profile_of("draft.gguf", "draft.gguf", "0-99");
    profile.draft_adapter = model_folder_file(&folder, "exits.gguf", path);
    ModelPlan target = plan_target(&cache, &profile), draft = plan_draft(&cache, &profile);
    assert_true(profile.draft_layers == 4 && profile.n_exits == 3 && profile.exits[1] == 3);
    assert_true(draft.list.n >= 200 && draft.list.ids[199] == 199); /* not the profile's */
    assert_true(draft.use.requantise && draft.config.exit_layers == 1);
    assert_false(models_plan_shared(&target, &draft));
    Model *trained = load(&cache, &draft), *whole = load(&cache, &target);
    assert_ptr_not_equal(trained, whole);
    assert_true(trained->n_exits == 2 && whole->n_exits == 0);
    assert_ptr_equal(load(&cache, &draft), trained);
    models_plan_close(&draft);

    profile.n_exits = 1; /* what it does not leave open stays */
    profile.exits[0] = 2;
    profile.draft_layers = 2;
    draft = plan_draft(&cache, &profile);
    assert_true(profile.n_exits == 1 && draft.config.loaded == 2);
    assert_true(draft.weight_bytes == 0); /* the deeper one will do */
    models_plan_close(&draft);

    /* The same without it is another model. */
    profile.draft_adapter = NULL;
    draft = plan_draft(&cache, &profile);
    assert_true(draft.weight_bytes > 0 && draft.config.exit_layers == 0);
    models_plan_close(&draft);
    models_plan_close(&target);
    short_list_close(&profile.draft_ids);
    models_close(&cache);
}

static void test_adapter_refused(void **state)
{
    ModelsCache cache = {.kernels = *state};
    char path[256];
    static const struct {
        const char *base, *adapter, *says;
        int code;
    } cases[] = {{"second.gguf", "exits.gguf", "was trained on a base with SHA-256", EXIT_DATA},
                 {"draft.gguf", "none.gguf", "no such adapter here", EXIT_NOINPUT},
                 {"draft.gguf", "target.gguf", "this is no adapter", EXIT_DATA},
                 {"draft.gguf", "tiny.yaml", "not a GGUF", EXIT_DATA}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Profile profile = profile_of(cases[i].base, "target.gguf", NULL);
        ModelPlan plan;
        Err err = {0};
        profile.draft_adapter = model_folder_file(&folder, cases[i].adapter, path);
        assert_int_equal(models_plan_draft(&cache, &profile, &plan, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("%s", err.text);
    }
}

/* A file is hashed once, as long as it stays as it is. */
static void test_hash_is_remembered(void **state)
{
    (void)state;
    char path[256], list[256], hash[SHA256_TEXT], again[SHA256_TEXT], line[1024];
    FILE *file;
    assert_int_equal(model_folder_write(&folder, "h", "abc"), 0);
    model_folder_file(&folder, "h", path);
    unlink(model_folder_file(&folder, "s2d/hashes", list));
    assert_int_equal(file_hash(path, hash, NULL), 0);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    file = fopen(list, "r+"); /* what is remembered is believed */
    assert_non_null(file);
    assert_int_equal(fputc('c', file), 'c');
    fclose(file);
    assert_int_equal(file_hash(path, again, NULL), 0);
    assert_true(again[0] == 'c' && strcmp(again + 1, hash + 1) == 0);
    assert_int_equal(model_folder_write(&folder, "h", "abcd"), 0);
    assert_int_equal(file_hash(path, again, NULL), 0);
    assert_memory_equal(again, "88d4266f", 8);
    /* Nonsense in the list, or more than it takes, does no harm. */
    file = fopen(list, "w");
    for (int i = 0; i < 9000; i++)
        fputs("nonsense\n", file);
    fclose(file);
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof line, "%0*d", 200 + i % 7, i);
        assert_int_equal(model_folder_write(&folder, line, line), 0);
        assert_int_equal(file_hash(model_folder_file(&folder, line, path), again, NULL), 0);
        unlink(path);
    }
    file = fopen(list, "r");
    assert_true(fgets(line, sizeof line, file) && strncmp(line, again, 64) == 0);
    fseek(file, 0, SEEK_END);
    assert_true(ftell(file) <= 64 << 10);
    fclose(file);
    Err err = {0};
    assert_int_equal(file_hash("/none", again, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
}

static void hashes_at_once_are_all_remembered(void **state)
{
    (void)state;
    enum { N = 16 };
    char path[256], name[16], hash[SHA256_TEXT], line[1024];
    int go[2], status, lines = 0;
    unlink(model_folder_file(&folder, "s2d/hashes", path));
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "at-once-%d", i);
        assert_int_equal(model_folder_write(&folder, name, name), 0);
        if (fork() == 0) { /* they wait for the end of the pipe, so as to begin together */
            close(go[1]);
            bool good = read(go[0], line, 1) == 0 &&
                        file_hash(model_folder_file(&folder, name, path), hash, NULL) == 0;
            _exit(good ? 0 : 1);
        }
    }
    close(go[0]);
    close(go[1]);
    for (int i = 0; i < N; i++)
        assert_true(wait(&status) > 0 && status == 0);
    FILE *file = fopen(model_folder_file(&folder, "s2d/hashes", path), "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        lines++;
    fclose(file);
    assert_int_equal(lines, N);
}

/* A model in several files, as the hub's cache has it: links with the parts' names to files without. */
static void test_parts(void **state)
{
    ModelsCache cache = {.kernels = *state};
    char whole[256], prefix[256], part[256], blob[256], link[256], hash[SHA256_TEXT];
    char first[SHA256_TEXT];
    ModelPlan plan, again;
    Err err = {0};
    model_folder_file(&folder, "blob", prefix);
    split_model(model_folder_file(&folder, "second.gguf", whole), prefix, 2, false);
    for (int i = 1; i <= 2; i++) {
        snprintf(part, sizeof part, "blob-%05d-of-00002.gguf", i);
        snprintf(link, sizeof link, "in-parts-%05d-of-00002.gguf", i);
        snprintf(blob, sizeof blob, "sha%d", i);
        char from[256], to[256], at[256];
        assert_int_equal(
            rename(model_folder_file(&folder, part, from), model_folder_file(&folder, blob, to)),
            0);
        assert_int_equal(symlink(to, model_folder_file(&folder, link, at)), 0);
    }
    model_folder_file(&folder, "in-parts-00002-of-00002.gguf", part);
    if (models_plan(&cache, part, &plan, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(plan.name, "in-parts");
    assert_non_null(strstr(plan.path, "/in-parts-00001-of-00002.gguf"));
    Model *model = load(&cache, &plan);
    models_plan_close(&plan);
    model_folder_file(&folder, "in-parts-00001-of-00002.gguf", link);
    assert_int_equal(models_plan(&cache, link, &again, &err), 0);
    assert_ptr_equal(models_held(&cache, &again), model); /* by either name it is one model */
    models_plan_close(&again);

    assert_int_equal(file_hash(link, first, &err), 0);
    assert_int_equal(file_hash(part, hash, &err), 0);
    assert_string_equal(hash, first); /* of all of it, by either name */
    model_folder_file(&folder, "sha2", blob);
    assert_int_equal(truncate(blob, 1000), 0);
    assert_int_equal(file_hash(link, hash, &err), 0);
    assert_string_not_equal(hash, first);
    unlink(part);
    assert_int_equal(file_hash(link, hash, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    assert_non_null(strstr(err.text, "00002-of-00002"));
    models_close(&cache);
}

static void test_refused(void **state)
{
    ModelsCache cache = {.kernels = *state};
    Profile profile = profile_of("draft.gguf", "target.gguf", "3 70000");
    ModelPlan plan;
    Err err = {0};
    assert_int_equal(models_plan_draft(&cache, &profile, &plan, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "token 70000, but the vocabulary of draft is 0 ... "));
    assert_null(plan.tokenizer);
    short_list_close(&profile.draft_ids);
    profile.draft_layers = 5;
    err = (Err){0};
    assert_int_equal(models_plan_draft(&cache, &profile, &plan, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "draft has 4 layers"));
    models_close(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_adapter),
        cmocka_unit_test(test_adapter_refused),
        cmocka_unit_test(test_hash_is_remembered),
        cmocka_unit_test(hashes_at_once_are_all_remembered),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
