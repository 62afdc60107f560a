/* unsafe.c - see unsafe.h. Sources: ECMA-48 (C0, C1), UAX #9 (bidi), UTS #39 (the rest). */
#include "kernels/common/unsafe.h"

bool unsafe_char(uint32_t ch)
{
    return ch < 0x20 || (ch >= 0x7F && ch < 0xA0) || ch == 0x61C || ch == 0x200E || ch == 0x200F ||
           (ch >= 0x2028 && ch <= 0x202E) || (ch >= 0x2066 && ch <= 0x206F) ||
           (ch >= 0xFFF9 && ch <= 0xFFFB) || (ch >= 0xE0000 && ch <= 0xE0FFF);
}
