/* test_found.c - made-up caches of other programs: what is found in them under which name, what of it is
 * of no use and why, what is remembered, and what drafts for what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/profile/catalog.h"
#include "app/profile/found_cache.h"
#include "app/profile/pair.h"
#include "tests/support/split_model.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define OLLAMA "ollama/manifests/registry.ollama.ai/library/"

static char root[TEMP_BYTES];

/* A path below the root, with the folders above it made. */
static const char *below(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    for (char *c = strchr(path + strlen(root) + 1, '/'); c; c = strchr(c + 1, '/')) {
        *c = '\0';
        mkdir(path, 0700);
        *c = '/';
    }
    return path;
}

/* layers 4: a draft; 40: a target of it. seed: of another file */
static void make_model(const char *name, int layers, TinyVocab vocab, uint64_t seed)
{
    TinyModel tiny = tiny_model(vocab == TINY_SPM ? ARCH_LLAMA : ARCH_QWEN2);
    Err err = {0};
    tiny.layers = layers;
    tiny.vocab = vocab;
    tiny.seed = seed;
    if (tiny_model_write(&tiny, below(name), &err) != 0)
        fail_msg("%s", err.text);
}

static void make_link(const char *to, const char *name)
{
    assert_int_equal(symlink(to[0] == '/' ? to : below(to), below(name)), 0);
}

static void make_manifest(const char *name, char last, size_t bytes)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"layers\": [{\"mediaType\": \"application/vnd.ollama.image.model\", "
             "\"digest\": \"sha256:" HEX "%c\", \"size\": %zu}]}",
             last, bytes);
    file_write_text(below(name), text);
}

static size_t size_of(const char *name)
{
    struct stat st;
    assert_int_equal(stat(below(name), &st), 0);
    return (size_t)st.st_size;
}

static int set_up(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *folder;
    } places[] = {{"S2D_MODELS", "s2d"},
                  {"HF_HUB_CACHE", "hub"},
                  {"LLAMA_CACHE", "llama"},
                  {"OLLAMA_MODELS", "ollama"},
                  {"HOME", "home"},
                  {"XDG_CACHE_HOME", "cache"},
                  {"XDG_STATE_HOME", "state"},
                  {"XDG_CONFIG_HOME", "config"}};
    temp_folder_make(root);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        setenv(places[i].variable, below(places[i].folder), 1);
    unsetenv("HF_HOME");
    setenv("S2D_CONFIG", below("s2d.yaml"), 1);
    file_write_text(below("s2d.yaml"), "");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_folder_remove(root);
    return 0;
}

static FoundList list_all(void)
{
    FoundList list;
    Err err = {0};
    assert_int_equal(found_list(&list, &err), 0);
    if (err.code)
        fail_msg("%s", err.text);
    return list;
}

static const FoundModel *named(const FoundList *list, const char *name)
{
    const FoundModel *model = found_by_name(list, name);
    if (!model)
        fail_msg("%s is not found", name);
    return model;
}

