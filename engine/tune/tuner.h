/* tuner.h - automatic thresholds: they follow what is measured while a session answers.
 *
 * Drafting asks an exit only where no shallower one was sure, so what it sees says little of other
 * thresholds, and nothing of exits that are closed. So now and then the draft reads the answer's
 * last tokens once more, with every exit asked (exit_trace.h): a piece of TUNER_PIECE places. The
 * latest pieces are kept in a ring. When enough of them are new, thresholds are searched by
 * forecast, as `s2d tune` does; what is found is taken when the forecast is clearly faster, exits
 * that do not pay are closed by it.
 *
 * That is time which drafting has to win back, so it is kept within a hundredth of all the time
 * that answers take, after a start as long as a few plain rounds. Only what the draft has read
 * anyway is surveyed: while plain decoding is faster nothing is.
 *
 * Thresholds that a person moves by hand can be watched: what is surveyed is the same, nothing is
 * searched, and what one step up or down would bring is forecast.
 */
#ifndef S2D_ENGINE_TUNE_TUNER_H
#define S2D_ENGINE_TUNE_TUNER_H

#include "engine/decode/event.h"
#include "engine/decode/exit_trace.h"

enum {
    TUNER_PIECE = 16,
    TUNER_PLACES = 16 * TUNER_PIECE, /* kept */
    TUNER_FRESH = 6 * TUNER_PIECE,   /* new ones, for a search */
};

typedef struct Tuner {
    bool on, watched;
    ExitTrace places[TUNER_PLACES]; /* whole pieces, each with its end marked */
    int n, next, fresh;
    int upto;      /* tokens of the text, up to which it was surveyed in this answer */
    ExitCost cost; /* timed once for a pair of draft and target */
    bool timed;
    double start_ms, spent_ms; /* of all answers when it began, and by surveys and searches since */
    Recent turns;              /* what each of those took */
} Tuner;

/* Another pair of models: nothing is known, and time to begin with is granted. total_ms: of all
 * answers. */
void tuner_reset(Tuner *tuner, double total_ms);
/* May more time be spent now? plain_ms: of a plain round. */
bool tuner_may(const Tuner *tuner, double total_ms, double plain_ms);
/* A survey, with the search if there was one, took so long; plain_ms as above. */
void tuner_spent(Tuner *tuner, double ms, double plain_ms);
/* Takes TUNER_PIECE places in a row. */
void tuner_add(Tuner *tuner, const ExitTrace *piece);
/* With enough new places: searches, which `said` is told of (searched, best, best_speed, moved) where
 * it is not NULL. Returns whether thresholds, [n_exits], were changed. */
bool tuner_search(Tuner *tuner, int n_exits, float *thresholds, EventForecast *said);
/* Fills all of it but for what a search does. */
void tuner_forecast(const Tuner *tuner, int n_exits, const float *thresholds, EventForecast *said);

#endif
