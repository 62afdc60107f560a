/* tune_print.c - what tuning found: for people with the map of speed as a plot, as JSON lines, and
 * the map as CSV. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/base/print.h"
#include "app/tune/tune.h"

static double per_second(const TuneRun *run)
{
    return run->ms > 0 ? 1e3 * run->tokens / run->ms : 0;
}

static double mat(const TuneRun *run)
{
    return run->rounds > 0 ? run->tokens / run->rounds : 0;
}

/* How often an exit was right among the places where its confidence was in [low, high). */
static void count(const ExitTraces *traces, int exit, double low, double high, int *places,
                  int *right)
{
    *places = *right = 0;
    for (int i = 0; i < traces->n; i++) {
        double p = (double)traces->places[i].p[exit];
        if (p < low || p >= high)
            continue;
        ++*places;
        *right += traces->places[i].hit[exit];
    }
}

static double share(int part, int whole)
{
    return whole > 0 ? 100.0 * part / whole : 0;
}

/* ---- the map ---- */

static const char ramp[] = " .:-=+*#%@";

static void print_cell(double speed, double least, double most, bool colours)
{
    static const unsigned char heat[] = {17, 18, 19, 54, 90, 126, 162, 202, 208, 220};
    int level = most > least ? (int)((speed - least) / (most - least) * 9.99) : 9;
    level = level < 0 ? 0 : level > 9 ? 9 : level;
    if (colours)
        printf("\x1b[48;5;%dm\x1b[38;5;%dm%6.1f \x1b[0m", heat[level], level > 6 ? 16 : 231,
               1e3 * speed);
    else
        printf("%c%6.1f", ramp[level], 1e3 * speed);
}

/* What the signs or colours before the figures say. */
static void print_signs(double least, double most, bool colours)
{
    if (!(most > least)) {
        printf("all are alike: these thresholds make no difference\n");
        return;
    }
    if (colours)
        printf("from dark, the slowest (%.1f), to light, the fastest (%.1f), in ten equal steps\n",
               1e3 * least, 1e3 * most);
    else
        printf("signs: \"%s\" from the slowest (%.1f) to the fastest (%.1f), in ten equal steps\n",
               ramp, 1e3 * least, 1e3 * most);
}

static void print_map(const TuneResult *result, bool colours)
{
    const ThresholdMap *map = &result->map;
    int rows = map->y < 0 ? 1 : MAP_STEPS;
    double least = map->speed[0][0], most = least;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < MAP_STEPS; x++) {
            least = map->speed[y][x] < least ? map->speed[y][x] : least;
            most = map->speed[y][x] > most ? map->speed[y][x] : most;
        }
    printf("\nforecast tokens/s of a chain by thresholds, the others at best");
    if (map->y >= 0)
        printf(": e%d upwards, e%d to the right", result->exits[map->y], result->exits[map->x]);
    printf("\n");
    print_signs(least, most, colours);
    for (int y = rows - 1; y >= 0; y--) {
        if (map->y >= 0)
            printf("e%-3d %.1f ", result->exits[map->y], (double)threshold_map_value(y));
        else
            printf("         ");
        for (int x = 0; x < MAP_STEPS; x++)
            print_cell(map->speed[y][x], least, most, colours);
        printf("\n");
    }
    printf("e%-3d     ", result->exits[map->x]);
    for (int x = 0; x < MAP_STEPS; x++)
        printf("%6.1f ", (double)threshold_map_value(x));
    printf("\n");
}

/* ---- for people ---- */

static void print_exits(const TuneResult *result)
{
    static const double bounds[] = {0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.01};
    enum { BANDS = sizeof bounds / sizeof *bounds - 1 };
    const ExitTraces *traces = &result->traces;
    printf(
        "exit   layers ms  asking ms   right     right where its confidence is (share of all)\n");
    printf(
        "                                        < .2       < .4       < .6       < .8       < .9 "
        "      more\n");
    for (int e = 0; e < traces->n_exits; e++) {
        int places, right;
        count(traces, e, 0, 2, &places, &right);
        printf("e%-5d %9.2f %10.2f %6.1f %%  ", result->exits[e], traces->cost.layers[e][0],
               traces->cost.ask[e], share(right, places));
        for (int b = 0; b < BANDS; b++) {
            count(traces, e, bounds[b], bounds[b + 1], &places, &right);
            if (places > 0)
                printf("%4.0f (%2.0f)%s", share(right, places), share(places, traces->n),
                       b + 1 < BANDS ? "  " : "\n");
            else
                printf("   -     %s", b + 1 < BANDS ? "  " : "\n");
        }
    }
}

