/* test_ollama.c - which blob a manifest names, and which it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/profile/ollama.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER(digest, size)                                                         \
    "{\"mediaType\": \"application/vnd.ollama.image.model\", \"digest\": \"" digest \
    "\", \"size\": " size "}"

static void test_manifest(void **state)
{
    (void)state;
    static const char good[] =
        "{\"schemaVersion\": 2, \"config\": {\"digest\": \"sha256:0\"}, \"layers\": ["
        "{\"mediaType\": \"application/vnd.ollama.image.license\", \"digest\": \"../x\"}," LAYER(
            "sha256:" HEX, "12345") "]}";
    OllamaModel model;
    Err err = {0};
    if (ollama_manifest(&model, good, strlen(good), &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(model.digest, HEX);
    assert_int_equal(model.bytes, 12345);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"", "no JSON"},
        {"{\"layers\": [", "no JSON"},
        {"[]", "no list of layers"},
        {"{\"layers\": {}}", "no list of layers"},
        {"{\"layers\": []}", "no model"},
        {"{\"layers\": [1, null, {}]}", "no model"},
        {"{\"layers\": [" LAYER("sha256:" HEX, "1") "," LAYER("sha256:" HEX, "1") "]}", "several"},
        {"{\"layers\": [" LAYER("sha256:../../../etc/passwd", "1") "]}", "refused"},
        {"{\"layers\": [" LAYER("sha256:" HEX "0", "1") "]}", "refused"},
        {"{\"layers\": [" LAYER("sha256:/" HEX, "1") "]}", "refused"},
        {"{\"layers\": [" LAYER("sha1:" HEX, "1") "]}", "refused"},
        {"{\"layers\": [" LAYER(HEX, "1") "]}", "refused"},
        {"{\"layers\": [" LAYER("sha256:" HEX, "0") "]}", "how large"},
        {"{\"layers\": [" LAYER("sha256:" HEX, "-5") "]}", "how large"},
        {"{\"layers\": [" LAYER("sha256:" HEX, "\"1\"") "]}", "how large"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OllamaModel model;
        Err err = {0};
        assert_int_equal(ollama_manifest(&model, cases[i].json, strlen(cases[i].json), &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (!strstr(err.text, cases[i].says))
            fail_msg("expected '%s' in: %s", cases[i].says, err.text);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name; /* NULL = none */
    } cases[] = {
        {"registry.ollama.ai/library/qwen3/4b", "qwen3:4b"},
        {"registry.ollama.ai/someone/model/latest", "someone/model:latest"},
        {"hf.co/owner/repo/Q4_K_M", "hf.co/owner/repo:Q4_K_M"},
        {"library/qwen3/4b", NULL},
        {"a/b/c/d/e", NULL},
        {"", NULL},
    };
    char name[OLLAMA_NAME_BYTES], path[600];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ollama_name(cases[i].path, name), cases[i].name ? 0 : -1);
        if (cases[i].name)
            assert_string_equal(name, cases[i].name);
    }
    snprintf(path, sizeof path, "h/n/%0400d/t", 1);
    assert_int_equal(ollama_name(path, name), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("ollama", tests, NULL, NULL);
}
