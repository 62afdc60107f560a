/* words.c - see words.h. */
#include "engine/draft/words.h"

#include <stdlib.h>
#include <string.h>

#include "engine/draft/tree_build.h"

/* Ints in the backend's memory take the place of floats. */
static int *to_backend(Kernels *k, const int *values, int n)
{
    float *buffer = k->buffer_alloc(k, (size_t)n);
    if (buffer)
        k->upload(k, buffer, (const float *)values, (size_t)n);
    return (int *)buffer;
}

/* place_of: [draft's vocabulary] where a row has that token; -1 = nowhere. */
static bool list_open(WordList *list, Kernels *k, const Translation *t, const int *place_of)
{
    int *places = malloc((size_t)t->n_shared * sizeof *places);
    list->tokens = malloc((size_t)t->n_shared * sizeof *list->tokens);
    for (int i = 0; places && list->tokens && i < t->n_shared; i++) {
        int place = place_of[t->to_draft[t->shared[i]]];
        if (place < 0)
            continue;
        list->tokens[list->n] = t->shared[i];
        places[list->n++] = place;
    }
    bool ok = places && list->tokens;
    if (ok && list->n > 0) {
        list->places = to_backend(k, places, list->n);
        list->device_tokens = k->draw ? to_backend(k, list->tokens, list->n) : NULL;
        ok = list->places && (list->device_tokens || !k->draw);
    }
    free(places);
    return ok;
}

static void list_close(WordList *list, Kernels *k)
{
    if (list->places)
        k->buffer_free(k, (float *)list->places);
    if (list->device_tokens)
        k->buffer_free(k, (float *)list->device_tokens);
    free(list->tokens);
}

static bool lists_open(Words *w, const Model *draft)
{
    int vocab = draft->config.vocab;
    int *place_of = malloc((size_t)vocab * sizeof *place_of);
    for (int id = 0; place_of && id < vocab; id++)
        place_of[id] = id;
    bool ok = place_of && list_open(&w->whole, w->kernels, &w->translation, place_of);
    if (ok && draft->short_head) {
        memset(place_of, -1, (size_t)vocab * sizeof *place_of);
        for (int i = 0; i < draft->n_short; i++)
            place_of[draft->short_ids[i]] = i;
        ok = list_open(&w->narrow, w->kernels, &w->translation, place_of);
    }
    free(place_of);
    return ok;
}

int words_open(Words *w, const Model *draft, const Model *target, Err *err)
{
    Kernels *k = draft->kernels;
    *w = (Words){.kernels = k};
    w->whole.stride = draft->config.vocab;
    w->narrow.stride = draft->n_short;
    if (translation_open(&w->translation, draft->tokenizer, target->tokenizer, err) != 0)
        return -1;
    if (w->translation.n_shared == 0) {
        words_close(w);
        return err_set(err, EXIT_DATA, "%s and %s have no token in common", draft->name,
                       target->name);
    }
    bool ok = lists_open(w, draft);
    if (ok)
        w->logits = k->buffer_alloc(k, (size_t)EXPAND_MAX * (size_t)w->whole.n);
    if (ok && w->logits)
        return 0;
    words_close(w);
    return err_set(err, EXIT_MEMORY, "no memory to draft with %s for %s", draft->name,
                   target->name);
}

void words_close(Words *w)
{
    if (w->kernels == NULL)
        return;
    list_close(&w->whole, w->kernels);
    list_close(&w->narrow, w->kernels);
    if (w->logits)
        w->kernels->buffer_free(w->kernels, w->logits);
    translation_close(&w->translation);
    *w = (Words){0};
}

size_t words_bytes(const ModelConfig *draft, const ModelConfig *target)
{
    size_t shared = (size_t)(draft->vocab < target->vocab ? draft->vocab : target->vocab);
    return sizeof(int) * ((size_t)target->vocab * 2 + 6 * shared) +
           sizeof(float) * EXPAND_MAX * shared;
}

void words_pick(Words *w, const float *logits, int n, bool narrow)
{
    const WordList *list = narrow ? &w->narrow : &w->whole;
    w->kernels->gather(w->kernels, logits, n, list->stride, list->places, list->n, w->logits);
}