enum { NAME_COLUMNS = 8 };

/* Is it, or one that does the same, what is kept? */
static bool is_kept(const TuneResult *result, int run)
{
    return run == result->chosen ||
           (result->chosen > 0 && run > 0 && tune_acts_as(result, result->chosen) == run);
}

/* Does what is kept differ from what was in force, as far as can be told? */
static void print_verdict(const TuneResult *result)
{
    Ratio gain = tune_speed_over(result, result->chosen, 1);
    if (result->chosen == 1 || gain.half <= 0)
        return;
    printf("\n%s against now: x%.3f +-%.3f: %s\n", result->runs[result->chosen].name, gain.value,
           gain.half,
           gain.value - gain.half > 1 ? "faster"
           : gain.value + gain.half < 1
               ? "slower"
               : "no difference that can be told; more prompts would help");
}

/* "now", and in the same row those that did the same: "now=best". */
static void print_names(const TuneResult *result, int run)
{
    int used = printf("%s", result->runs[run].name);
    for (int i = run + 1; i < result->n_runs; i++)
        if (tune_acts_as(result, i) == run)
            used += printf("=%s", result->runs[i].name);
    printf("%*s", used < NAME_COLUMNS ? NAME_COLUMNS - used : 1, "");
}

/* "17.3 ±0.6", and without an interval where there is none. */
static void print_ratio(Ratio ratio, int columns, int digits)
{
    char half[24] = "";
    if (ratio.half > 0)
        snprintf(half, sizeof half, "+-%.*f", digits, ratio.half);
    printf(" %*.*f %-7s", columns, digits, ratio.value, half);
}

static void print_runs(const TuneResult *result)
{
    const TuneRun *plain = &result->runs[0];
    int n = result->traces.n_exits, merged = 0;
    printf("\n%-*sthresholds%*s tokens/s  95 %%       x  95 %%       MAT   forecast\n",
           NAME_COLUMNS, "run", n > 2 ? 5 * n - 10 : 0, "");
    for (int i = 0; i < result->n_runs; i++) {
        const TuneRun *run = &result->runs[i];
        if (i > 0 && tune_acts_as(result, i) >= 0) {
            merged++;
            continue;
        }
        print_names(result, i);
        for (int e = 0; e < n; e++) {
            if (i == 0)
                printf("     ");
            else
                printf("%s%.2f", e > 0 ? " " : "", (double)run->thresholds[e]);
        }
        printf("%*s", i == 0 ? (n > 2 ? 0 : 10 - 5 * n) : (n > 2 ? 1 : 11 - 5 * n), "");
        print_ratio(tune_speed(result, i), 8, 1);
        print_ratio(tune_speed_over(result, i, 0), 5, 2);
        printf(" %5.2f", mat(run));
        if (run->forecast > 0)
            printf(" %10.1f", 1e3 * run->forecast);
        printf("%s\n", is_kept(result, i) ? "  <- kept" : "");
    }
    if (merged > 0)
        printf("names with = between them: every round of theirs was the same\n");
    if (result->kept < 2)
        printf(
            "one prompt has no interval: more prompts would say how far these may be believed\n");
    print_verdict(result);
    const TuneRun *kept = &result->runs[result->chosen];
    printf("\nkept: accepted of what each exit drafted");
    for (int e = 0; e < n; e++)
        printf("%s e%d %d/%d", e ? "," : "", result->exits[e], kept->by_exit_accepted[e],
               kept->by_exit_drafted[e]);
    printf("\n      rounds that came to each depth");
    for (int d = 0; d < DEPTH_MAX && kept->reached[d] > 0; d++)
        printf(" %.2f", (double)kept->reached[d] / kept->rounds);
    printf("\n");
    if (per_second(kept) < per_second(plain))
        printf("      plain decoding is faster here: --spec auto will mostly not draft\n");
}

