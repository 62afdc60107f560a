/* found_cache.h - the headers of found models, read once: $XDG_STATE_HOME/s2d/headers.json.
 *
 * A header with its vocabulary is some megabytes, and takes 5 to 40 ms from the page cache; people have
 * hundreds of files. What was read of a model that s2d can run is kept by its path, size, inode and time of
 * change, and read again when one of them is another. A file that cannot be read or written is done
 * without.
 */
#ifndef S2D_APP_PROFILE_FOUND_CACHE_H
#define S2D_APP_PROFILE_FOUND_CACHE_H

#include "app/profile/found.h"

enum { FOUND_CACHE_BYTES_MAX = 4 << 20, FOUND_CACHE_VERSION = 1 };

/* Called for each model once its header is known, as they come; may be NULL. */
typedef void FoundVisit(void *user, const FoundModel *model);

/* Reads the headers of all files of at most so many bytes, out of the cache where it has them, and keeps
 * what is new. */
void found_read_all(FoundList *list, uint64_t most, FoundVisit *visit, void *user);

/* Takes from a cache's text what it has of the list's models; what is odd in it counts as absent. Returns how many it had.
 * (The rest is for tests and fuzzing.) */
int found_cache_take(FoundList *list, const char *json, size_t bytes);
/* The text for the list's usable models; free it. NULL = no memory. */
char *found_cache_text(const FoundList *list);

#endif
