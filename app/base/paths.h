/* paths.h - where s2d keeps things: the XDG base directories, and nowhere else.
 *
 *   config  $XDG_CONFIG_HOME/s2d  (~/.config/s2d)       profiles
 *   data    $XDG_DATA_HOME/s2d    (~/.local/share/s2d)  saved chats
 *   state   $XDG_STATE_HOME/s2d   (~/.local/state/s2d)  history, logs, tuned values
 *   models  $S2D_MODELS, else $XDG_CACHE_HOME/s2d (~/.cache/s2d)
 *   cache   $XDG_CACHE_HOME       (~/.cache)            other programs' models, only read
 *
 * As the XDG specification asks, a relative path in one of these variables is ignored.
 */
#ifndef S2D_APP_BASE_PATHS_H
#define S2D_APP_BASE_PATHS_H

#include <stddef.h>

#include "kernels/common/err.h"

enum { PATH_BYTES = 4096 };

typedef enum PlaceKind {
    PLACE_CONFIG,
    PLACE_DATA,
    PLACE_STATE,
    PLACE_MODELS,
    PLACE_CACHE, /* everybody's cache: where other programs keep models */
} PlaceKind;

/* path = the place's folder, "/name" appended unless name is NULL. Nothing is created. */
int paths_get(PlaceKind place, const char *name, char *path, size_t size, Err *err);

/* Creates the place's folder and the folders above it (mode 0700 for new ones). */
int paths_make(PlaceKind place, Err *err);

/* Creates the place's folder and waits until no other instance holds its lock. Whoever changes a
 * file that others change too holds it from reading to writing, and not for long. Returns a
 * descriptor, to be closed; where the file system has no locks it locks nothing. */
int paths_lock(PlaceKind place, Err *err);

/* The profiles that came with this binary: PREFIX/share/s2d/profiles when installed, ./profiles
 * when run from the build folder. EXIT_NOINPUT when neither is there. */
int paths_shipped_profiles(char *path, size_t size, Err *err);

#endif
