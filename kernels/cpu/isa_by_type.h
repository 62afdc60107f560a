/* isa_by_type.h - panel_dot for the type that is asked for; included where that is defined, by
 * isa_dot.h and isa_amx_avx512.c.
 */

/* A real function per type (dot_Q4_K), to be told apart in a profile. */
#define QUANT_FLOAT(...)
#define QUANT_TYPE(name, ...)                                                                      \
    static __attribute__((noinline)) void dot_##name(int cols, const uint8_t *panel, Ahead next,   \
                                                     const ActGroup *x, int n, float(*acc)[PANEL]) \
    {                                                                                              \
        panel_dot(QUANT_##name, cols, panel, next, x, n, acc);                                     \
    }
#include "kernels/quant_types.def"

static void isa_dot(QuantType type, int cols, const uint8_t *panel, Ahead next, const ActGroup *x,
                    int n, float (*acc)[PANEL])
{
    switch (type) {
#define QUANT_FLOAT(...)
#define QUANT_TYPE(name, ...)                     \
    case QUANT_##name:                            \
        dot_##name(cols, panel, next, x, n, acc); \
        break;
#include "kernels/quant_types.def"
    default:
        break; /* float types never come here */
    }
}
