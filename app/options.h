/* options.h - the options of the commands that load models, and how they override a profile.
 *
 *   command_line_parse -> Options -> options_request -> the worker's first request, `load`
 *
 * Pointers point into argv.
 *
 * Which models:
 *   no --profile            the config file's, or the profile "coder"
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
#include "app/profile/config.h"
#include "app/protocol/request.h"
#include "ui/theme.h"

typedef struct Options {
    const Config *config; /* read already; NULL = options_request reads it, for itself */
    const char *profile, *role, *target, *draft, *adapter, *drafter, *tree, *device, *isa,
        *host; /* NULL = not given */
    bool has_temperature, has_top_k, has_top_p, has_seed, has_ctx, has_kv, has_threads,
        has_max_tokens, has_stops, has_theme, has_think;
    SpecMode spec;
    ThinkMode think;
    char date[12]; /* YYYY-MM-DD, "" = not given */
    ThemeChoice theme;
    KvType kv;
    double temperature, top_p;
    int top_k, seed, ctx, threads, max_tokens;
    bool act_f32;
    Stops stops;
    bool go_on; /* of a chat: with the newest session */
} Options;

/* Rows that fill an Options. A command takes those that it has a use for, beside its own. */
extern const Option model_options[];    /* which models, and how they run here */
extern const Option drafting_options[]; /* what drafts, when, and where all of it runs */
extern const Option sampling_options[];
extern const Option length_options[]; /* -n */
extern const Option screen_options[]; /* how it looks */
extern const Option stop_options[];   /* --stop */
extern const Option role_options[];   /* --role, --think, --date */

/* Opens the profile and lays the config file and then the options over it; request_free the request. */
int options_request(const Options *options, Request *load, Err *err);

/* Adds a stop string as a person types it: \n, \t and \\ stand for a newline, a tab and a backslash;
 * "none" takes away those there are. what: names the place in messages. */
int options_stop(Stops *stops, const char *text, const char *what, Err *err);
/* The strings in quotes, written as they would be typed, ", " between them; "none" for none.
 * Returns text. */
enum { STOPS_TEXT = STOPS_MAX * (2 * STOP_BYTES + 4) };
const char *options_stops_text(const Stops *stops, char text[STOPS_TEXT]);

#endif
