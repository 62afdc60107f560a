/* options.h - the options of the commands that load models, and how they override a profile.
 *
 *   command_line_parse -> Options -> options_request -> the worker's first request, `load`
 *
 * Pointers point into argv.
 *
 * Which models:
 *   no --profile            the profile "coder"
 *   --target M              one of the profile's targets: start with that one; any other model: it
 *                           comes first and the profile's targets stay behind it. With a target
 *                           that is not the profile's and neither --draft nor --profile given, the
 *                           profile's draft does not come along: nobody asked for that pair.
 *   --draft M | none        the draft model; another one than the profile's drops its exits and
 *                           thresholds, and its adapter
 *   --adapter F | none      what was trained for the draft; another one than the profile's drops
 *                           the profile's exits and thresholds: the adapter has exits of its own
 */
#ifndef S2D_APP_OPTIONS_H
#define S2D_APP_OPTIONS_H

#include "app/base/command_line.h"
#include "app/protocol/request.h"

typedef struct Options {
    const char *profile, *target, *draft, *adapter, *drafter, *tree, *device, *isa,
        *host; /* NULL = not given */
    bool has_temperature, has_top_k, has_top_p, has_seed, has_ctx, has_kv, has_threads,
        has_max_tokens;
    SpecMode spec;
    KvType kv;
    double temperature, top_p;
    int top_k, seed, ctx, threads, max_tokens;
    bool act_f32;
    bool go_on; /* of a chat: with the newest session */
} Options;

/* Rows that fill an Options. A command takes those that it has a use for, beside its own. */
extern const Option model_options[];    /* which models, and how they run here */
extern const Option drafting_options[]; /* what drafts, when, and where all of it runs */
extern const Option sampling_options[];
extern const Option length_options[]; /* -n */

/* Opens the profile and lays the options over it; request_free the request. */
int options_request(const Options *options, Request *load, Err *err);

#endif
