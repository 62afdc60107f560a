/* nfc.h - characters written in pieces put together: Unicode's normalisation form C.
 *
 * Some models (Qwen's) were trained on text in that form only; others on text as it came.
 */
#ifndef S2D_ENGINE_TEXT_NFC_H
#define S2D_ENGINE_TEXT_NFC_H

#include <stddef.h>

#include "kernels/common/err.h"

/* *composed: the text in form C, *composed_bytes long, to be freed; NULL where it is that already.
 * Bytes that are not UTF-8 stay, and nothing is composed over them. Returns -1 when memory is out. */
int nfc_compose(const char *text, size_t bytes, char **composed, size_t *composed_bytes, Err *err);

#endif
