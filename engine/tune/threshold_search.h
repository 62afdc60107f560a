/* threshold_search.h - thresholds that are fast by forecast, and the speed around them as a map. */
#ifndef S2D_ENGINE_TUNE_THRESHOLD_SEARCH_H
#define S2D_ENGINE_TUNE_THRESHOLD_SEARCH_H

#include "engine/tune/forecast.h"

enum { SEARCH_STARTS = 4, SEARCH_STEPS = 21, MAP_STEPS = 11 };

typedef struct ThresholdPoint {
    float thresholds[EXITS_MAX];
    double speed; /* tokens per ms, by forecast */
} ThresholdPoint;

/* From several starts, `now` among them, one exit's threshold after another in steps of 0.05 until
 * no step helps. points: [SEARCH_STARTS] the distinct ends, fastest first. Returns how many. */
int threshold_search(const ExitTraces *traces, const float *now, ThresholdPoint *points);

/* The speed over the thresholds of two exits, the others at a point's: the two on which it depends
 * most. */
typedef struct ThresholdMap {
    int x, y; /* indices of the exits; y = -1: there is but one */
    double speed[MAP_STEPS][MAP_STEPS], mat[MAP_STEPS][MAP_STEPS]; /* [y][x] */
} ThresholdMap;

void threshold_map(const ExitTraces *traces, const ThresholdPoint *point, ThresholdMap *map);
float threshold_map_value(int step);

#endif
