/* generate.h - plain answers to many prompts at once: every row of a pass is another conversation.
 *
 * A pass over 64 rows takes little longer than one over 8, so 64 conversations together come out
 * many times as fast as one after another. By batch invariance each says what it would have said
 * alone, token for token, with the same seed.
 */
#ifndef S2D_ENGINE_DECODE_GENERATE_H
#define S2D_ENGINE_DECODE_GENERATE_H

#include "engine/decode/sample.h"
#include "engine/model/model.h"

typedef struct Generator Generator;

typedef struct GenerateJob {
    const int *prompt; /* [n_prompt] */
    int n_prompt;      /* below the generator's slots */
    uint32_t seed;
    int max_tokens;
    int *ids; /* [max_tokens] what was said, the token that ends it included */
    int n;
    bool ended;     /* by the model, not by max_tokens or the slots */
    bool no_number; /* by a row that has no token (sample.h) */
} GenerateJob;

/* at_once: 1 … ROWS_MAX conversations, of up to `slots` tokens each. */
int generator_open(Generator **generator, Model *model, int at_once, int slots,
                   const Sampling *sampling, Err *err);
void generator_close(Generator *generator);
size_t generator_bytes(Kernels *kernels, const ModelConfig *config, int at_once, int slots);

/* Conversations that can be added now. */
int generator_room(const Generator *generator);
/* Reads the prompt and says the first token. The job stays the caller's. Returns true when it is
 * finished already. */
bool generator_add(Generator *generator, GenerateJob *job);
/* Says one more token in each conversation. Those that are finished by it leave; done: room for
 * at_once. Returns how many. */
int generator_step(Generator *generator, GenerateJob **done);

#endif
