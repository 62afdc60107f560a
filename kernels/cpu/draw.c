/* draw.c - tokens drawn from one row of logits: the best by logit/T + noise
 * (engine/decode/sample.h).
 *
 * Nearly all of a vocabulary is so far behind that only the noise of one in some thousand tokens
 * could lift it to the top. So the noise of all four tokens of a block is made and its entries are
 * looked at only if one of them is near the best or has that much of it.
 *
 * Scores count from the best logit, which is 0: so they keep the noise at the smallest T, where
 * logit/T is too large a number to show it.
 */
#include <math.h>

#include "kernels/cpu/cpu.h"
#include "kernels/noise.h"

enum { BLOCK_IDS = 4, STRETCH = 16 * BLOCK_IDS };

typedef struct Contest {
    const Isa *isa;
    const float *row;
    const Draw *how;
    uint32_t position;
    float floor, best, inverse; /* the largest logit; 1 / T */
    float bar;                  /* score of the largest logit */
    float near; /* a logit below is NOISE_FAR behind that, and a little more, for how far
                             is rounded */
    int count, found;
    int *places;
    float *scores;
} Contest;

static uint32_t id_of(const Draw *how, int place)
{
    return (uint32_t)(how->tokens ? how->tokens[place] : place);
}

/* Highest score first, equal ones by place, in whose order they come. */
static void insert(Contest *c, int place, float score)
{
    int at = c->found;
    while (at > 0 && score > c->scores[at - 1])
        at--;
    if (at == c->count)
        return;
    c->found += c->found < c->count;
    for (int i = c->found - 1; i > at; i--) {
        c->places[i] = c->places[i - 1];
        c->scores[i] = c->scores[i - 1];
    }
    c->places[at] = place;
    c->scores[at] = score;
}

/* What is NOISE_FAR below cannot be the winner; lower ranks are for drafting, where those that are
 * left are enough. */
static void enter(Contest *c, int place, uint32_t noise)
{
    float v = c->row[place], score = (v - c->best) * c->inverse;
    bool hopeless = c->bar - score > NOISE_FAR && noise < NOISE_FAR_BITS;
    if (v >= c->floor && !hopeless)
        insert(c, place, score + noise_gumbel(noise));
}

/* The entries of `blocks` (a bit each) of the stretch from a place on. */
static void enter_blocks(Contest *c, int from, uint32_t first, uint32_t blocks)
{
    for (; blocks; blocks &= blocks - 1) {
        int b = __builtin_ctz(blocks);
        uint32_t noise[BLOCK_IDS];
        noise_block(c->how->seed, c->position, first + (uint32_t)b, noise);
        for (int i = 0; i < BLOCK_IDS; i++)
            enter(c, from + b * BLOCK_IDS + i, noise[i]);
    }
}

/* Those blocks of a stretch that have an entry near the best one. */
static uint32_t near_blocks(const Contest *c, int from)
{
    uint32_t blocks = 0;
    int to = from + STRETCH, i = from;
    while ((i = c->isa->find(c->row, i, to, c->near, false)) < to) {
        int b = (i - from) / BLOCK_IDS;
        blocks |= UINT32_C(1) << b;
        i = from + (b + 1) * BLOCK_IDS;
    }
    return blocks;
}

int draw_row(Kernels *k, const float *row, int vocab, float floor, const Draw *how, int position,
             int count, int *places, float *scores)
{
    int best_place;
    float best;
    row_top(k, row, 1, vocab, 1, &best_place, &best, NULL);
    if (!isfinite(best))
        return 0;
    float reach = best - NOISE_SPAN * how->temperature;
    Contest c = {.isa = cpu_of(k)->isa,
                 .row = row,
                 .how = how,
                 .position = (uint32_t)position,
                 .floor = floor > reach ? floor : reach,
                 .best = best,
                 .inverse = 1.0f / how->temperature,
                 .count = count,
                 .places = places,
                 .scores = scores};
    c.bar = noise_gumbel(noise_bits(how->seed, c.position, id_of(how, best_place)));
    c.near = best + (c.bar - NOISE_FAR - 1) * how->temperature;
    for (int i = 0; i < vocab;) {
        uint32_t id = id_of(how, i);
        int last = i + STRETCH - 1;
        if (id % BLOCK_IDS == 0 && last < vocab && id_of(how, last) == id + STRETCH - 1) {
            if (c.isa->find(row, i, i + STRETCH, c.floor, false) < i + STRETCH) {
                uint32_t noisy =
                    c.isa->noisy(how->seed, c.position, id / BLOCK_IDS, NOISE_FAR_BITS);
                enter_blocks(&c, i, id / BLOCK_IDS, noisy | near_blocks(&c, i));
            }
            i += STRETCH;
        } else {
            if (row[i] >= c.floor)
                enter(&c, i, noise_bits(how->seed, c.position, id));
            i++;
        }
    }
    return c.found;
}
