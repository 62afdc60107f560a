/* quality.h - how well a model predicts a text, and how far a fast path of it is from the float path.
 *
 *   ids -> chunks of `context` tokens -> both paths' logits -> figures
 *
 * The protocol is llama-perplexity's, so that figures may be set side by side: chunks follow one upon
 * the other and know nothing of each other; the first token of each is BOS where the model's tokenizer
 * adds one; the second half of a chunk is scored, each token but the first of them given all before it.
 * Perplexity = exp(mean -log p(token)). KL divergence = mean over places of sum over the vocabulary of
 * p log(p/q), p the reference's probabilities, q the tested path's.
 *
 * Every figure is the same for any `rows`, bit by bit: kernels are batch invariant, and places are added
 * up in their order.
 */
#ifndef S2D_APP_BENCH_QUALITY_H
#define S2D_APP_BENCH_QUALITY_H

#include "engine/model/model.h"

enum { QUALITY_CONTEXT = 512, QUALITY_CONTEXT_MIN = 8 };

typedef struct QualityText {
    const int *ids; /* [n] with BOS at the front where the tokenizer adds one */
    int n;
    int context; /* tokens of a chunk, QUALITY_CONTEXT_MIN ... */
    int chunks;  /* at most so many; 0 = all that are whole */
    int rows;    /* of a batch, 1 ... ROWS_MAX */
    void (*progress)(void *user, int chunk, int chunks); /* before each chunk; NULL = none */
    void *user;
} QualityText;

/* What a path makes of the text. */
typedef struct Perplexity {
    double value, error; /* and its standard error */
} Perplexity;

typedef struct Quality {
    int chunks, scored;           /* scored: places of all chunks */
    Perplexity reference, tested; /* of the two paths */
    double kl, kl_error;          /* mean, in nats, and its standard error */
    double kl_median, kl_99, kl_most;
    double same_top; /* share of places whose likeliest token is the same, 0 ... 1 */
} Quality;

/* How many whole chunks there are. */
int quality_chunks(const QualityText *text);

/* reference, tested: the same model, each with kernels of its own (or the same ones). kv: of the tested
 * path's cache; the reference's is what its kernels have, or KV_F16. EXIT_DATA: a path computes what is
 * no number; EXIT_MEMORY. */
int quality_measure(Quality *quality, Model *reference, Model *tested, KvType kv,
                    const QualityText *text, Err *err);

#endif
