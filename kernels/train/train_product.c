/* train_product.c - products of matrices: both factors are packed, tiles go through the panels.
 *
 * After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008). A
 * product is cut into chunks whose packed factors fit the scratch; a chunk's tiles are dealt out in
 * blocks. Within a block k is cut so that a panel of b stays in the first-level cache while the
 * panels of a go by. Threads split outputs, and cuts depend on the shape only, so the bits do not
 * depend on the number of threads.
 */
#include <assert.h>
#include <string.h>

#include "kernels/train/train_cpu.h"

enum {
    CHUNK = 8192,     /* most outer indices of a factor that are packed at once */
    CHUNK_K = 1152,   /* most k's of those */
    CACHE_K = 384,    /* most k's of a panel of b that stays in the first-level cache */
    BLOCK_ROWS = 256, /* what one thread takes at a time */
    BLOCK_COLS = 384,
    PACK_PANELS = 4,
    TILE_FLOATS = 32 * 32, /* of the largest tile */
};

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* The size of equal pieces of n, at most `most` each, a multiple of unit. */
static int piece_size(int n, int most, int unit)
{
    int pieces = (n + most - 1) / most;
    return round_up((n + pieces - 1) / pieces, unit);
}

static size_t panel_bytes(const TrainTile *tile, int width, int k)
{
    return (size_t)width * (size_t)round_up(k, tile->unit) * (size_t)tile->bytes;
}

static size_t packed_bytes(const TrainTile *tile, int width, int outer, int k)
{
    size_t panels = (size_t)((outer + width - 1) / width);
    return (panels * panel_bytes(tile, width, k) + 63) & ~(size_t)63;
}

size_t train_product_bytes(const TrainTile *tile)
{
    return packed_bytes(tile, tile->rows, CHUNK, CHUNK_K) +
           packed_bytes(tile, tile->cols, CHUNK, CHUNK_K);
}

/* A part of a product, whose factors are packed. */
typedef struct Chunk {
    const TrainTile *tile;
    const Product *product;
    int m0, m, n0, n, k0, k; /* from and how many */
    bool add;
    char *a, *b; /* panels */
    int row_blocks;
} Chunk;

static void pack_panel(const Chunk *c, bool second, int panel)
{
    const TrainTile *tile = c->tile;
    const Factor *factor = second ? &c->product->b : &c->product->a;
    int width = second ? tile->cols : tile->rows, outer = second ? c->n : c->m;
    int first = panel * width, count = outer - first < width ? outer - first : width;
    char *out = (second ? c->b : c->a) + (size_t)panel * panel_bytes(tile, width, c->k);
    tile->pack(factor, second, (second ? c->n0 : c->m0) + first, count, c->k0, c->k, out);
}

/* Rows i … and columns j …, fewer than a tile has at the edges. */
static void edge_tile(const TrainTile *tile, int units, const char *a, const char *b, float *out,
                      size_t stride, int rows, int cols, bool add)
{
    float whole[TILE_FLOATS];
    assert(tile->rows * tile->cols <= TILE_FLOATS);
    for (int i = 0; add && i < rows; i++)
        memcpy(whole + i * tile->cols, out + (size_t)i * stride, (size_t)cols * sizeof *out);
    tile->multiply(units, a, b, whole, (size_t)tile->cols, add);
    for (int i = 0; i < rows; i++)
        memcpy(out + (size_t)i * stride, whole + i * tile->cols, (size_t)cols * sizeof *out);
}

/* Rows [from_row, to_row) and columns [from_col, to_col) of a chunk, from multiples of a tile. */
static void block(const Chunk *c, int from_row, int to_row, int from_col, int to_col)
{
    const TrainTile *t = c->tile;
    const Product *p = c->product;
    size_t a_panel = panel_bytes(t, t->rows, c->k), b_panel = panel_bytes(t, t->cols, c->k);
    int step = piece_size(c->k, CACHE_K, t->unit);
    if (t->begin)
        t->begin();
    for (int k = 0; k < c->k; k += step) {
        int part = c->k - k < step ? c->k - k : step, units = round_up(part, t->unit) / t->unit;
        size_t a_at = panel_bytes(t, t->rows, k), b_at = panel_bytes(t, t->cols, k);
        for (int j = from_col; j < to_col; j += t->cols) {
            const char *b = c->b + (size_t)(j / t->cols) * b_panel + b_at;
            int cols = to_col - j < t->cols ? to_col - j : t->cols;
            for (int i = from_row; i < to_row; i += t->rows) {
                const char *a = c->a + (size_t)(i / t->rows) * a_panel + a_at;
                int rows = to_row - i < t->rows ? to_row - i : t->rows;
                float *out = p->out + (size_t)(c->m0 + i) * (size_t)p->stride + c->n0 + j;
                if (rows == t->rows && cols == t->cols)
                    t->multiply(units, a, b, out, (size_t)p->stride, c->add || k > 0);
                else
                    edge_tile(t, units, a, b, out, (size_t)p->stride, rows, cols, c->add || k > 0);
            }
        }
    }
    if (t->end)
        t->end();
}

