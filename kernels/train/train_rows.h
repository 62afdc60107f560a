/* train_rows.h - gradients of what is done row by row, and the optimiser; included by train_*.c
 * after lanes_*.h. Sums: as in isa_row.h. */

static float train_norm_back(const float *x, const float *weight, float eps, int cols,
                             const float *dout, float *dx)
{
    Lanes square = lanes_set(0.0f), dot = lanes_set(0.0f);
    for (int i = 0; i < cols; i += 16) {
        Lanes v = load_tail(x, i, cols);
        Lanes g = lanes_mul(load_tail(weight, i, cols), load_tail(dout, i, cols));
        square = lanes_fma(v, v, square);
        dot = lanes_fma(g, v, dot);
    }
    float inverse = 1.0f / sqrtf(lanes_sum(square) / (float)cols + eps);
    if (dx == NULL)
        return inverse;
    /* out = x r w, r = (mean x^2 + eps)^-1/2, dr/dx = -r^3 x / cols */
    Lanes r = lanes_set(inverse);
    Lanes back = lanes_set(lanes_sum(dot) * inverse * inverse * inverse / (float)cols);
    for (int i = 0; i < cols; i += 16) {
        Lanes g = lanes_mul(load_tail(weight, i, cols), load_tail(dout, i, cols));
        Lanes d = lanes_fma(g, r, load_tail(dx, i, cols));
        store_tail(dx, i, cols, lanes_fnma(load_tail(x, i, cols), back, d));
    }
    return inverse;
}

static void train_add_product(float *to, const float *x, const float *y, float factor, int n)
{
    Lanes f = lanes_set(factor);
    for (int i = 0; i < n; i += 16) {
        Lanes v = lanes_mul(load_tail(x, i, n), f);
        store_tail(to, i, n, lanes_fma(v, load_tail(y, i, n), load_tail(to, i, n)));
    }
}

static void train_add(float *to, const float *x, int n)
{
    for (int i = 0; i < n; i += 16)
        store_tail(to, i, n, lanes_add(load_tail(to, i, n), load_tail(x, i, n)));
}

static void train_add_scaled(float *to, const float *x, float factor, int n)
{
    Lanes f = lanes_set(factor);
    for (int i = 0; i < n; i += 16)
        store_tail(to, i, n, lanes_fma(f, load_tail(x, i, n), load_tail(to, i, n)));
}

static float train_dot(const float *x, const float *y, int n)
{
    Lanes sum = lanes_set(0.0f);
    for (int i = 0; i < n; i += 16)
        sum = lanes_fma(load_tail(x, i, n), load_tail(y, i, n), sum);
    return lanes_sum(sum);
}

static void train_multiply(float *x, float factor, int n)
{
    Lanes f = lanes_set(factor);
    for (int i = 0; i < n; i += 16)
        store_tail(x, i, n, lanes_mul(load_tail(x, i, n), f));
}

INLINE Lanes sigmoid(Lanes x)
{
    Lanes one = lanes_set(1.0f);
    return lanes_div(one, lanes_add(one, lanes_exp(lanes_sub(lanes_set(0.0f), x))));
}

static void train_swiglu(const float *gate, const float *up, int n, float *out)
{
    for (int i = 0; i < n; i += 16) {
        Lanes g = load_tail(gate, i, n);
        store_tail(out, i, n, lanes_mul(lanes_mul(g, sigmoid(g)), load_tail(up, i, n)));
    }
}

/* silu(x) = x s, s = sigmoid(x); its derivative is s (1 + x (1 - s)). */
INLINE Lanes silu_slope(Lanes x, Lanes s)
{
    Lanes one = lanes_set(1.0f);
    return lanes_mul(s, lanes_fma(x, lanes_sub(one, s), one));
}

static void train_swiglu_back(float *gate, float *up, const float *dout, int n)
{
    for (int i = 0; i < n; i += 16) {
        Lanes g = load_tail(gate, i, n), u = load_tail(up, i, n), d = load_tail(dout, i, n);
        Lanes s = sigmoid(g);
        store_tail(gate, i, n, lanes_mul(lanes_mul(d, u), silu_slope(g, s)));
        store_tail(up, i, n, lanes_mul(d, lanes_mul(g, s)));
    }
}

