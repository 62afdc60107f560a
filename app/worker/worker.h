/* worker.h - inside the worker: what its files share, from the one that uses none of the others to
 * those that use them all. */
#ifndef S2D_APP_WORKER_WORKER_H
#define S2D_APP_WORKER_WORKER_H

#include "app/protocol/inbox.h"
#include "app/worker/answers.h"
#include "app/worker/models_cache.h"
#include "app/worker/rivals.h"

enum { REQUESTS_MAX = 256 };

typedef struct Pending {
    Request request;
    bool cancelled; /* by a later `stop` */
    int refused;    /* != 0: this many a `say` that is only answered with err, at its turn */
    Err err;
} Pending;

typedef struct Worker {
    Inbox inbox;
    Pending pending[REQUESTS_MAX + 1]; /* read but not begun, oldest first; the last: refused */
    int n_pending;
    bool busy;                  /* answering, or loading a target */
    bool comparing;             /* two settings answer: nothing may be set meanwhile */
    bool stop;                  /* end what is going on */
    bool quit;                  /* and the worker */
    bool ended;                 /* no more requests will come; what waits is still done */
    int status;                 /* to end with; not 0 = something failed for good */
    bool lost;                  /* an event was: none may follow it, as if it had never been */
    double start_ms, switch_ms; /* when it started; when the switch under way did */
    int turn;
    bool (*poll)(void *worker); /* the session's, between two rounds; NULL = nothing is looked at */

    Kernels *kernels;
    ModelsCache models;
    Session *session; /* NULL = nothing is loaded */
    Model *draft;     /* of the session; NULL = none */
    Head *head;       /* that the session drafts by, or may by `rivals`; NULL = none */
    Rivals rivals;    /* 0: what would draft without it; 1: the head */
    RequestLoad load; /* what the session was made from; targets and thresholds as they are now */
    double load_ms;
    bool watched;  /* forecasts are asked for, of whatever session */
    bool confined; /* in what it may ask of the kernel, see confine.h */
    Answers answers;
} Worker;

/* worker_template.c */
/* The form that a target's conversations are written in: the profile's row, or the target's own. -1 =
 * there is none. */
int worker_form(const Worker *worker, Model *target, TemplateForm *form, Err *err);
/* What an answer's text begins with that the template has written: the opening of thoughts; "" =
 * nothing. */
const char *worker_begun_thoughts(const Worker *worker);
/* What READY says of it. */
void worker_describe_template(Worker *worker, EventReady *ready);

/* worker_events.c */
/* Fills in t_ms and turn and writes the event. A front that is gone ends the worker. */
void worker_emit(Worker *worker, const Event *event);
void worker_load_error(Worker *worker, const Err *err); /* says whether the old models are kept */
void worker_error(Worker *worker, const Err *err);
/* The worker cannot go on: a fatal ERROR, and its end. */
void worker_fail(Worker *worker, const Err *err);
void worker_warn(Worker *worker, const char *code, const char *message);
/* SessionConfig.emit; user is the Worker. */
void worker_on_event(void *user, const Event *event);

/* worker_queue.c */
/* Takes in what requests have come; stop and quit act at once. */
void worker_pump(Worker *worker, int timeout_ms);
/* Takes out the oldest of the pending, of which there is one. */
Pending worker_next(Worker *worker);

/* worker_memory.c */
/* EXIT_MEMORY with the sizes when these bytes are not free. */
int worker_check_memory(Worker *worker, const char *what, size_t weights, size_t session, Err *err);

/* worker_prompt.c */
/* A conversation as a model reads it; its ids are the caller's to free. own: the model's vocabulary is the
 * session's, in which the ids of former answers are known. n_prompt: those before what a begun answer
 * has. */
int worker_encode(Worker *worker, const RequestSay *say, Model *model, bool own, int **ids, int *n,
                  int *n_prompt, Err *err);
/* The answer that a `say` ends with, and is to go on; NULL = it asks for a new one. */
Message *worker_begun_answer(const RequestSay *say);
/* Says how much too long a question is: `n` tokens with all before it. */
void worker_warn_of_length(Worker *worker, const RequestSay *say, int n);

