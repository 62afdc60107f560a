/* drafters.h - what can draft: one table of kinds, and from what a profile or a person asks for to a
 * drafter.
 *
 *   "exit:6" -> drafter_parse -> DraftConfig -> drafters_resolve -> drafters_open -> Drafter
 *
 * One more kind is a row of drafters.def and a file with the function that opens it.
 */
#ifndef S2D_ENGINE_DRAFT_DRAFTERS_H
#define S2D_ENGINE_DRAFT_DRAFTERS_H

#include "engine/decode/drafter.h"
#include "engine/model/head.h"

/* Whose layers draft. */
typedef enum DrafterModel {
    DRAFTER_MODEL_NONE,
    DRAFTER_MODEL_DRAFT,  /* the draft's, with a KV cache of their own */
    DRAFTER_MODEL_TARGET, /* the target's own first ones, in its KV cache */
    DRAFTER_MODEL_HEAD,   /* a head's, that was trained for the target and reads its features */
} DrafterModel;

/* After which of these layers tokens may leave. */
typedef enum DrafterExits {
    DRAFTER_EXITS_NONE,
    DRAFTER_EXITS_LAST,  /* after the last one only */
    DRAFTER_EXITS_FIXED, /* after the one that is typed: "exit:6" */
    DRAFTER_EXITS_NAMED, /* after those that the profile names */
} DrafterExits;

typedef struct DrafterParts DrafterParts;

typedef struct DrafterKind {
    const char *name;  /* as it is typed; with DRAFTER_EXITS_FIXED ":" and a layer follow */
    const char *title; /* in tables */
    const char *help;  /* in a few words */
    DrafterModel model;
    DrafterExits exits;
    bool ngrams;
    int (*open)(const DrafterParts *parts, Drafter **drafter, Err *err);
} DrafterKind;

typedef struct DraftConfig {
    const DrafterKind *kind; /* NULL = plain */
    Head *head;              /* DRAFTER_MODEL_HEAD: of that kind and target; stays the caller's */
    int fixed_exit;          /* DRAFTER_EXITS_FIXED: layer number */
    int layers;              /* of the draft model used; 0 = all */
    int n_exits;             /* 0 = one, after the last layer used */
    int exits[EXITS_MAX];
    int n_thresholds; /* 0 = built-in defaults; else one for each exit */
    float thresholds[EXITS_MAX];
    /* [n_exits] how often the target took what each exit said, counted earlier at temperature 0;
     * NULL = not known. Stays the caller's, for as long as this config is in use. */
    const Calibration *accept;
} DraftConfig;

/* What a drafter is made of. */
struct DrafterParts {
    const DraftConfig *drafting; /* resolved */
    Model *target, *draft;       /* draft NULL = there is none */
    Context *context;            /* the target's */
    KvType kv;
    int slots;               /* of a KV cache */
    const float *thresholds; /* [drafting->n_exits] stay the caller's, read at every proposal */
};

/* The i-th kind; NULL = there are fewer. */
const DrafterKind *drafter_kind(int i);
/* By its name; NULL = there is none. */
const DrafterKind *drafter_find(const char *name);
/* What a person types: "s2d", "exit:6", "eagle", "eagle:FILE". */
typedef struct DrafterChoice {
    const DrafterKind *kind;
    int layer;        /* of DRAFTER_EXITS_FIXED, else 0 */
    const char *file; /* of DRAFTER_MODEL_HEAD, in the text; NULL = the one that is known */
} DrafterChoice;
enum { DRAFTER_TEXT = 512 }; /* bytes of the longest such text, the terminator included */
/* -1 = unknown. */
int drafter_parse(const char *text, DrafterChoice *choice);
/* The same into a config: kind and fixed_exit. */
int drafter_choose(const char *text, DraftConfig *config);
/* The reverse. kind NULL = plain. */
void drafter_name(const DrafterKind *kind, int layer, char *text, size_t size);
enum { DRAFTER_NAMES_BYTES = 256 };
/* All names: "plain", "sd", "exit:L" …, with `between` between them. Returns text,
 * [DRAFTER_NAMES_BYTES]. */
const char *drafter_names(const char *between, char *text);
/* Does it draft with the target's own layers, in the target's own cache? kind NULL = plain. */
bool drafter_is_self(const DrafterKind *kind);
/* Does a head of one target draft? */
bool drafter_is_head(const DrafterKind *kind);
/* What drafts where nobody said anything. */
const char *drafter_default(bool has_draft);

/* The model whose trained exits such a drafter takes; NULL = it has none. */
const Model *drafters_trained(const DrafterKind *kind, const Model *target, const Model *draft);
/* How many thresholds such a draft has: without named exits that of its end. */
int drafters_thresholds(const DraftConfig *asked);
/* A copy of `asked` with everything filled in that the drafter needs for these models. */
int drafters_resolve(const DraftConfig *asked, const Model *target, const Model *draft,
                     DraftConfig *resolved, Err *err);
/* The layers of it that read the text: behind an exit of threshold 0 none does. 0 = no draft. */
int drafters_depth(const DraftConfig *resolved);
/* How many of a draft's exits are ever reached: behind one of threshold 0 nothing is read. */
int drafter_reach(const float *thresholds, int n_exits);

/* *drafter is NULL for plain. */
int drafters_open(const DrafterParts *parts, Drafter **drafter, Err *err);
/* Bytes that the greediest of them takes beyond weights. draft: the draft's configuration. */
size_t draft_bytes(Kernels *kernels, const ModelConfig *draft, KvType kv, int layers, int slots);
/* What it takes beside that where the target has another vocabulary. */
size_t translated_bytes(const ModelConfig *draft, const ModelConfig *target, int slots);
/* The same of a head, with the features that its target leaves for it. */
size_t head_draft_bytes(Kernels *kernels, const HeadInfo *info, KvType kv, int slots);

#define DRAFTER(name, title, help, model, exits, ngrams, open) \
    int open(const DrafterParts *parts, Drafter **drafter, Err *err);
#include "engine/draft/drafters.def"
#undef DRAFTER

/* Puts what the text itself says beside what `model`, which has a cache of its own, proposes, in one
 * tree. On failure model is closed. */
int ngram_join(Drafter *model, Drafter **drafter, Err *err);

#endif
