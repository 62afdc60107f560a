/* test_golden_figures.c - every figure on a golden screen is recomputed from the trace.
 *
 *   the goldens' chat -> trace lines -> counts, by this file alone -> what may stand on a screen
 *
 * What follows from the trace is taken off each golden; no digit may be left then, so that a wrong
 * figure fails, and half of a right one too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <glob.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/allowed.h"
#include "tests/support/scene.h"
#include "ui/text.h"

enum { DEPTHS = 16, EXITS = 4 };

/* What one target wrote of an answer. */
typedef struct Part {
    int rounds, drafted, accepted, by_exit[EXITS], reached[DEPTHS];
    double draft_ms, verify_ms, ms;
    json_t *stats; /* the last ones */
} Part;

typedef struct Known {
    Allowed figures, why; /* why: of the round explained, where it is */
    char strip[4096];     /* one character a token */
    int n_strip;
    double most_tokens, most_speed; /* of a round */
    int race_tokens, answers;       /* of the answer so far; with figures, before it */
    double race_ms, race_plain_tokens, race_saved_ms, chat_saved_ms;
} Known;

static int whole(json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

static double number(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *word(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* ---- the trace ---- */

static int exit_place(json_t *ready, int layer)
{
    json_t *exits = json_object_get(ready, "exits");
    for (size_t i = 0; i < json_array_size(exits); i++)
        if (json_integer_value(json_array_get(exits, i)) == layer)
            return (int)i;
    return -1;
}

static void take_round(Known *known, Part *part, json_t *ready, json_t *round)
{
    size_t i;
    json_t *node, *ms = json_object_get(round, "ms");
    int accepted = 0;
    part->rounds++;
    json_array_foreach(json_object_get(round, "nodes"), i, node)
    {
        part->drafted++;
        if (!json_is_true(json_object_get(node, "accepted")))
            continue;
        int place = exit_place(ready, whole(node, "exit"));
        assert_true(place >= 0 && place < EXITS);
        accepted++;
        part->by_exit[place]++;
        part->reached[whole(node, "depth") - 1]++;
        known->strip[known->n_strip++] = ".oO@"[place];
    }
    assert_int_equal(accepted, whole(round, "accepted"));
    part->accepted += accepted;
    known->strip[known->n_strip++] = 'T';
    part->draft_ms += number(ms, "draft");
    part->verify_ms += number(ms, "verify");
    double all =
        number(ms, "draft") + number(ms, "verify") + number(ms, "accept") + number(ms, "other");
    part->ms += all;
    known->most_tokens = fmax(known->most_tokens, accepted + 1);
    known->most_speed = fmax(known->most_speed, 1000 * (accepted + 1) / all);
}

/* Percents of counts that add up to 100: those that lack most of the next one are rounded up. */
static void percents_of(const double *counts, int n, int *percents)
{
    double all = 0, lacks[8];
    int sum = 0;
    for (int i = 0; i < n; i++)
        all += counts[i];
    for (int i = 0; i < n; i++) {
        percents[i] = (int)floor(100 * counts[i] / all + 1e-9);
        lacks[i] = 100 * counts[i] / all - percents[i];
        sum += percents[i];
    }
    for (; sum < 100; sum++) {
        int most = 0;
        for (int i = 1; i < n; i++)
            if (lacks[i] > lacks[most] + 1e-9)
                most = i;
        percents[most]++;
        lacks[most] -= 1;
    }
}

/* The line below it, and what panes say of it. */
static void allow_part(Known *known, const Part *part)
{
    int tokens = part->accepted + part->rounds;
    double mat = (double)tokens / part->rounds, speed = 1000 * tokens / part->ms;
    double plain = number(part->stats, "plain_tokens_per_s"), gain = number(part->stats, "gain");
    const char *rounds = part->rounds == 1 ? "round" : "rounds";
    /* The engine's own totals are those of the rounds. */
    assert_int_equal(whole(part->stats, "tokens"), tokens);
    assert_int_equal(whole(part->stats, "rounds"), part->rounds);
    assert_int_equal(whole(part->stats, "drafted"), part->drafted);
    assert_float_equal(number(part->stats, "mat"), mat, 1e-5);
    assert_float_equal(number(part->stats, "tokens_per_s") / speed, 1, 1e-5);
    /* No gain is above speed over plain, nor above what MAT and the passes permit. */
    assert_true(gain <= speed / plain * (1 + 1e-5) && gain > 0.9 * speed / plain);
    assert_true(gain <= mat * part->verify_ms / (part->draft_ms + part->verify_ms) * (1 + 1e-5));
    double saved = tokens * 1000 * gain / speed - part->ms; /* plain's time less its own */
    allow(&known->figures, "saved %.1f s", saved / 1000);
    known->race_tokens += tokens;
    known->race_ms += part->ms;
    known->race_plain_tokens += part->ms / (1000 * gain / speed);
    known->race_saved_ms += saved;
    allow(&known->figures, "MAT %.2f %.1f t/s x%.2f %d tok / %d %s", mat, speed, gain, tokens,
          part->rounds, rounds);
}

/* Against plain decoding: the whole answer, by the gain of each target. */
static void allow_race(Known *known)
{
    int plain = (int)known->race_plain_tokens;
    double seconds = known->race_ms / 1000;
    allow(&known->figures, "ahead by %d tokens", known->race_tokens - plain);
    allow(&known->figures, "s2d %d tok", known->race_tokens);
    allow(&known->figures, "plain %d tok", plain);
    allow(&known->figures, "%.1f s", seconds);
    allow(&known->figures, "saved %.1f s", known->race_saved_ms / 1000);
    allow(&known->figures, "this chat saved %.1f s in %d",
          (known->chat_saved_ms + known->race_saved_ms) / 1000, known->answers + 1);
}

static void allow_panes(Known *known, const Part *part, json_t *ready)
{
    int tokens = part->accepted + part->rounds, shares[8];
    double counts[8] = {0};
    char text[8];
    const char *rounds = part->rounds == 1 ? "round" : "rounds";
    allow(&known->figures, "MAT %.2f", (double)tokens / part->rounds);
    allow(&known->figures, "%.1f t/s", 1000 * tokens / part->ms);
    allow(&known->figures, "plain %.1f", number(part->stats, "plain_tokens_per_s"));
    allow(&known->figures, "(%d)", whole(part->stats, "plain_rounds"));
    allow(&known->figures, "(%d, %d ago)", whole(part->stats, "plain_rounds"),
          whole(part->stats, "plain_age"));
    allow(&known->figures, "x%.2f", number(part->stats, "gain"));
    allow(&known->figures, "%d %s", part->rounds, rounds);
    allow(&known->figures, "%d tok = %d accepted + %d target", tokens, part->accepted,
          part->rounds);
    allow(&known->figures, "#1"); /* the number of its only block of code */
    allow(&known->figures, "sum %.2f = MAT-1", (double)part->accepted / part->rounds);
    for (int d = 0; d < DEPTHS; d++) {
        bool deeper = d + 1 < DEPTHS && part->reached[d + 1] > 0;
        fraction((double)part->reached[d] / part->rounds, text);
        allow(&known->figures, "d%d %s", d + 1, text);
        allow(&known->why, "d%d %s", d + 1, text); /* beside the round explained */
        if (deeper)
            allow(&known->figures, "d%d+ %s", d + 1, text);
    }
    for (int i = 0; i < EXITS; i++)
        counts[i] = part->by_exit[i];
    counts[EXITS] = part->rounds;
    percents_of(counts, EXITS + 1, shares);
    for (int i = 0; i < EXITS; i++)
        allow(&known->figures, "e%d %d%%",
              (int)json_integer_value(json_array_get(json_object_get(ready, "exits"), (size_t)i)),
              shares[i]);
    allow(&known->figures, "T %d%%", shares[EXITS]);
    allow(&known->figures, "T target %d%%", shares[EXITS]);
    double stages[] = {part->draft_ms, part->verify_ms,
                       part->ms - part->draft_ms - part->verify_ms};
    percents_of(stages, 3, shares);
    allow(&known->figures, "draft %d%%", shares[0]);
    allow(&known->figures, "verify %d%%", shares[1]);
    allow(&known->figures, "other %d%%", shares[2]);
}

static void allow_tree(Known *known, json_t *round)
{
    size_t i, v;
    json_t *node, *visit, *nodes = json_object_get(round, "nodes");
    char text[8];
    int drafted = (int)json_array_size(nodes);
    allow(&known->figures, "ROUND %d", whole(round, "round"));
    allow(&known->figures, "drafted %d accepted %d +1", drafted, whole(round, "accepted"));
    for (int more = 1; more <= drafted + 1; more++)
        allow(&known->figures, "and %d more (F3)", more);
    json_array_foreach(nodes, i, node)
    {
        allow(&known->figures, "%s e%d", fraction(number(node, "p"), text), whole(node, "exit"));
        json_array_foreach(json_object_get(node, "visited"), v, visit) allow(
            &known->figures, "e%d %s", whole(visit, "exit"), fraction(number(visit, "p"), text));
    }
}

static double all_ms(json_t *round)
{
    json_t *ms = json_object_get(round, "ms");
    return number(ms, "draft") + number(ms, "verify") + number(ms, "accept") + number(ms, "other");
}

/* A row of the list of rounds. */
static void allow_row(Known *known, json_t *round)
{
    json_t *ms = json_object_get(round, "ms");
    int accepted = whole(round, "accepted");
    allow(&known->why, "%d %d %d %d %.1f %.1f", whole(round, "round"),
          (int)json_array_size(json_object_get(round, "nodes")), accepted, accepted + 1,
          number(ms, "draft"), number(ms, "verify"));
}

/* The round explained: its exits' confidences, its time by stage, and plain decoding's for as much. */
static void allow_why(Known *known, json_t *round, json_t *stats)
{
    static const char marks[] = " >+.*";
    json_t *ms = json_object_get(round, "ms"), *nodes = json_object_get(round, "nodes");
    json_t *node, *visit, *time;
    size_t i, v;
    int tokens = whole(round, "accepted") + 1, rows = (int)json_array_size(nodes) + 1;
    double sum = all_ms(round), exits_ms = 0;
    double plain = 1000 * number(stats, "gain_low") / number(stats, "tokens_per_s");
    char text[8];
    allow(&known->why, "ROUND %d of %d %d tokens in %.1f ms", whole(round, "round"),
          whole(round, "round"), tokens, sum);
    allow(&known->why, "ROUND %d of %d %d tokens", whole(round, "round"), whole(round, "round"),
          tokens);
    allow(&known->why, "TIME OF THIS ROUND %.1f ms", sum);
    allow(&known->why, "%.1f ms", sum);
    json_array_foreach(nodes, i, node)
        json_array_foreach(json_object_get(node, "visited"), v, visit)
    {
        fraction(number(visit, "p"), text);
        for (const char *mark = marks; *mark; mark++)
            allow(&known->why, "%.*s%s", *mark != ' ', mark, text);
    }
    json_array_foreach(json_object_get(round, "exit_times"), i, time)
    {
        double took = number(time, "ms");
        int passes = whole(time, "passes");
        exits_ms += took;
        allow(&known->why, "e%d %d x %.1f", whole(time, "exit"), passes, took / passes);
        allow(&known->why, "e%d x%d", whole(time, "exit"), passes);
        allow(&known->why, "%.1f", took);
    }
    allow(&known->why, "%.1f", number(ms, "draft") - exits_ms);
    allow(&known->why, "check %d rows", rows);
    allow(&known->why, "%.1f", number(ms, "verify"));
    allow(&known->why, "%.1f", sum - number(ms, "draft") - number(ms, "verify"));
    allow(&known->why, "plain: %d x %.1f = %.1f ms", tokens, plain, tokens * plain);
    allow(&known->why, "this round saved %.1f ms x%.2f", tokens * plain - sum,
          tokens * plain / sum);
    allow(&known->why, "%.1f ms, plain %.1f: x%.2f", sum, tokens * plain, tokens * plain / sum);
    allow(&known->why, "rest %.1f", sum - exits_ms - number(ms, "verify"));
}

/* What holds: models, settings, thresholds. */
static void allow_settings(Known *known, json_t *ready, json_t *round)
{
    json_t *exits = json_object_get(ready, "exits"), *targets = json_object_get(ready, "targets");
    json_t *thresholds = json_object_get(round, "thresholds");
    char text[8], layers[64] = "";
    size_t i;
    json_t *value;
    json_array_foreach(exits, i, value)
    {
        int layer = (int)json_integer_value(value);
        snprintf(layers + strlen(layers), sizeof layers - strlen(layers), "%s%d", i ? "/" : "",
                 layer);
        allow(&known->figures, "e%d %s", layer,
              fraction(json_number_value(json_array_get(thresholds, i)), text));
        allow(&known->figures, "e%d", layer); /* an exit that has no share for want of room */
    }
    allow(&known->figures, "%s", layers);
    json_array_foreach(targets, i, value)
    {
        const char *name = json_string_value(value), *dash = strchr(name, '-');
        allow(&known->figures, "%s", name);
        allow(&known->figures, "%.*s", (int)(dash + 1 - name), name); /* wrapped there */
        allow(&known->figures, "%s", dash + 1);
        allow(&known->figures, "%s", strrchr(name, '-') + 1);
        allow(&known->figures, "[%d/%d]", (int)i + 1, (int)json_array_size(targets));
    }
    allow(&known->figures, "%s", word(ready, "quant"));
    allow(&known->figures, "\u2500 %d/%d", whole(round, "ctx_used"), whole(ready, "ctx"));
    allow(&known->figures, "ctx %d/%d", whole(round, "ctx_used"), whole(ready, "ctx"));
    allow(&known->figures, "temp %g", number(ready, "temperature"));
    allow(&known->figures, "seed %d", whole(ready, "seed"));
    allow(&known->figures, "RAM %.1f GB", number(ready, "memory_bytes") / 1e9);
    for (int key = 1; key <= 12; key++)
        allow(&known->figures, "F%d", key);
    allow(&known->figures, "s2d");
}

static void recount(Known *known, char *trace)
{
    Part part = {0};
    json_t *ready = NULL, *round = NULL;
    int turn = 0;
    for (char *line; (line = strsep(&trace, "\n")) && *line;) {
        json_t *event = json_loads(line, 0, NULL);
        assert_non_null(event);
        const char *name = word(event, "event");
        bool switched = strcmp(name, "switch") == 0 && strcmp(word(event, "stage"), "done") == 0;
        if (switched)
            allow(&known->figures, "(%.1f s)", number(event, "ms") / 1000);
        if ((switched || whole(event, "turn") != turn) && part.rounds > 0) {
            allow_part(known, &part);
            json_decref(part.stats);
            part = (Part){0};
        }
        if (whole(event, "turn") != turn && known->race_tokens > 0) {
            known->chat_saved_ms += known->race_saved_ms;
            known->answers++;
            known->race_tokens = 0;
            known->race_ms = known->race_plain_tokens = known->race_saved_ms = 0;
        }
        turn = whole(event, "turn");
        if (strcmp(name, "ready") == 0) {
            json_decref(ready);
            ready = json_incref(event);
        } else if (strcmp(name, "round") == 0) {
            json_decref(round);
            round = json_incref(event);
            take_round(known, &part, ready, event);
            allow_row(known, event);
            allow_tree(known, event); /* earlier ones stand below the newest */
        } else if (strcmp(name, "stats") == 0) {
            json_decref(part.stats);
            part.stats = json_incref(event);
        }
        json_decref(event);
    }
    allow_part(known, &part);
    allow_race(known);
    allow_why(known, round, part.stats);
    allow_panes(known, &part, ready);
    allow_settings(known, ready, round);
    allow(&known->figures, "\u2502 %.0f", known->most_tokens); /* how high the histories are */
    allow(&known->figures, "\u2502 %.0f", known->most_speed);
    allow(&known->figures, "session demo-1"); /* the person's words */
    allow(&known->figures, "/target 2");
    json_decref(part.stats);
    json_decref(ready);
    json_decref(round);
}

/* ---- the goldens ---- */

/* Bytes of the line up to a column. */
static size_t bytes_to(const char *line, size_t n, int column)
{
    for (size_t at = 0; at < n;) {
        uint32_t ch;
        if (text_width(line, at) >= column)
            return at;
        at += text_decode(line + at, n - at, &ch);
    }
    return n;
}

/* The column that parts chat and panes: where the first title has its tee; -1 = nothing does. */
static int divider_of(const char *golden)
{
    const char *title = strchr(golden, '\n');
    title = title ? title + 1 : "";
    size_t n = strcspn(title, "\n");
    for (size_t i = 1; i < n; i++)
        if (strncmp(title + i, "\u252c", 3) == 0 || title[i] == '+')
            return text_width(title, i);
    return -1;
}

/* Chat and panes one after the other, so that what is wrapped stands together. */
static void part_columns(const char *golden, char *left, char *right)
{
    int column = divider_of(golden);
    *left = *right = '\0';
    for (const char *line = golden; *line;) {
        size_t n = strcspn(line, "\n"), to = column < 0 ? n : bytes_to(line, n, column);
        bool parted = to < n && (line[to] == '|' || line[to] == '+' || line[to] == '\xe2');
        to = parted ? to : n;
        strncat(left, line, to);
        strcat(left, " ");
        strncat(right, line + to, n - to);
        strcat(right, " ");
        line += n + (line[n] == '\n');
    }
    single_blanks(left);
    single_blanks(right);
}

static void check_strip(const Known *known, const char *name, const char *golden)
{
    const char *title = strstr(golden, "EXIT per token");
    if (!title)
        return;
    const char *line = strchr(title, '\n') + 1;
    size_t n = strcspn(line, "\n"), from = 0, shown = 0;
    for (size_t at = 0; at < n; at++) { /* the longest run of its letters, whatever stands beside */
        size_t run = strspn(line + at, ".oO@T");
        if (run > shown) {
            from = at;
            shown = run;
        }
        at += run;
    }
    if (shown == 0 || shown > (size_t)known->n_strip ||
        memcmp(known->strip + known->n_strip - shown, line + from, shown) != 0)
        fail_msg("%s: the strip is %.*s and not %.*s", name, (int)shown, line + from,
                 known->n_strip, known->strip);
}

static int begin(void **state)
{
    Scene *scene = calloc(1, sizeof *scene);
    Known *known = calloc(1, sizeof *known);
    char *trace = NULL;
    size_t bytes;
    scene_open(scene);
    scene->trace = open_memstream(&trace, &bytes);
    assert_non_null(scene->trace);
    scene_demo(scene);
    fclose(scene->trace);
    recount(known, trace);
    free(trace);
    scene_close(scene);
    free(scene);
    *state = known;
    return 0;
}

static int end(void **state)
{
    Known *known = *state;
    allowed_close(&known->figures);
    allowed_close(&known->why);
    free(known);
    return 0;
}

/* Those that show the chat and nothing over it. */
static void every_figure_is_the_traces(void **state)
{
    const Known *known = *state;
    static const char *const names[] = {"tests/golden/chat-*.txt", "tests/golden/tree-*.txt",
                                        "tests/golden/thresholds-*.txt", "tests/golden/why-*.txt"};
    char *left = malloc(2 * GOLDEN_BYTES), *right = malloc(2 * GOLDEN_BYTES);
    int checked = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        glob_t found;
        assert_int_equal(glob(names[i], 0, NULL, &found), 0);
        for (size_t f = 0; f < found.gl_pathc; f++) {
            char *golden = read_golden(found.gl_pathv[f]);
            if (!strstr(golden, "needs a window of")) {
                part_columns(golden, left, right);
                if (strstr(found.gl_pathv[f], "why")) {
                    take_off(&known->why, left); /* a narrow one has all in one column */
                    take_off(&known->why, right);
                }
                check_figures(&known->figures, found.gl_pathv[f], left);
                check_figures(&known->figures, found.gl_pathv[f], right);
                check_strip(known, found.gl_pathv[f], golden);
                checked++;
            }
            free(golden);
        }
        globfree(&found);
    }
    assert_true(checked >= 13);
    free(left);
    free(right);
}

/* Each digit of a golden matters: with another one in its place, it is no longer the trace's. */
static void another_digit_is_found_out(void **state)
{
    const Known *known = *state;
    char *golden = read_golden("tests/golden/chat-100x30.txt");
    char *panes = malloc(2 * GOLDEN_BYTES), *left = malloc(2 * GOLDEN_BYTES),
         *text = malloc(2 * GOLDEN_BYTES);
    part_columns(golden, left, panes);
    int digits = 0, found = 0;
    for (size_t i = 0; panes[i]; i++) {
        if (!isdigit((unsigned char)panes[i]))
            continue;
        strcpy(text, panes);
        text[i] = (char)('0' + (panes[i] - '0' + 3) % 10);
        take_off(&known->figures, text);
        digits++;
        found += strpbrk(text, "0123456789") != NULL;
    }
    assert_true(digits > 60);
    /* Some become another figure of the same kind: "e6" and "e9", ".00" and ".30". */
    if (found < digits * 9 / 10)
        fail_msg("of %d wrong digits %d were found out", digits, found);
    free(golden);
    free(panes);
    free(left);
    free(text);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_figure_is_the_traces, begin, end),
        cmocka_unit_test_setup_teardown(another_digit_is_found_out, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