static void train_silu_back(const float *x, const float *dout, int n, float *dx)
{
    for (int i = 0; i < n; i += 16) {
        Lanes v = load_tail(x, i, n);
        store_tail(dx, i, n, lanes_mul(load_tail(dout, i, n), silu_slope(v, sigmoid(v))));
    }
}

static void train_softmax_back(const float *p, float *dp, float scale, int n)
{
    Lanes sum = lanes_set(0.0f);
    for (int i = 0; i < n; i += 16)
        sum = lanes_fma(load_tail(p, i, n), load_tail(dp, i, n), sum);
    Lanes mean = lanes_set(lanes_sum(sum)), f = lanes_set(scale);
    for (int i = 0; i < n; i += 16) {
        Lanes d = lanes_sub(load_tail(dp, i, n), mean);
        store_tail(dp, i, n, lanes_mul(lanes_mul(load_tail(p, i, n), d), f));
    }
}

static void train_exp_scaled(float *x, int n, float max, float factor)
{
    Lanes m = lanes_set(max), f = lanes_set(factor);
    for (int i = 0; i < n; i += 16)
        store_tail(x, i, n, lanes_mul(lanes_exp(lanes_sub(load_tail(x, i, n), m)), f));
}

/* c = d cut to -1 … 1 is the slope, and c (d - c / 2) the loss on both sides. NaN stays NaN. */
static float train_smooth_l1(const float *x, const float *target, int n, float factor, float *dx)
{
    Lanes sum = lanes_set(0.0f), one = lanes_set(1.0f), minus = lanes_set(-1.0f);
    Lanes half = lanes_set(0.5f), f = lanes_set(factor);
    for (int i = 0; i < n; i += 16) {
        Lanes d = lanes_sub(load_tail(x, i, n), load_tail(target, i, n));
        Lanes c = lanes_min(one, lanes_max(minus, d));
        sum = lanes_fma(c, lanes_fnma(c, half, d), sum);
        store_tail(dx, i, n, lanes_fma(f, c, load_tail(dx, i, n)));
    }
    return lanes_sum(sum);
}

static float train_squares(const float *x, int n)
{
    Lanes sum = lanes_set(0.0f);
    for (int i = 0; i < n; i += 16) {
        Lanes v = load_tail(x, i, n);
        sum = lanes_fma(v, v, sum);
    }
    return lanes_sum(sum);
}

/* Loshchilov and Hutter, "Decoupled weight decay regularization", 2019. */
static void train_adamw(const AdamW *a, float *weight, float *gradient, float *mean, float *square,
                        int n)
{
    double correct1 = 1 - pow(a->beta1, a->step), correct2 = 1 - pow(a->beta2, a->step);
    Lanes b1 = lanes_set(a->beta1), b2 = lanes_set(a->beta2), clip = lanes_set(a->scale);
    Lanes new1 = lanes_set(1 - a->beta1), new2 = lanes_set(1 - a->beta2);
    Lanes rate = lanes_set((float)(a->rate / correct1)), eps = lanes_set(a->epsilon);
    Lanes inverse2 = lanes_set((float)(1 / correct2)), keep = lanes_set(1 - a->rate * a->decay);
    for (int i = 0; i < n; i += 16) {
        Lanes g = lanes_mul(load_tail(gradient, i, n), clip);
        Lanes m = lanes_fma(new1, g, lanes_mul(b1, load_tail(mean, i, n)));
        Lanes v = lanes_fma(lanes_mul(new2, g), g, lanes_mul(b2, load_tail(square, i, n)));
        Lanes step =
            lanes_div(lanes_mul(rate, m), lanes_add(lanes_sqrt(lanes_mul(v, inverse2)), eps));
        store_tail(mean, i, n, m);
        store_tail(square, i, n, v);
        store_tail(weight, i, n, lanes_sub(lanes_mul(keep, load_tail(weight, i, n)), step));
        store_tail(gradient, i, n, lanes_set(0.0f));
    }
}
