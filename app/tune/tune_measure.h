/* tune_measure.h - the measurements of `s2d tune` for one target, in an open session.
 *
 * Every third prompt is kept for the real runs, the others are surveyed; a single one is both.
 */
#ifndef S2D_APP_TUNE_TUNE_MEASURE_H
#define S2D_APP_TUNE_TUNE_MEASURE_H

#include "app/profile/profile.h"
#include "app/train/prompts.h"
#include "app/tune/tune.h"
#include "engine/session/session.h"

typedef struct TuneMeasure {
    Session *session; /* at temperature 0; tune_on_event and this are its emit and user */
    const Profile *profile;
    const Prompts *prompts;
    int repeats;
    bool terminal; /* stderr is one: progress goes there */
    TuneResult *result;

    EventStats totals; /* of the last answer */
    uint64_t text;     /* a hash of it */
    uint64_t acts;     /* and of its rounds */
} TuneMeasure;

void tune_on_event(void *user, const Event *event);

/* Fills result->survey. EXIT_DATA when the target has nothing to say to these prompts. */
int tune_survey(TuneMeasure *measure, Err *err);
/* Searches, and measures what it found against plain decoding and the thresholds `now`: fills the
 * map, the runs and which is best. */
int tune_runs(TuneMeasure *measure, const float *now, Err *err);

#endif
