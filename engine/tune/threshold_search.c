/* threshold_search.c - see threshold_search.h. */
#include "engine/tune/threshold_search.h"

#include <string.h>

static double speed_of(const ExitTraces *traces, const float *thresholds)
{
    Forecast f = forecast(traces, thresholds);
    return f.ms > 0 ? f.tokens / f.ms : 0;
}

static float step_value(int step)
{
    return (float)step / (SEARCH_STEPS - 1);
}

/* Tries every value of one threshold, and keeps the best. Returns whether that is another one. */
static bool improve(const ExitTraces *traces, ThresholdPoint *point, int exit)
{
    bool better = false;
    ThresholdPoint tried = *point;
    for (int i = 0; i < SEARCH_STEPS; i++) {
        tried.thresholds[exit] = step_value(i);
        tried.speed = speed_of(traces, tried.thresholds);
        if (tried.speed > point->speed * (1 + 1e-9)) {
            *point = tried;
            better = true;
        }
    }
    return better;
}

static void climb(const ExitTraces *traces, ThresholdPoint *point)
{
    enum { SWEEPS = 8 };
    point->speed = speed_of(traces, point->thresholds);
    bool better = true;
    for (int sweep = 0; sweep < SWEEPS && better; sweep++) {
        better = false;
        for (int exit = 0; exit < traces->n_exits; exit++)
            better = improve(traces, point, exit) || better;
    }
}

static bool same(const ThresholdPoint *a, const ThresholdPoint *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a->thresholds[i] != b->thresholds[i])
            return false;
    return true;
}

int threshold_search(const ExitTraces *traces, const float *now, ThresholdPoint *points)
{
    static const float inner[SEARCH_STARTS] = {0, 1.0f, 0.5f, 0.8f}; /* of the first: now's */
    static const float deepest = 0.2f;
    int n = 0, last = traces->n_exits - 1;
    for (int s = 0; s < SEARCH_STARTS; s++) {
        ThresholdPoint point = {0};
        for (int i = 0; i <= last; i++)
            point.thresholds[i] = s == 0 ? now[i] : i == last ? deepest : inner[s];
        climb(traces, &point);
        int at = 0;
        while (at < n && points[at].speed >= point.speed)
            at++;
        if (at > 0 && same(&points[at - 1], &point, traces->n_exits))
            continue;
        memmove(&points[at + 1], &points[at], sizeof *points * (size_t)(n - at));
        points[at] = point;
        n++;
    }
    return n;
}

float threshold_map_value(int step)
{
    return (float)step / (MAP_STEPS - 1);
}

/* How much of the speed hangs on one threshold. */
static double spread(const ExitTraces *traces, const ThresholdPoint *point, int exit)
{
    double least = point->speed, most = 0;
    ThresholdPoint tried = *point;
    for (int i = 0; i < SEARCH_STEPS; i++) {
        tried.thresholds[exit] = step_value(i);
        double speed = speed_of(traces, tried.thresholds);
        least = speed < least ? speed : least;
        most = speed > most ? speed : most;
    }
    return most - least;
}

void threshold_map(const ExitTraces *traces, const ThresholdPoint *point, ThresholdMap *map)
{
    double first = -1, second = -1;
    *map = (ThresholdMap){.x = 0, .y = -1};
    for (int exit = 0; exit < traces->n_exits; exit++) {
        double here = spread(traces, point, exit);
        if (here > first) {
            second = first;
            map->y = first < 0 ? -1 : map->x;
            first = here;
            map->x = exit;
        } else if (here > second) {
            second = here;
            map->y = exit;
        }
    }
    if (map->y >= 0 && map->y < map->x) { /* the shallower one across */
        int deeper = map->x;
        map->x = map->y;
        map->y = deeper;
    }
    ThresholdPoint tried = *point;
    for (int y = 0; y < (map->y < 0 ? 1 : MAP_STEPS); y++)
        for (int x = 0; x < MAP_STEPS; x++) {
            tried.thresholds[map->x] = threshold_map_value(x);
            if (map->y >= 0)
                tried.thresholds[map->y] = threshold_map_value(y);
            Forecast f = forecast(traces, tried.thresholds);
            map->speed[y][x] = f.ms > 0 ? f.tokens / f.ms : 0;
            map->mat[y][x] = f.rounds > 0 ? (double)f.tokens / f.rounds : 0;
        }
}
