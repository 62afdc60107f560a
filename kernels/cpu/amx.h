/* amx.h - the tile registers of AMX; for files that are compiled with -mamx-tile. */
#ifndef S2D_KERNELS_CPU_AMX_H
#define S2D_KERNELS_CPU_AMX_H

#include <immintrin.h>
#include <stdint.h>

typedef struct AmxShape {
    uint8_t rows;
    uint16_t row_bytes;
} AmxShape;

/* From here to _tile_release the calling thread's eight registers have these shapes. */
static inline void amx_configure(const AmxShape shape[8])
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.row_bytes[i] = shape[i].row_bytes;
        config.rows[i] = shape[i].rows;
    }
    /* gcc 12 believes that the instruction reads the first 8 bytes only. */
    __asm__ volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
}

#endif