/* worker_head.c */
/* What to draft with for a target of the profile; drafter "" = what the profile says, or the
 * best that it allows. Returns the file of the head that it wants, NULL = of none. */
const char *worker_drafting(const RequestLoad *load, const char *drafter, int target,
                            DraftConfig *drafting);
/* As worker_drafting, with the head read where one drafts: drafting->head is the caller's, who keeps or
 * closes it. */
int worker_open_drafting(Worker *worker, const RequestLoad *load, const char *drafter, int index,
                         const Model *target, DraftConfig *drafting, Err *err);
/* The same for another target than the one that the person chose the drafter for: where its head
 * belongs to that one, a warning says so, and the profile says what drafts. */
int worker_open_pair(Worker *worker, const RequestLoad *load, int index, const Model *target,
                     DraftConfig *drafting, Err *err);
/* The session drafts by this one now (NULL = by none): the one before goes, and rivals are no more. */
void worker_keep_head(Worker *worker, Head *head);
/* Where nobody said what drafts and the profile has a head for the target: the head is read, and from
 * now on worker_choose takes the faster. */
void worker_start_rivals(Worker *worker);

/* worker_pair.c */
/* Where a load asks for it: a draft for the target among the models that are here, into its profile, and a
 * WARNING paired that says which, or that there is none. */
int worker_pair(Worker *worker, RequestLoad *load, const ModelPlan *target, Err *err);

/* worker_load.c */
/* A model being read; worker_on_progress is the ModelProgress for it: an event for every hundredth,
 * and a look at the requests. */
typedef struct LoadProgress {
    Worker *worker;
    const char *model;
    int target_index; /* of a switch; -1 = of none */
    bool may_stop;    /* a stop ends it */
    float shown;      /* -1 at first */
} LoadProgress;

bool worker_on_progress(void *user, float fraction);

/* Takes over the request's profile. ERROR when it fails: what was loaded before stays where it
 * can. */
void worker_load(Worker *worker, RequestLoad *load);
/* A model is read, unless it is held; a load, or stopped as `stop` does where it may. */
int worker_load_model(Worker *worker, const ModelPlan *plan, bool may_stop, Model **model,
                      Err *err);
/* The tree that a load asks for. */
TreeShape worker_tree(const RequestLoad *load);
/* Says what now holds. */
void worker_ready(Worker *worker);
/* What was tuned for the profile's targets from number `first` on; a warning where they cannot be
 * read. base, layers: of the draft; adapter: its path or NULL. */
void worker_take_tuned(Worker *worker, Profile *profile, int first, const char *base, int layers,
                       const char *adapter);
/* draft: NULL = none. */
int worker_open_session(Worker *worker, const RequestLoad *load, Model *target, Model *draft,
                        Session **session, Head **head, Err *err);
void worker_close(Worker *worker);

/* worker_rivals.c */
/* Between two answers: the faster one drafts; READY where that changes. */
void worker_choose(Worker *worker);
/* After an answer. */
void worker_note_answer(Worker *worker);

/* worker_keep.c */
/* What acts now is kept for this draft and target, as what `s2d tune` found is. -1 = it cannot be. */
int worker_keep(Worker *worker, Err *err);

/* worker_compare.c */
/* As session_answer, by the request's two sides. ids: [n] the prompt, for the session's target. */
int worker_compare(Worker *worker, const RequestSay *say, const int *ids, int n,
                   const AnswerOptions *options, Err *err);

/* worker_switch.c */
bool worker_same_vocabulary(const Tokenizer *a, const Tokenizer *b, Err *err);
/* SWITCH events up to done or failed. On failure the old target goes on unchanged. */
void worker_switch(Worker *worker, const RequestSwitch *swap, bool cancelled);

/* worker_set.c */
void worker_set(Worker *worker, const RequestSet *set);
/* The thresholds belong to the target: a switch back finds them as they were left. */
void worker_keep_thresholds(Worker *worker, const float *thresholds, int n, ThresholdsFrom from);

#endif