static void pack_piece(TrainCpu *ops, const void *job, int i, int worker)
{
    const Chunk *c = job;
    int a_panels = pieces_of((size_t)c->m, (size_t)c->tile->rows);
    int b_panels = pieces_of((size_t)c->n, (size_t)c->tile->cols);
    (void)ops, (void)worker;
    for (int p = i * PACK_PANELS; p < (i + 1) * PACK_PANELS && p < a_panels + b_panels; p++)
        pack_panel(c, p < b_panels, p < b_panels ? p : p - b_panels);
}

static void block_piece(TrainCpu *ops, const void *job, int i, int worker)
{
    const Chunk *c = job;
    int rows = round_up(BLOCK_ROWS, c->tile->rows), cols = round_up(BLOCK_COLS, c->tile->cols);
    int row = i % c->row_blocks * rows, col = i / c->row_blocks * cols;
    (void)ops, (void)worker;
    block(c, row, row + rows < c->m ? row + rows : c->m, col,
          col + cols < c->n ? col + cols : c->n);
}

static void chunk_run(TrainCpu *ops, Chunk *c)
{
    const TrainTile *t = c->tile;
    int panels =
        pieces_of((size_t)c->m, (size_t)t->rows) + pieces_of((size_t)c->n, (size_t)t->cols);
    train_each(ops, pieces_of((size_t)panels, PACK_PANELS), pack_piece, c);
    c->row_blocks = pieces_of((size_t)c->m, (size_t)round_up(BLOCK_ROWS, t->rows));
    int col_blocks = pieces_of((size_t)c->n, (size_t)round_up(BLOCK_COLS, t->cols));
    train_each(ops, c->row_blocks * col_blocks, block_piece, c);
}

void train_product(TrainOps *ops, Factor a, Factor b, int m, int n, int k, bool add, float *out,
                   int out_stride)
{
    TrainCpu *cpu = train_cpu_of(ops);
    const TrainTile *t = cpu->tile;
    Product product = {a, b, m, n, k, add, out, out_stride};
    int m_step = piece_size(m, CHUNK, t->rows), n_step = piece_size(n, CHUNK, t->cols);
    int k_step = piece_size(k, CHUNK_K, t->unit);
    Chunk c = {.tile = t, .product = &product, .a = cpu->packed};
    c.b = c.a + packed_bytes(t, t->rows, CHUNK, CHUNK_K);
    for (c.n0 = 0; c.n0 < n; c.n0 += n_step) {
        c.n = n - c.n0 < n_step ? n - c.n0 : n_step;
        for (c.m0 = 0; c.m0 < m; c.m0 += m_step) {
            c.m = m - c.m0 < m_step ? m - c.m0 : m_step;
            for (c.k0 = 0; c.k0 < k; c.k0 += k_step) {
                c.k = k - c.k0 < k_step ? k - c.k0 : k_step;
                c.add = add || c.k0 > 0;
                chunk_run(cpu, &c);
            }
        }
    }
}

size_t product_alone_bytes(const TrainTile *tile, int m, int n, int k)
{
    return packed_bytes(tile, tile->rows, m, k) + packed_bytes(tile, tile->cols, n, k);
}

void product_alone(const TrainTile *tile, const Product *p, char *packed)
{
    Chunk c = {.tile = tile, .product = p, .m = p->m, .n = p->n, .k = p->k, .add = p->add};
    c.a = packed;
    c.b = packed + packed_bytes(tile, tile->rows, p->m, p->k);
    for (int i = 0; i * tile->rows < p->m; i++)
        pack_panel(&c, false, i);
    for (int i = 0; i * tile->cols < p->n; i++)
        pack_panel(&c, true, i);
    block(&c, 0, p->m, 0, p->n);
}
