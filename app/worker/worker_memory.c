/* worker_memory.c - whether something fits into the memory that is free. */
#include "app/profile/catalog.h"
#include "app/worker/worker.h"

int worker_check_memory(Worker *worker, const char *what, size_t weights, size_t session, Err *err)
{
    size_t have = worker->kernels->memory_free(worker->kernels);
    if (weights + session <= have)
        return 0;
    char need[16], parts[2][16], left[16];
    catalog_size_text(weights + session, need, sizeof(need));
    catalog_size_text(weights, parts[0], sizeof(parts[0]));
    catalog_size_text(session, parts[1], sizeof(parts[1]));
    catalog_size_text(have, left, sizeof(left));
    return err_set(
        err, EXIT_MEMORY,
        "%s needs %s (weights %s, context %s) and %s are free; try a smaller model or --ctx", what,
        need, parts[0], parts[1], left);
}
