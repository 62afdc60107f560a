/* translate.c - see translate.h. */
#include "engine/text/translate.h"

#include <stdlib.h>
#include <string.h>

#include "engine/text/vocab.h"

/* What a token is told from others by. */
typedef struct Key {
    const char *text;
    size_t bytes;
    bool special;
    int id;
} Key;

static Key key_of(const Tokenizer *tokenizer, int id)
{
    Key key = {.special = tokenizer_is_special(tokenizer, id), .id = id};
    if (key.special) {
        GgufString piece = tokenizer_piece(tokenizer, id);
        key.text = piece.data;
        key.bytes = piece.length;
    } else {
        key.text = tokenizer_text(tokenizer, id, false, &key.bytes);
    }
    return key;
}

static int same_text(const Key *a, const Key *b)
{
    if (a->special != b->special)
        return a->special ? 1 : -1;
    size_t shorter = a->bytes < b->bytes ? a->bytes : b->bytes;
    int order = shorter > 0 ? memcmp(a->text, b->text, shorter) : 0;
    return order != 0 ? order : (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* Tokens of the same text by their ids, so that the lowest stands for all of them. */
static int by_text(const void *a, const void *b)
{
    const Key *x = a, *y = b;
    int order = same_text(x, y);
    return order != 0 ? order : x->id - y->id;
}

static Key *sorted_keys(const Tokenizer *tokenizer, int n)
{
    Key *keys = malloc((size_t)n * sizeof *keys);
    for (int id = 0; keys && id < n; id++)
        keys[id] = key_of(tokenizer, id);
    if (keys)
        qsort(keys, (size_t)n, sizeof *keys, by_text);
    return keys;
}

/* Both lists in step. A text that several tokens stand for is one of the target's, and one of the
 * draft's: the lowest each. */
static void match(Translation *t, const Key *draft, int n_draft, const Key *target, int n_target)
{
    int d = 0;
    for (int i = 0; i < n_target; i++) {
        while (d < n_draft && same_text(&draft[d], &target[i]) < 0)
            d++;
        bool again = i > 0 && same_text(&target[i - 1], &target[i]) == 0;
        bool found = d < n_draft && target[i].bytes > 0 && same_text(&draft[d], &target[i]) == 0;
        t->to_draft[target[i].id] = found ? draft[d].id : -1;
        if (found && !again)
            t->shared[t->n_shared++] = target[i].id;
    }
}

static int by_id(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int translation_open(Translation *t, const Tokenizer *draft, const Tokenizer *target, Err *err)
{
    int n_draft = tokenizer_vocab(draft), n_target = tokenizer_vocab(target);
    Key *draft_keys = sorted_keys(draft, n_draft), *target_keys = sorted_keys(target, n_target);
    *t = (Translation){.draft = draft,
                       .target = target,
                       .to_draft = malloc((size_t)n_target * sizeof *t->to_draft),
                       .shared = malloc((size_t)n_target * sizeof *t->shared)};
    bool ok = draft_keys && target_keys && t->to_draft && t->shared;
    if (ok) {
        match(t, draft_keys, n_draft, target_keys, n_target);
        qsort(t->shared, (size_t)t->n_shared, sizeof *t->shared, by_id);
    }
    free(draft_keys);
    free(target_keys);
    if (ok)
        return 0;
    translation_close(t);
    return err_set(err, EXIT_MEMORY, "no memory to translate between two vocabularies");
}

void translation_close(Translation *t)
{
    free(t->to_draft);
    free(t->shared);
    *t = (Translation){0};
}

int translation_append(const Translation *t, int token, int **ids, int *count, int *capacity,
                       Err *err)
{
    int known = token < tokenizer_vocab(t->target) ? t->to_draft[token] : -1;
    if (known < 0) {
        size_t bytes;
        int before = *count;
        const char *text = tokenizer_text(t->target, token, true, &bytes);
        int result = tokenizer_encode(t->draft, text, bytes, false, ids, count, capacity, err);
        if (result != 0 || *count > before)
            return result;
        known = 0; /* it stands for no text: any will do */
    }
    IdList list = {.ids = *ids, .count = *count, .capacity = *capacity};
    int result = id_list_add(&list, known, err);
    *ids = list.ids;
    *count = list.count;
    *capacity = list.capacity;
    return result;
}

float translation_overlap(const Translation *t)
{
    int had = 0, of = 0, n = tokenizer_vocab(t->target);
    for (int id = 0; id < n; id++) {
        size_t bytes;
        tokenizer_text(t->target, id, false, &bytes);
        of += bytes > 0;
        had += bytes > 0 && t->to_draft[id] >= 0;
    }
    return of > 0 ? (float)had / (float)of : 0;
}
