/* train_float.h - products in floats: packing and the tile; included by train_*.c after lanes_*.h.
 *
 * An element is one chain of fma over k, so its bits depend neither on the tile's size nor on how k
 * is cut. The tile takes as many sums as there are registers.
 */
enum {
    TILE_LANES = LANES_SUMS == 24 && !SANITISED ? 3 : 1,
    TILE_ROWS = LANES_SUMS >= 6 && !SANITISED ? LANES_SUMS / TILE_LANES : 1,
    TILE_COLS = 16 * TILE_LANES,
};

static void train_pack(const Factor *f, bool second, int first, int count, int from, int k,
                       void *packed)
{
    float *out = packed;
    int width = second ? TILE_COLS : TILE_ROWS;
    size_t outer = f->turned ? 1 : (size_t)f->stride, inner = f->turned ? (size_t)f->stride : 1;
    size_t at = (size_t)first * outer + (size_t)from * inner;
    for (int i = 0; i < width; i++) {
        for (int j = 0; j < k; j++) {
            size_t place = at + (size_t)i * outer + (size_t)j * inner;
            out[(size_t)j * (size_t)width + (size_t)i] =
                i >= count ? 0
                : f->bf16  ? bf16_float(((const uint16_t *)f->data)[place])
                           : ((const float *)f->data)[place];
        }
    }
}

static void train_tile(int units, const void *packed_a, const void *packed_b, float *c,
                       size_t stride, bool add)
{
    const float *a = packed_a, *b = packed_b;
    Lanes sum[TILE_ROWS][TILE_LANES];
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            sum[i][l] = add ? lanes_load(c + (size_t)i * stride + 16 * l) : lanes_set(0.0f);
    }
    for (int k = 0; k < units; k++, a += TILE_ROWS, b += TILE_COLS) {
        Lanes v[TILE_LANES];
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            v[l] = lanes_load(b + 16 * l);
        UNROLL
        for (int i = 0; i < TILE_ROWS; i++) {
            Lanes x = lanes_set(a[i]);
            UNROLL
            for (int l = 0; l < TILE_LANES; l++)
                sum[i][l] = lanes_fma(x, v[l], sum[i][l]);
        }
    }
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            lanes_store(c + (size_t)i * stride + 16 * l, sum[i][l]);
    }
}

static float train_peak(int rounds)
{
    Lanes sum[TILE_ROWS][TILE_LANES], x = lanes_set(0.5f), total = lanes_set(0.0f);
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            sum[i][l] = lanes_set((float)(i * TILE_LANES + l));
    }
    for (int r = 0; r < rounds; r++) {
        UNROLL
        for (int i = 0; i < TILE_ROWS; i++) {
            UNROLL
            for (int l = 0; l < TILE_LANES; l++)
                sum[i][l] = lanes_fma(x, x, sum[i][l]);
        }
    }
    for (int i = 0; i < TILE_ROWS; i++) {
        for (int l = 0; l < TILE_LANES; l++)
            total = lanes_add(total, sum[i][l]);
    }
    return lanes_sum(total);
}

#define TRAIN_TABLE                                                                         \
    {                                                                                       \
        .tile = {.precision = "f32",                                                        \
                 .rows = TILE_ROWS,                                                         \
                 .cols = TILE_COLS,                                                         \
                 .unit = 1,                                                                 \
                 .bytes = sizeof(float),                                                    \
                 .pack = train_pack,                                                        \
                 .peak = train_peak,                                                        \
                 .multiply = train_tile},                                                   \
        .norm_back = train_norm_back, .add_product = train_add_product, .add = train_add,   \
        .add_scaled = train_add_scaled, .dot = train_dot, .swiglu = train_swiglu,           \
        .swiglu_back = train_swiglu_back, .silu_back = train_silu_back,                     \
        .softmax_back = train_softmax_back, .exp_scaled = train_exp_scaled,                 \
        .smooth_l1 = train_smooth_l1, .multiply = train_multiply, .squares = train_squares, \
        .adamw = train_adamw,                                                               \
    }
