/* isa_amx_avx512.c - a panel times the many rows of a batch with AMX; gives the bits of isa_dot.h.
 *
 * How a group of 256 inputs is multiplied is in isa_amx.h. What is done there to the panel takes as
 * long for one row as for all of them, and a tile is stored as slowly for one as for 16, so this is
 * for many. Nothing here may run before the system has been asked for the registers (cpu.c).
 *
 * Flags: those of *_avx512.c, and -mamx-tile -mamx-int8
 */
#if defined(__x86_64__)

#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_avx512.h"

#include "kernels/cpu/amx.h"
#include "kernels/cpu/isa_amx.h"

/* A batch is cut into pieces of equally many rows, for which tiles are shaped once; the last one
 * may begin among rows of the one before it, which it skips. */
static int piece_rows(int n)
{
    int pieces = (n + SQUARE - 1) / SQUARE;
    return (n + pieces - 1) / pieces;
}

/* Of the register file: sums 0 … 3; activations 4, weights 5 for 64 inputs; 6 and 7 for 32. */
static void begin(int n)
{
    uint8_t rows = (uint8_t)piece_rows(n);
    AmxShape sums = {rows, 64};
    amx_configure((AmxShape[8]){sums, sums, sums, sums, sums, {SQUARE, 64}, {rows, 32}, {8, 64}});
}

static void end(void)
{
    _tile_release();
}

INLINE void panel_dot(const QuantType type, int cols, const uint8_t *panel, Ahead next,
                      const ActGroup *x, int n, float (*acc)[PANEL])
{
    _Alignas(64) uint8_t factor[8 * SQUARE_BYTES];
    const int rows = piece_rows(n);
    memset(acc, 0, (size_t)n * sizeof *acc);
    for (int k = 0; k < cols; k += GROUP, x += n) {
        int blocks = (cols - k < GROUP ? cols - k : GROUP) / BLOCK;
        size_t bytes = panel_group_bytes(type, blocks);
        const uint8_t *ahead = ahead_of(next, panel);
        Ints six[4];
        if (!quant_is_k(type)) {
            unpack_codes(type, panel + panel_head_bytes(type, blocks), ahead, blocks, factor);
        } else {
            if (quant_scales(type) == SCALES_K32_MIN)
                six_bit_load(panel + 64, six);
            unpack_scaled(type, panel, ahead, six, factor);
        }
        for (int i = 0; i < n; i += rows) {
            int at = i + rows <= n ? i : n - rows, skip = i - at;
            if (quant_is_k(type))
                piece_k(type, panel, i ? panel : ahead, six, factor, x + at, rows, skip, acc + at);
            else if (blocks == 8)
                piece_legacy(type, panel, i ? panel : ahead, 8, factor, x + at, rows, skip,
                             acc + at);
            else
                piece_legacy(type, panel, i ? panel : ahead, blocks, factor, x + at, rows, skip,
                             acc + at);
        }
        panel += bytes;
        next.left = next.left > bytes ? next.left - bytes : 0;
    }
}

#include "kernels/cpu/isa_by_type.h"

static int32_t dots(int rounds)
{
    _Alignas(64) int8_t factor[SQUARE_BYTES];
    int32_t sum[SQUARE][PANEL];
    memset(factor, 15, sizeof factor);
    begin(SQUARE);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, factor, 64);
    _tile_loadd(5, factor, 64);
    for (int r = 0; r < rounds; r++) {
        _tile_dpbsud(0, 4, 5);
        _tile_dpbsud(1, 4, 5);
        _tile_dpbsud(2, 4, 5);
        _tile_dpbsud(3, 4, 5);
    }
    _tile_stored(3, sum, 64);
    end();
    return sum[0][0];
}

const IsaTiles isa_tiles_amx = {.name = "AMX",
                                .rows = 9, /* measured, see PERFORMANCE.md */
                                .begin = begin,
                                .end = end,
                                .dot = isa_dot,
                                .dots = dots,
                                .round_sums = 4 * SQUARE * PANEL};

#endif
