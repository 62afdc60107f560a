/* profile_scan.h - looks the YAML of a profile, a config file or a script over before libcyaml
 * builds anything from it.
 *
 * libcyaml maps YAML to structs well but trusts it more than a file from elsewhere deserves: it
 * takes minutes over a few nested aliases, ignores a second document, cuts strings at a NUL byte,
 * and forgets where a value stood once it is loaded. This pass over libyaml's events (0.2.5)
 * refuses the first three, bounds the depth, and remembers the places.
 */
#ifndef S2D_APP_PROFILE_PROFILE_SCAN_H
#define S2D_APP_PROFILE_PROFILE_SCAN_H

#include <stddef.h>

#include "kernels/common/err.h"

enum {
    SCAN_BYTES_MAX = 65536, /* of a file */
    SCAN_DEPTH_MAX = 6,     /* mappings and lists within each other */
    SCAN_MARKS_MAX = 512,   /* values and keys */
    SCAN_PATH_BYTES = 96,   /* longest "targets[0].thresholds[2]" and its terminator */
};

/* Where something stands. Lines and columns count from 1. */
typedef struct ScanMark {
    char path[SCAN_PATH_BYTES]; /* "targets[0].thresholds[2]" */
    int key_line, key_column;   /* of its key; of the value itself in a list */
    int line, column;           /* of the value */
} ScanMark;

typedef struct Scan {
    const char *file; /* for messages, */
    const char *kind; /* and what it is: "a profile" */
    int n_marks;
    ScanMark marks[SCAN_MARKS_MAX]; /* in the document's order */
} Scan;

/* Fills scan, or fails with "FILE:LINE:COLUMN: what is wrong". file and kind must live as long as
 * the scan. A text without a document is fine, and has no marks. */
int scan_yaml(Scan *scan, const char *yaml, size_t bytes, const char *file, const char *kind,
              Err *err);

/* The mark of a path; NULL = there is none. */
const ScanMark *scan_find(const Scan *scan, const char *path);

/* The first mark at or after this place whose own key (the path's last part) is `key`; NULL =
 * none. */
const ScanMark *scan_find_key(const Scan *scan, const char *key, int line, int column);

#endif
