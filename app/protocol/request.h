/* request.h - what a front asks of the worker, as structs and as JSON lines.
 *
 * One object a line: `v`, `request`, and the fields below under the same names. Each one ends once,
 * and as this says, whether it is taken or refused and whatever goes on meanwhile:
 *
 *   load     LOAD events, then READY; or ERROR (the worker stays and takes another load)
 *
 *   say      PREFILL, ROUND, TEXT, STATS …, and always one DONE; trouble is an ERROR before a DONE
 *            "error", in its turn also where the say is refused
 *
 *   switch   SWITCH check, load, prefill, then done and READY; or failed, and the old target goes
 *            on: where its `room` is "unload", the same with `unload` works, where it is "replace",
 *            a load of that target in its place, where it is "pair", a load without the draft
 *
 *   set      READY again, with what now holds; or ERROR and nothing has changed
 *
 *   count    COUNT: the tokens of a text, for the current target
 *
 *   stop     ends the answer that is going on and the load of a switch; nothing when idle
 *
 *   quit     ends the worker at once; the end of its input, when what came before is done
 *
 * A line that is refused before it is taken for any of them, and any but a `say` for which there is
 * no place, is one ERROR. Only the worker's end leaves requests without theirs.
 *
 * set, switch and count are taken in the middle of an answer; say and load wait for its end. A fatal ERROR
 * is followed by the worker's end.
 */
#ifndef S2D_APP_PROTOCOL_REQUEST_H
#define S2D_APP_PROTOCOL_REQUEST_H

#include <stddef.h>

#include "app/profile/profile.h"
#include "engine/session/session.h"

enum {
    REQUEST_LINE_MAX = 64 << 20, /* bytes of the longest request line */
    MESSAGES_MAX = 4096,         /* most messages in one `say` */
};

typedef enum RequestType {
    REQUEST_LOAD,
    REQUEST_SAY,
    REQUEST_STOP,
    REQUEST_SWITCH,
    REQUEST_SET,
    REQUEST_COUNT,
    REQUEST_QUIT,
} RequestType;

/* The profile with the command line's options already in it, and what a profile does not say. */
typedef struct RequestLoad {
    Profile profile;  /* names and paths are resolved by the worker, on its machine */
    int target_index; /* of profile.targets: the one to start with */
    bool pair; /* where the profile has no draft: look for one among the models of that machine */
    SpecMode spec;
    char drafter[DRAFTER_TEXT]; /* as drafter_parse takes it; "" = the profile's */
    char tree[16];              /* as tree_parse takes it; "" = the profile's */
    char isa[16];               /* "auto", "amx", "avx512", "avx2", "scalar" */
    bool act_f32;
} RequestLoad;

/* Any of these together; they change at the next round. */
typedef struct RequestSet {
    int n_thresholds; /* 0 = not given */
    float thresholds[EXITS_MAX];
    char tree[16];              /* "" = not given */
    char drafter[DRAFTER_TEXT]; /* "" = not given */
    bool has_sampling, has_spec, has_auto, has_think;
    ThinkMode think; /* from the next answer on */
    char date[12];   /* that the template tells, the same; "" = not given */
    Sampling sampling;
    SpecMode spec;
    bool auto_thresholds;          /* thresholds that are given as well are what it begins with */
    bool has_forecasts, forecasts; /* FORECAST events or not */
    bool keep; /* the thresholds in force, with this draft and target, as `s2d tune` does: before
                  anything that is set here */
    bool has_target; /* of a side that is compared: */
    int target;      /* another of the profile's targets answers it, index */
} RequestSet;

/* The whole conversation, the system message included: the worker adds nothing and remembers
 * nothing but its cache. An assistant message whose text is that of a former answer keeps that
 * answer's own tokens, so that undo, edit and regen find the cache as it was. Where the last message is
 * an assistant's, that answer goes on. A question that does not fit into the context is answered by a
 * WARNING question-too-long, with its size, and DONE context. */
typedef struct RequestSay {
    Message *messages; /* [n_messages]; ids are the worker's business and do not travel */
    int n_messages;
    bool raw; /* one message: its text is fed without a template, special tokens in it parsed */
    bool ignore_eos;
    int max_tokens; /* 0 = until the context is full */
    uint32_t seed;
    Stops stops;
    /* Two settings answer in turn (session_compare): what differs from what is set. Of a side only
     * thresholds, tree, drafter, spec, "off" for plain decoding, and target, of one side at most: that
     * target is loaded beside the current one, LOAD events tell of it, and the current one's text is the
     * answer. COMPARE events come with TEXT and OTHER_TEXT in place of ROUND and STATS; set and switch wait
     * for the answer's end. */
    bool compare;
    RequestSet sides[2];
} RequestSay;

typedef struct RequestSwitch {
    int index;   /* of the profile's targets; -1 = by name */
    char *name;  /* catalog name or path, one of the profile's or any other; NULL = by index */
    bool unload; /* models that nothing uses may go, where memory is short */
} RequestSwitch;

typedef struct RequestCount {
    int number; /* comes back with the count */
    char *text;
} RequestCount;

typedef struct Request {
    RequestType type;
    union {
        RequestLoad load;
        RequestSay say;
        RequestSwitch swap;
        RequestSet set;
        RequestCount count;
    } u;
} Request;

/* One line without its newline; free it. NULL = out of memory. Text that is no UTF-8 gets
 * U+FFFD. */
char *request_to_line(const Request *request);

/* Reads one line, strictly. On success the request owns all it points to: request_free it. On
 * failure there is nothing to free, and its type is the one that the line names, REQUEST_STOP where
 * it names none. A request that a front fills in itself owns nothing. */
int request_from_line(Request *request, const char *line, size_t bytes, Err *err);
void request_free(Request *request);

/* "auto", "on", "off"; -1 = unknown. */
int spec_parse(const char *text, SpecMode *spec);
const char *spec_name(SpecMode spec);

/* "system", "user", "assistant"; "load", "say", …: -1 = unknown. */
int role_parse(const char *text, Role *role);
int request_parse(const char *text, RequestType *type);

#endif
