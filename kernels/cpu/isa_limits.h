/* isa_limits.h - loops that only read or only multiply: measure_limits.c times them. Included
 * by isa_*.c after lanes_*.h.
 *
 * They use the instructions of isa_dot.h and nothing else, so that what they reach is what no
 * inner loop of this instruction set can exceed; tile registers bring a loop of their own. The sums
 * are returned so that no compiler may leave the work out.
 */
#include "kernels/cpu/lanes_more.h"

enum { LIMIT_STEPS = 8 }; /* products per round for each sum */

/* Four streams side by side: one alone waits where the machine's own prefetch stops, at pages. */
static int32_t isa_read(const uint8_t *data, size_t bytes)
{
    const size_t part = bytes / 4;
    Ints sum[4] = {ints_set(0), ints_set(0), ints_set(0), ints_set(0)};
    for (size_t i = 0; i < part; i += 64) {
        UNROLL
        for (int s = 0; s < 4; s++)
            sum[s] = ints_or(sum[s], ints_load(data + (size_t)s * part + i));
    }
    return ints_highest(ints_or(ints_or(sum[0], sum[1]), ints_or(sum[2], sum[3])));
}

/* As the inner loop has them: codes in a register, activations broadcast from the first level. */
static int32_t isa_dots(int rounds)
{
    int8_t x[LANES_TILE][4 * LIMIT_STEPS];
    Ints sum[LANES_TILE], codes = ints_set(0x0f0f0f0f);
    for (int i = 0; i < LANES_TILE; i++) {
        sum[i] = ints_set(0);
        for (int k = 0; k < 4 * LIMIT_STEPS; k++)
            x[i][k] = k % 2 ? 100 : -100;
    }
    for (int r = 0; r < rounds; r++) {
        /* As far as the compiler knows the activations are new ones. */
        __asm__ volatile("" : : "r"(x) : "memory");
        UNROLL
        for (int u = 0; u < LIMIT_STEPS; u++) {
            UNROLL
            for (int i = 0; i < LANES_TILE; i++)
                sum[i] = ints_dot(sum[i], codes, x[i] + 4 * u);
        }
    }
    for (int i = 1; i < LANES_TILE; i++)
        sum[0] = ints_add(sum[0], sum[i]);
    return ints_highest(sum[0]);
}

static float isa_fmas(int rounds)
{
    float x[LANES_TILE][LIMIT_STEPS];
    Lanes sum[LANES_TILE], w = lanes_set(0.5f);
    for (int i = 0; i < LANES_TILE; i++) {
        sum[i] = lanes_set(0.0f);
        for (int k = 0; k < LIMIT_STEPS; k++)
            x[i][k] = k % 2 ? 1.0f : -1.0f;
    }
    for (int r = 0; r < rounds; r++) {
        __asm__ volatile("" : : "r"(x) : "memory");
        UNROLL
        for (int u = 0; u < LIMIT_STEPS; u++) {
            UNROLL
            for (int i = 0; i < LANES_TILE; i++)
                sum[i] = lanes_fma(w, lanes_set(x[i][u]), sum[i]);
        }
    }
    for (int i = 1; i < LANES_TILE; i++)
        sum[0] = lanes_add(sum[0], sum[i]);
    return lanes_sum(sum[0]);
}