void tune_print(const TuneResult *result, bool colours)
{
    print_report(stdout, "target %s, draft %s%s%s, %s, T=0\n", result->target, result->draft,
                 result->adapter[0] ? " with " : "", result->adapter, result->device);
    printf(
        "surveyed %d tokens of %d answers, at most %d tokens each; runs on %d other prompt%s\n\n",
        result->traces.n, result->answers, result->max_tokens, result->kept,
        result->kept == 1 ? "" : "s");
    print_exits(result);
    print_map(result, colours);
    print_runs(result);
    printf("\n");
}

/* ---- for programs ---- */

static json_t *exits_json(const TuneResult *result)
{
    enum { BINS = 10 };
    const ExitTraces *traces = &result->traces;
    json_t *all = json_array();
    for (int e = 0; e < traces->n_exits; e++) {
        json_t *bins = json_array();
        int places, right;
        for (int b = 0; b < BINS; b++) {
            count(traces, e, b / 10.0, b == BINS - 1 ? 2 : (b + 1) / 10.0, &places, &right);
            json_array_append_new(bins, json_pack("[i, i]", places, right));
        }
        count(traces, e, 0, 2, &places, &right);
        json_array_append_new(
            all, json_pack("{s:i, s:f, s:f, s:i, s:i, s:o}", "exit", result->exits[e], "layers_ms",
                           traces->cost.layers[e][0], "ask_ms", traces->cost.ask[e], "places",
                           places, "right", right, "by_confidence", bins));
    }
    return all;
}

/* null where there is no interval */
static json_t *half_json(Ratio ratio)
{
    return ratio.half > 0 ? json_real(ratio.half) : json_null();
}

static json_t *runs_json(const TuneResult *result)
{
    json_t *all = json_array();
    for (int i = 0; i < result->n_runs; i++) {
        const TuneRun *run = &result->runs[i];
        json_t *thresholds = json_array(), *reached = json_array();
        json_t *drafted = json_array(), *accepted = json_array();
        for (int e = 0; i > 0 && e < result->traces.n_exits; e++) {
            json_array_append_new(thresholds, json_real((double)run->thresholds[e]));
            json_array_append_new(drafted, json_integer(run->by_exit_drafted[e]));
            json_array_append_new(accepted, json_integer(run->by_exit_accepted[e]));
        }
        for (int d = 0; d < DEPTH_MAX && run->reached[d] > 0; d++)
            json_array_append_new(reached, json_integer(run->reached[d]));
        Ratio speed = tune_speed(result, i), x = tune_speed_over(result, i, 0);
        int as = i > 0 ? tune_acts_as(result, i) : -1;
        json_array_append_new(
            all,
            json_pack("{s:s, s:o, s:f, s:o, s:f, s:o, s:s?, s:f, s:f, s:i, s:o, s:o, s:o, s:b}",
                      "run", run->name, "thresholds", thresholds, "tokens_per_s", per_second(run),
                      "tokens_per_s_half", half_json(speed), "x", x.value, "x_half", half_json(x),
                      "acts_as", as >= 0 ? result->runs[as].name : NULL, "mat", mat(run),
                      "forecast_tokens_per_s", 1e3 * run->forecast, "rounds", run->rounds,
                      "by_exit_drafted", drafted, "by_exit_accepted", accepted, "reached", reached,
                      "kept", i == result->chosen));
    }
    return all;
}

void tune_print_json(const TuneResult *result)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "target", result->target,
                  "draft", result->draft, "adapter", result->adapter, "device", result->device,
                  "places", result->traces.n, "answers", result->answers, "run_prompts",
                  result->kept, "exits", exits_json(result), "runs", runs_json(result));
    if (json)
        json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    printf("\n");
    json_decref(json);
}

void tune_print_csv(const TuneResult *result, bool header)
{
    const ThresholdMap *map = &result->map;
    if (header)
        printf("target,exit_x,threshold_x,exit_y,threshold_y,forecast_tokens_per_s,"
               "forecast_mat\n");
    for (int y = 0; y < (map->y < 0 ? 1 : MAP_STEPS); y++)
        for (int x = 0; x < MAP_STEPS; x++) {
            print_report(stdout, "\"%s\",%d,%.1f,", result->target, result->exits[map->x],
                         (double)threshold_map_value(x));
            if (map->y >= 0)
                printf("%d,%.1f", result->exits[map->y], (double)threshold_map_value(y));
            else
                printf(",");
            printf(",%.3f,%.3f\n", 1e3 * map->speed[y][x], map->mat[y][x]);
        }
}
