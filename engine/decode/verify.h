/* verify.h - one pass of the target over a tree, and the acceptance that decides what of it becomes text.
 */
#ifndef S2D_ENGINE_DECODE_VERIFY_H
#define S2D_ENGINE_DECODE_VERIFY_H

#include "engine/decode/drafter.h"

/* Runs every node of the tree through the target, over `length` committed tokens in its cache:
 * target->logits[i] is node i's prediction. resume: NULL, or what the drafter has computed already
 * (its hidden buffer is used up). Needs target->logit_rows >= tree->n. */
void verify(Context *target, const Tree *tree, int length, const Resume *resume);

typedef struct Acceptance {
    int path[NODES_MAX]; /* nodes that become text, the root first */
    int n;               /* accepted = n - 1 */
    int bonus;           /* the target's own token after the path */
} Acceptance;

typedef struct AcceptRules {
    const Sampling *sampling;
    int position;          /* index in the text of the token after the root */
    int max_tokens;        /* tokens that may still be committed, the bonus included; >= 1 */
    const Tokenizer *stop; /* an end token of this vocabulary ends the path; NULL = none does */
    /* Is told each token as it is taken, in order; true = the text ends with it. NULL = it does
     * not. */
    bool (*ends)(void *user, int token);
    void *user;
} AcceptRules;

/* Sample and match: take the target's token at each position, follow the child that carries it,
 * stop where none does. Exact for every drafter, because the tokens are the target's whatever was
 * proposed. A child whose row has no token (sample.h) is not followed: then it is the next root.
 * -1 = the root's own row has none; nothing was accepted. */
int accept_path(Context *target, Sampler *sampler, const Tree *tree, const AcceptRules *rules,
                Acceptance *acceptance);

/* After acceptance: the accepted nodes' keys and values become those of the committed text. */
void keep_path(Context *target, const Tree *tree, const Acceptance *acceptance, int length);

#endif