static void test_places(void **state)
{
    (void)state;
    char text[128];
    make_model("s2d/own.gguf", 4, TINY_BPE, 1);
    make_model("s2d/deep/er/own2.gguf", 4, TINY_BPE, 2);
    make_model("hub/models--a--b/blobs/0123", 4, TINY_BPE, 3);
    make_link("hub/models--a--b/blobs/0123", "hub/models--a--b/snapshots/r1/Hub-Q4.gguf");
    make_link("hub/models--a--b/blobs/0123", "hub/models--a--b/snapshots/r2/Hub-Q4.gguf");
    make_model("hub/datasets--a--b/snapshots/r1/no.gguf", 4, TINY_BPE, 4);
    make_model("llama/a_b_c.gguf", 4, TINY_BPE, 5);
    make_model("ollama/blobs/sha256-" HEX "a", 4, TINY_BPE, 6);
    size_t bytes = size_of("ollama/blobs/sha256-" HEX "a");
    make_manifest(OLLAMA "small/latest", 'a', bytes);
    make_manifest("ollama/manifests/hf.co/x/y/Q4", 'b', bytes);
    make_model("ollama/blobs/sha256-" HEX "b", 4, TINY_BPE, 7);
    make_model("home/.lmstudio/models/x/y/lm.gguf", 4, TINY_BPE, 8);
    make_model("cache/lm-studio/models/x/y/lm.gguf", 4, TINY_BPE, 9);
    make_model("mine/config.gguf", 4, TINY_BPE, 10);
    snprintf(text, sizeof text, "models: [%s]\n", below("mine"));
    file_write_text(below("s2d.yaml"), text);
    static const struct {
        const char *name, *place, *path;
    } want[] = {
        {"own", "s2d", "s2d/own.gguf"},
        {"own2", "s2d", "s2d/deep/er/own2.gguf"},
        {"config", "config", "mine/config.gguf"},
        {"Hub-Q4", "hub", "hub/models--a--b/snapshots/r1/Hub-Q4.gguf"},
        {"a_b_c", "llama.cpp", "llama/a_b_c.gguf"},
        {"small", "ollama", "ollama/blobs/sha256-" HEX "a"},
        {"small:latest", "ollama", "ollama/blobs/sha256-" HEX "a"},
        {"hf.co/x/y:Q4", "ollama", "ollama/blobs/sha256-" HEX "b"},
        {"lm", "lm-studio", "home/.lmstudio/models/x/y/lm.gguf"},
        {"lm-studio/lm", "lm-studio", "cache/lm-studio/models/x/y/lm.gguf"},
    };
    FoundList list = list_all();
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char path[PATH_BYTES];
        Err err = {0};
        const FoundModel *model = named(&list, want[i].name);
        assert_string_equal(model->place, want[i].place);
        assert_string_equal(model->path, below(want[i].path));
        assert_true(model->unread && model->bytes == size_of(want[i].path));
        if (catalog_resolve(want[i].name, path, sizeof path, &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(path, model->path);
    }
    assert_int_equal(list.n, 9); /* each file once */
    assert_null(found_by_name(&list, "no"));
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    for (int i = 0; i < list.n; i++)
        assert_string_equal(list.models[i].header.problem, "");
    found_close(&list);
}

/* The hub's own variables, in the order in which the hub's tools read them. */
static void test_hub_home(void **state)
{
    (void)state;
    make_model("hf/hub/models--a--b/snapshots/r/one.gguf", 4, TINY_BPE, 1);
    make_model("cache/huggingface/hub/models--a--b/snapshots/r/two.gguf", 4, TINY_BPE, 2);
    static const char *const names[] = {"two", "one"};
    unsetenv("HF_HUB_CACHE");
    for (int home = 0; home < 2; home++) {
        if (home)
            setenv("HF_HOME", below("hf"), 1);
        FoundList list = list_all();
        assert_int_equal(list.n, 1);
        assert_string_equal(list.models[0].name, names[home]);
        found_close(&list);
    }
}

static void test_links_and_loops(void **state)
{
    (void)state;
    make_model("s2d/a.gguf", 4, TINY_BPE, 1);
    make_link("s2d", "s2d/loop");
    make_link("s2d", "s2d/loop2");
    make_link("/", "s2d/self.gguf");
    unlink(below("s2d/self.gguf"));
    make_link("s2d/self.gguf", "s2d/self.gguf");
    make_link("/nothing/there", "s2d/gone.gguf");
    make_link("s2d/a.gguf", "s2d/same.gguf");
    mkdir(below("s2d/folder.gguf"), 0700);
    FoundList list = list_all();
    assert_int_equal(list.n, 3);
    assert_string_equal(named(&list, "gone")->header.problem, "what it leads to is not there");
    assert_non_null(strstr(named(&list, "self")->header.problem, "symbolic links"));
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    assert_string_equal(named(&list, "a")->header.problem, "");
    found_close(&list);
}

static void test_unreadable(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("root may read everything\n");
        skip();
    }
    make_model("s2d/a.gguf", 4, TINY_BPE, 1);
    make_model("s2d/closed/b.gguf", 4, TINY_BPE, 2);
    chmod(below("s2d/a.gguf"), 0);
    chmod(below("s2d/closed"), 0);
    FoundList list = list_all();
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    chmod(below("s2d/closed"), 0700);
    assert_int_equal(list.n, 2);
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(list.models[i].header.problem, "ermission denied"));
    found_close(&list);
}

