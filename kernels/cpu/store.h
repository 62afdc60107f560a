/* store.h - memory for weights and caches: large regions in huge pages, carved up in order.
 *
 * A model is hundreds of matrices of a few megabytes that are read once per token from end to end.
 * Allocated one by one they would end in small pages and stall on address translation, so they
 * are carved from regions of at least 256 MiB. What nobody has written to yet takes no memory.
 */
#ifndef S2D_KERNELS_CPU_STORE_H
#define S2D_KERNELS_CPU_STORE_H

#include <stddef.h>

typedef struct Store Store;

Store *store_open(void);
void store_close(Store *store); /* everything must have been freed */

/* Zeroed, 64-byte aligned. NULL = no memory. */
void *store_alloc(Store *store, size_t bytes);
void store_free(Store *store, void *memory);

/* Bytes that can still be had: free and reclaimable memory of the machine, or of the control groups
 * that this process is in if that is less. */
size_t store_memory_free(void);

#endif
