/* cut_vocab.c - see cut_vocab.h. */
#include "tests/support/cut_vocab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/support/small_vocab.h"

enum { TOKENS_MAX = 4096 };

/* A file: {"model", "pre", "tokens": [[id in the whole vocabulary, piece, type, score (SPM's)]],
 * "merges": [one by rank], "add_space_prefix": false where SPM puts no space first}. */
static json_t *read_file_of(const char *name)
{
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, "tests/references/vocab_%s.json", name);
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL)
        fail_msg("%s: %s", path, error.text);
    return json;
}

void cut_vocab_open(CutVocab *vocab, const char *name)
{
    cut_vocab_open_as(vocab, name, NULL);
}

void cut_vocab_open_as(CutVocab *vocab, const char *name, const char *pre)
{
    json_t *json = read_file_of(name);
    const json_t *tokens = json_object_get(json, "tokens"),
                 *merges = json_object_get(json, "merges");
    static const char *pieces[TOKENS_MAX], *pairs[TOKENS_MAX];
    static int types[TOKENS_MAX];
    static float scores[TOKENS_MAX];
    SmallVocab small = {.model = json_string_value(json_object_get(json, "model")),
                        .pre = pre ? pre : json_string_value(json_object_get(json, "pre")),
                        .tokens = pieces,
                        .n_tokens = (int)json_array_size(tokens),
                        .types = types,
                        .n_types = (int)json_array_size(tokens),
                        .n_merges = (int)json_array_size(merges),
                        .no_space = json_is_false(json_object_get(json, "add_space_prefix"))};
    assert_in_range(small.n_tokens, 1, TOKENS_MAX);
    assert_in_range(small.n_merges, 0, TOKENS_MAX);
    vocab->whole_ids = malloc(sizeof *vocab->whole_ids * (size_t)small.n_tokens);
    assert_non_null(vocab->whole_ids);
    for (int i = 0; i < small.n_tokens; i++) {
        const json_t *token = json_array_get(tokens, (size_t)i), *score = json_array_get(token, 3);
        vocab->whole_ids[i] = (int)json_integer_value(json_array_get(token, 0));
        pieces[i] = json_string_value(json_array_get(token, 1));
        types[i] = (int)json_integer_value(json_array_get(token, 2));
        if (score != NULL) {
            scores[i] = (float)json_real_value(score);
            small.scores = scores;
            small.n_scores = small.n_tokens;
        }
    }
    for (int i = 0; i < small.n_merges; i++) {
        pairs[i] = json_string_value(json_array_get(merges, (size_t)i));
        small.merges = pairs;
    }
    Err err = {0};
    if (small_vocab_open(&vocab->tokenizer, &small, &err) != 0)
        fail_msg("%s: %s", name, err.text);
    json_decref(json);
}

void cut_vocab_close(CutVocab *vocab)
{
    tokenizer_close(vocab->tokenizer);
    free(vocab->whole_ids);
}
