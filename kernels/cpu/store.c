/* store.c - regions of huge pages, see store.h.
 *
 * Each allocation has a 64-byte header. A region is address space first: what nobody has touched
 * takes no memory, so a region can be large and its unused end costs nothing. Only the newest one
 * is carved from. What is freed goes back to the system at once, its addresses when the whole
 * region goes, which suits weights that come and go by the model.
 */
#include "kernels/cpu/store.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels/cpu/cgroup.h"

enum { PAGE = 64 << 10, HUGE_PAGE = 2 << 20, REGION = 256 << 20 };

typedef struct Region {
    char *base; /* aligned to a huge page */
    size_t bytes, used;
    int live; /* allocations */
} Region;

typedef struct Header {
    _Alignas(64) Region *region;
    size_t bytes; /* with this header */
} Header;

struct Store {
    Region *current; /* NULL = none */
};

Store *store_open(void)
{
    return calloc(1, sizeof(Store));
}

static void region_close(Region *region)
{
    munmap(region->base, region->bytes);
    free(region);
}

void store_close(Store *store)
{
    if (!store)
        return;
    if (store->current)
        region_close(store->current);
    free(store);
}

static Region *region_open(size_t bytes)
{
    bytes = (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
    Region *region = malloc(sizeof *region);
    if (!region)
        return NULL;
    char *map =
        mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        free(region);
        return NULL;
    }
    /* Cut to alignment. */
    size_t skip = (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
    if (skip)
        munmap(map, skip);
    munmap(map + skip + bytes, HUGE_PAGE - skip);
    *region = (Region){.base = map + skip, .bytes = bytes};
    madvise(region->base, bytes, MADV_HUGEPAGE);
    return region;
}

void *store_alloc(Store *store, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t need = sizeof(Header) + ((bytes + 63) & ~(size_t)63);
    Region *region = store->current;
    if (!region || region->bytes - region->used < need) {
        Region *fresh = region_open(need > REGION ? need : REGION);
        if (!fresh)
            return NULL;
        /* The region with more room left stays the current one. */
        if (!region || fresh->bytes - need > region->bytes - region->used) {
            if (region && !region->live)
                region_close(region);
            store->current = fresh;
        }
        region = fresh;
    }
    Header *header = (Header *)(region->base + region->used);
    *header = (Header){.region = region, .bytes = need};
    region->used += need;
    region->live++;
    return header + 1;
}

void store_free(Store *store, void *memory)
{
    if (!memory)
        return;
    Header *header = (Header *)memory - 1;
    Region *region = header->region;
    if (--region->live > 0) {
        uintptr_t from = ((uintptr_t)header + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
        uintptr_t to = ((uintptr_t)header + header->bytes) & ~(uintptr_t)(PAGE - 1);
        if (from < to)
            madvise((void *)from, to - from, MADV_DONTNEED);
        return;
    }
    if (store->current == region)
        store->current = NULL;
    region_close(region);
}

size_t store_memory_free(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    unsigned long long kb;
    size_t machine = SIZE_MAX, group = cgroup_memory("");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu", &kb) == 1 && kb < SIZE_MAX / 1024)
            machine = (size_t)kb * 1024;
    if (file)
        fclose(file);
    return group < machine ? group : machine;
}
