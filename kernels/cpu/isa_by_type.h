/* isa_by_type.h - panel_dot for the type that is asked for; included where that is defined, by
 * isa_dot.h and isa_amx_avx512.c.
 */
#define EACH_QUANT(ONE)       \
    ONE(dot_q4_0, QUANT_Q4_0) \
    ONE(dot_q4_1, QUANT_Q4_1) \
    ONE(dot_q5_0, QUANT_Q5_0) \
    ONE(dot_q5_1, QUANT_Q5_1) \
    ONE(dot_q8_0, QUANT_Q8_0) \
    ONE(dot_q4_k, QUANT_Q4_K) \
    ONE(dot_q5_k, QUANT_Q5_K) \
    ONE(dot_q6_k, QUANT_Q6_K)

/* A real function per type, to be told apart in a profile. */
#define PANEL_DOT(name, type)                                                                \
    static __attribute__((noinline)) void name(int cols, const uint8_t *panel, Ahead next,   \
                                               const ActGroup *x, int n, float(*acc)[PANEL]) \
    {                                                                                        \
        panel_dot(type, cols, panel, next, x, n, acc);                                       \
    }
EACH_QUANT(PANEL_DOT)
#undef PANEL_DOT

static void isa_dot(QuantType type, int cols, const uint8_t *panel, Ahead next, const ActGroup *x,
                    int n, float (*acc)[PANEL])
{
#define CASE(name, type)                    \
    case type:                              \
        name(cols, panel, next, x, n, acc); \
        break;
    switch (type) {
        EACH_QUANT(CASE)
    default:
        break; /* float types never come here */
    }
#undef CASE
}