static void test_of_no_use(void **state)
{
    (void)state;
    file_write_text(below("s2d/short.gguf"), "GGUF");
    file_write_text(below("s2d/page.gguf"), "<html>");
    file_write_text(below("s2d/od\033[31md\nname.gguf"), "");
    make_model("s2d/parts.gguf", 4, TINY_BPE, 1);
    split_model(below("s2d/parts.gguf"), below("s2d/in"), 3, false);
    unlink(below("s2d/parts.gguf"));
    unlink(below("s2d/in-00001-of-00003.gguf"));
    file_write_text(below(OLLAMA "bad/json"), "{");
    make_manifest(OLLAMA "bad/gone", 'c', 5);
    make_model("ollama/blobs/sha256-" HEX "d", 4, TINY_BPE, 6);
    make_manifest(OLLAMA "bad/size", 'd', 5);
    file_write_text(below("ollama/manifests/registry.ollama.ai/library/bad/outside"),
                    "{\"layers\": [{\"mediaType\": \"application/vnd.ollama.image.model\", "
                    "\"digest\": \"sha256:../../../s2d/short.gguf\", \"size\": 4}]}");
    FoundList list = list_all();
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    static const struct {
        const char *name, *says;
    } want[] = {
        {"short", "the file ends inside"},
        {"page", "not a GGUF model file"},
        {"od\033[31md\nname", "0 bytes long"},
        {"in", "-00001-of-00003.gguf: part 1 of the model is missing"},
        {"bad:json", "no JSON"},
        {"bad:gone", "is not there"},
        {"bad:size", "not fully downloaded"},
        {"bad:outside", "refused"},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const FoundModel *model = named(&list, want[i].name);
        if (!strstr(model->header.problem, want[i].says))
            fail_msg("%s: expected '%s' in: %s", want[i].name, want[i].says, model->header.problem);
    }
    assert_int_equal(list.n, 8);
    found_close(&list);
}

static void test_parts(void **state)
{
    (void)state;
    make_model("whole.gguf", 4, TINY_BPE, 1);
    split_model(below("whole.gguf"), below("s2d/big"), 3, true);
    FoundList list = list_all();
    assert_int_equal(list.n, 1);
    assert_string_equal(list.models[0].name, "big");
    assert_true(list.models[0].bytes > size_of("whole.gguf"));
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    assert_string_equal(list.models[0].header.problem, "");
    found_close(&list);
}

/* Where two have one name the later place is said. */
static void test_one_name(void **state)
{
    (void)state;
    make_model("s2d/m.gguf", 4, TINY_BPE, 1);
    make_model("llama/m.gguf", 4, TINY_BPE, 2);
    make_model("home/.lmstudio/models/m.gguf", 4, TINY_BPE, 3);
    FoundList list = list_all();
    assert_string_equal(named(&list, "m")->place, "s2d");
    assert_string_equal(named(&list, "llama.cpp/m")->place, "llama.cpp");
    assert_string_equal(named(&list, "lm-studio/m")->place, "lm-studio");
    found_close(&list);
}

