/* profile.h - what a chat is made of: a draft, its targets, how to draft and to sample.
 *
 * Read from YAML through libcyaml, strictly: unknown keys, doubled keys, aliases and numbers out of
 * range are errors with file, line and column. See man/s2d-profile.5.
 */
#ifndef S2D_APP_PROFILE_PROFILE_H
#define S2D_APP_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/profile/short_list.h"
#include "engine/cost/calibration.h"
#include "engine/decode/event.h"
#include "engine/decode/stop.h"
#include "engine/text/template.h"
#include "kernels/common/bounds.h"
#include "kernels/common/err.h"
#include "kernels/kv.h"

enum { TARGETS_MAX = 8 };

typedef struct ProfileTarget {
    char *model;      /* catalog name or path */
    int n_thresholds; /* 0 = not given: the built-in ones; else one per exit */
    double thresholds[EXITS_MAX];
    char drafter[24]; /* what drafts for it, as drafter_parse takes it; "" = not given */
    char *head; /* file of a head that was trained for it; profile_open adds its folder; NULL =
                            none */
    int n_own;  /* the worker's: `thresholds` as they were given, before any were tuned or set */
    double own[EXITS_MAX];
    int n_tuned; /* and those in tuned.json; 0 = there are none */
    double tuned[EXITS_MAX];
    Calibration *accept; /* [n_exits] as tuned, see tuned.h; NULL = not known */
    ThresholdsFrom from; /* not in the file */
} ProfileTarget;

typedef struct Profile {
    char *name;
    char *path;          /* where it was read from; NULL = built from options */
    char *draft_base;    /* catalog name or path; NULL = no draft model */
    int draft_layers;    /* 0 = all of the base */
    char *draft_list;    /* file of the short list, as the profile names it; NULL = none */
    ShortList draft_ids; /* what it holds: read by profile_open */
    char *draft_adapter; /* file of the trained exits; profile_open adds its folder; NULL = none */
    bool draft_exact;    /* the draft's weights stay as they are in the file */
    int n_exits;         /* 0 = one exit after the last layer */
    int exits[EXITS_MAX];
    int n_targets;
    ProfileTarget targets[TARGETS_MAX];
    bool tree_auto;
    int tree_depth, tree_width, tree_nodes; /* when not auto; width 1 = a chain */
    double temperature, top_p;
    int top_k, seed;
    Stops stops;    /* texts that end an answer */
    char *system;   /* NULL = the template's own default */
    char *template; /* NULL = recognised from the model */
    ThinkMode think;
    char date[12];  /* that a template tells, YYYY-MM-DD; "" = the day of the load */
    int context;    /* tokens; 0 = 4096 or the model's limit */
    KvType kv;      /* KV_F16 or KV_Q8 */
    int max_tokens; /* 0 = until the context is full */
    int threads;    /* 0 = physical cores */
    char *device;   /* "auto", "cpu", "cuda" */
} Profile;

/* How many thresholds a target has: one for each exit, or one for the end of a draft without. */
int profile_thresholds(const Profile *profile);

/* name: a path (with a / or ending in .yaml), or a name: looked for in $XDG_CONFIG_HOME/s2d, then
 * among the profiles that came with s2d. On failure nothing is left to close. */
int profile_open(Profile *profile, const char *name, Err *err);
/* The same from memory (tests, fuzzing); path is for messages only. */
int profile_parse(Profile *profile, const char *yaml, size_t bytes, const char *path, Err *err);
void profile_close(Profile *profile);
void profile_close_target(ProfileTarget *target);

#endif
