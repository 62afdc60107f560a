/* tuned.h - what `s2d tune` found on this machine, by draft and target: the best thresholds, and
 * how often the target took what each exit said.
 *
 * They are kept as JSON in $XDG_STATE_HOME/s2d/tuned.json, written whole or not at all. A pair is
 * known by the draft's name, its layers, its exits and the SHA-256 of its adapter, and the target's
 * name. Where a profile loads such a pair, these thresholds take the place of its own, and the cost
 * model starts from these counts; the profile itself is never written to.
 */
#ifndef S2D_APP_WORKER_TUNED_H
#define S2D_APP_WORKER_TUNED_H

#include <stdbool.h>

#include "app/base/sha256.h"
#include "app/profile/profile.h"

enum { TUNED_MAX = 64, TUNED_BYTES_MAX = 1 << 20, TUNED_VERSION = 1 };

typedef struct TunedPair {
    char draft[64], target[64];
    char adapter[SHA256_TEXT]; /* "" = none */
    int layers, n_exits;
    int exits[EXITS_MAX];
    double thresholds[EXITS_MAX]; /* [n_exits] */
    double tokens_per_s,
        plain_tokens_per_s; /* measured with them, and without a draft; 0 = they were kept by hand */
    char day[16];           /* 2026-11-25 */
    bool has_accept;        /* a file written before there was this has none */
    Calibration accept[EXITS_MAX]; /* [n_exits] in whole numbers, at temperature 0 */
} TunedPair;

typedef struct Tuned {
    TunedPair pairs[TUNED_MAX]; /* the latest first */
    int n;
} Tuned;

/* No file is no pairs. EXIT_DATA when it is damaged, with place and remedy. */
int tuned_open(Tuned *tuned, Err *err);

/* To change the file: what it holds now, under a lock that keeps other instances waiting until
 * tuned_end. Returns the lock, -1 = as tuned_open. */
int tuned_begin(Tuned *tuned, Err *err);
/* Writes the pairs and gives the lock back. */
int tuned_end(const Tuned *tuned, int lock, Err *err);

int tuned_parse(Tuned *tuned, const char *text, size_t bytes, const char *name, Err *err);
char *tuned_text(const Tuned *tuned); /* free it; NULL = no memory */

/* What a pair is known by, of a profile's draft as it is loaded: the base's name and layers, and
 * the adapter's path (NULL = none). -1 when the adapter cannot be read. */
int tuned_key(TunedPair *key, const Profile *profile, const char *base, int layers,
              const char *adapter, Err *err);
/* NULL = there is none for this target, a catalog name or path. */
const TunedPair *tuned_find(const Tuned *tuned, const TunedPair *key, const char *target);
/* In the place of the same pair's; the oldest goes when there are too many. */
void tuned_put(Tuned *tuned, const TunedPair *pair);
/* Returns whether there was one. */
bool tuned_remove(Tuned *tuned, const TunedPair *key, const char *target);

/* Gives the profile's targets from number `first` on what was tuned for them. */
int tuned_apply(Profile *profile, int first, const char *base, int layers, const char *adapter,
                Err *err);

#endif
