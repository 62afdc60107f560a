/* threshold_search.h - thresholds that are fast by forecast, and the speed around them as a map. */
#ifndef S2D_SEARCH_H
#define S2D_SEARCH_H

#include "engine/tune/forecast.h"

enum { TUNE_STARTS = 4, TUNE_STEPS = 21, MAP_STEPS = 11 };

typedef struct TunePoint {
    float thresholds[EXITS_MAX];
    double speed; /* tokens per ms, by forecast */
} TunePoint;

/* From several starts, `now` among them, one exit's threshold after another in steps of 0.05 until
 * no step helps. points: [TUNE_STARTS] the distinct ends, fastest first. Returns how many. */
int tune_search(const Survey *survey, const float *now, TunePoint *points);

/* The speed over the thresholds of two exits, the others at a point's: the two on which it depends
 * most. */
typedef struct TuneMap {
    int x, y; /* indices of the exits; y = -1: there is but one */
    double speed[MAP_STEPS][MAP_STEPS], mat[MAP_STEPS][MAP_STEPS]; /* [y][x] */
} TuneMap;

void tune_map(const Survey *survey, const TunePoint *point, TuneMap *map);
float tune_map_threshold(int step);

#endif
