/* hub_quant.h - what the name of a GGUF file says: its quantisation, and which part of how many it is.
 *
 *   Qwen3-0.6B-Q4_K_M.gguf            Q4_K_M
 *   Q8_0/big-Q8_0-00002-of-00005.gguf Q8_0, part 2 of 5
 *   x-UD-Q4_K_XL.gguf                 UD-Q4_K_XL (a maker's own mixture)
 */
#ifndef S2D_APP_PULL_HUB_QUANT_H
#define S2D_APP_PULL_HUB_QUANT_H

#include <stdbool.h>
#include <stddef.h>

enum { HUB_LABEL_BYTES = 32 };

/* The last quantisation that the path names, in capitals; "" = none. */
void hub_label(const char *path, char label[HUB_LABEL_BYTES]);

/* How far a quantisation is from Q4_K_M, the one that is taken where none is asked for: 0 = it is
 * that one; more = less fit for a machine that has no model of it yet. */
int hub_label_rank(const char *label);

typedef struct HubPart {
    int part, of; /* 1 ... of; 1 and 1 where the file is whole */
    size_t stem;  /* bytes of the path before what differs between the parts */
} HubPart;

void hub_part(const char *path, HubPart *part);

#endif
