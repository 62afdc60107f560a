/* translated.c - the nested-exits drafter for a target with another vocabulary: it reads the text in
 * its own tokens, and its tree is in the target's.
 *
 * Each token of the target is translated for itself, so that a longer text only adds to what was
 * read. Where a draft's own tokenizer would have joined what the target keeps apart, it reads the
 * pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/draft/draft.h"

typedef struct Translated {
    Drafter drafter; /* first member: the interface */
    Draft *draft;
    bool proposed; /* in this round: else there is nothing to take note of */
    int slots;     /* of the draft's cache */
    int *source;   /* [slots] the target's tokens that were translated */
    int *end;      /* [slots] ids up to and with each of them */
    int n;         /* of both */
    int *ids;      /* what the draft reads */
    int n_ids, capacity;
} Translated;

/* tokens: [n]. Returns whether the draft can read them: they fit its cache, and there is memory. */
static bool translate(Translated *t, const int *tokens, int n)
{
    int same = 0;
    while (same < t->n && same < n && t->source[same] == tokens[same])
        same++;
    t->n = same;
    t->n_ids = same > 0 ? t->end[same - 1] : 0;
    for (; t->n < n && t->n < t->slots; t->n++) {
        if (translation_append(&t->draft->words->translation, tokens[t->n], &t->ids, &t->n_ids,
                               &t->capacity, NULL) != 0)
            return false;
        t->source[t->n] = tokens[t->n];
        t->end[t->n] = t->n_ids;
    }
    return t->n == n && t->n_ids <= t->slots - NODES_MAX;
}

static int translated_behind(Drafter *drafter, const int *tokens, int n)
{
    Translated *t = (Translated *)drafter;
    return translate(t, tokens, n) ? draft_behind(&t->draft->drafter, t->ids, t->n_ids) : -1;
}

static int translated_read(Drafter *drafter, const int *tokens, int n)
{
    Translated *t = (Translated *)drafter;
    return translate(t, tokens, n) ? draft_read(&t->draft->drafter, t->ids, t->n_ids) : 0;
}

static void translated_measure(Drafter *drafter, int length, Curve *steps)
{
    Translated *t = (Translated *)drafter;
    draft_measure(&t->draft->drafter, length, steps);
}

static void translated_propose(Drafter *drafter, const Proposal *in, Tree *tree)
{
    Translated *t = (Translated *)drafter;
    Proposal own = *in;
    t->proposed = translate(t, in->tokens, in->n);
    if (!t->proposed)
        return;
    own.tokens = t->ids;
    own.n = t->n_ids;
    t->draft->shift = in->n - own.n;
    draft_propose(&t->draft->drafter, &own, tree);
    t->drafter.no_number = t->draft->drafter.no_number;
    tree->node[0].token = in->tokens[in->n - 1];
}

static void translated_accepted(Drafter *drafter, const Tree *tree, const int *path, int n)
{
    Translated *t = (Translated *)drafter;
    Tree own = *tree;
    if (!t->proposed)
        return;
    own.node[0].token = t->ids[t->n_ids - 1];
    for (int i = 1; i < own.n; i++) /* those of others than the draft may have no such token */
        own.node[i].token = t->draft->words->translation.to_draft[tree->node[i].token];
    draft_accepted(&t->draft->drafter, &own, path, n);
}

static void translated_close(Drafter *drafter)
{
    Translated *t = (Translated *)drafter;
    t->draft->drafter.close(&t->draft->drafter);
    free(t->source);
    free(t->end);
    free(t->ids);
    free(t);
}

size_t translated_bytes(const ModelConfig *draft, const ModelConfig *target, int slots)
{
    return words_bytes(draft, target) + sizeof(Translated) + 3 * sizeof(int) * (size_t)slots;
}

int draft_translate(Draft *draft, Drafter **drafter, Err *err)
{
    Translated *t = malloc(sizeof *t);
    int slots = draft->context->slots;
    if (t)
        *t = (Translated){.drafter = {.behind = translated_behind,
                                      .read = translated_read,
                                      .measure = translated_measure,
                                      .propose = translated_propose,
                                      .accepted = translated_accepted,
                                      .close = translated_close},
                          .draft = draft,
                          .slots = slots,
                          .source = malloc((size_t)slots * sizeof *t->source),
                          .end = malloc((size_t)slots * sizeof *t->end)};
    if (t == NULL || !t->source || !t->end) {
        draft->drafter.close(&draft->drafter);
        if (t) {
            free(t->source);
            free(t->end);
        }
        free(t);
        return err_set(err, EXIT_MEMORY, "no memory for a draft of another vocabulary");
    }
    *drafter = &t->drafter;
    return 0;
}