static void test_headers(void **state)
{
    (void)state;
    make_model("s2d/a.gguf", 4, TINY_BPE, 1);
    make_model("s2d/b.gguf", 6, TINY_BPE, 2);
    make_model("s2d/c.gguf", 4, TINY_SPM, 1);
    FoundList list = list_all();
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    const FoundHeader *a = &named(&list, "a")->header, *b = &named(&list, "b")->header,
                      *c = &named(&list, "c")->header;
    assert_string_equal(a->arch, "qwen2");
    assert_string_equal(c->arch, "llama");
    assert_string_equal(a->quant, "F32");
    assert_true(a->context > 0 && a->weight_bytes == 4 * a->weights);
    assert_true(b->weight_bytes > a->weight_bytes);
    assert_true(a->vocabulary != 0 && a->vocabulary == b->vocabulary);
    assert_true(c->vocabulary != 0 && a->vocabulary != c->vocabulary);
    found_close(&list);
    char text[16];
    assert_string_equal(found_weights_text(135000000, text, sizeof text), "135M");
    assert_string_equal(found_weights_text(1540000000, text, sizeof text), "1.5B");
    assert_string_equal(found_weights_text(235000000000, text, sizeof text), "235B");
}

/* What was read once is taken from the state, until the file is another. */
static void test_remembered(void **state)
{
    (void)state;
    make_model("s2d/a.gguf", 4, TINY_BPE, 1);
    make_model("s2d/b.gguf", 4, TINY_BPE, 2);
    file_write_text(below("s2d/bad.gguf"), "<html>");
    FoundList list = list_all();
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    char *text = found_cache_text(&list);
    assert_non_null(text);
    found_close(&list);
    FILE *file = fopen(below("state/s2d/headers.json"), "r");
    assert_non_null(file);
    fclose(file);

    list = list_all();
    assert_int_equal(found_cache_take(&list, text, strlen(text)), 2);
    assert_true(found_by_name(&list, "bad")->unread);
    found_close(&list);
    make_model("s2d/b.gguf", 5, TINY_BPE, 2);
    list = list_all();
    assert_int_equal(found_cache_take(&list, text, strlen(text)), 1);
    assert_true(named(&list, "b")->unread && !named(&list, "a")->unread);
    found_close(&list);
    static const char *const nonsense[] = {"", "[]", "{\"v\":1,\"models\":[1,{}]}", "{\"v\":2}"};
    list = list_all();
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_int_equal(found_cache_take(&list, nonsense[i], strlen(nonsense[i])), 0);
    found_close(&list);
    free(text);
    file_write_text(below("state/s2d/headers.json"), "nonsense");
    list = list_all();
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    assert_string_equal(named(&list, "a")->header.arch, "qwen2");
    found_close(&list);
}

/* Smallest first, of the target's vocabulary and at most half as large. */
static void test_pairs(void **state)
{
    (void)state;
    make_model("s2d/target.gguf", 60, TINY_BPE, 1);
    make_model("s2d/middle.gguf", 8, TINY_BPE, 2);
    make_model("s2d/small.gguf", 4, TINY_BPE, 3);
    make_model("s2d/tiny-other.gguf", 1, TINY_SPM, 4);
    make_model("s2d/larger.gguf", 59, TINY_BPE, 5);
    FoundList list = list_all();
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    const FoundModel *target = named(&list, "target");
    const FoundModel *draft = pair_next(&list, target, NULL);
    assert_non_null(draft);
    assert_string_equal(draft->name, "small");
    draft = pair_next(&list, target, draft);
    assert_non_null(draft);
    assert_string_equal(draft->name, "middle");
    assert_null(pair_next(&list, target, draft));
    assert_null(pair_next(&list, named(&list, "small"), NULL));

    /* Trained exits, where a profile of one's own has some. */
    char text[512];
    Profile profile;
    assert_false(pair_trained(named(&list, "small"), &profile));
    file_write_text(below("config/s2d/broken.yaml"), "name: [");
    snprintf(text, sizeof text,
             "name: mine\ndraft: {base: %s, adapter: x.gguf, exits: [2, 4]}\n"
             "targets: [{model: target}]\n",
             below("s2d/small.gguf"));
    file_write_text(below("config/s2d/mine.yaml"), text);
    assert_true(pair_trained(named(&list, "small"), &profile));
    assert_string_equal(profile.name, "mine");
    profile_close(&profile);
    assert_false(pair_trained(named(&list, "middle"), &profile));
    found_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hub_home, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links_and_loops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_no_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("found", tests, NULL, NULL);
}
