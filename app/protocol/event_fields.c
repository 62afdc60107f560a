/* event_fields.c - the fields of every event, as rows. See event_fields.h; the structs are in
 * engine/decode/event.h, the keys in man/s2d.1.
 */
#include "app/protocol/event_fields.h"

#include <limits.h>
#include <string.h>

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define AT(type, member) ((unsigned)offsetof(type, member))
#define IN(member) ((unsigned)(offsetof(Event, u.member) - offsetof(Event, u)))
#define ROOM(type, member) ((int)sizeof(((type *)0)->member))

/* Rows by kind; `type` is the struct that holds the member. */
#define INT(key, type, member, low, high)                             \
    {                                                                 \
        key, FIELD_INT, AT(type, member), low, high, 0, 0, NULL, NULL \
    }
#define NUM(key, type, member) INT(key, type, member, 0, INT_MAX)
#define BOOL(key, type, member)                                   \
    {                                                             \
        key, FIELD_BOOL, AT(type, member), 0, 0, 0, 0, NULL, NULL \
    }
#define FLOAT(key, type, member)                                   \
    {                                                              \
        key, FIELD_FLOAT, AT(type, member), 0, 0, 0, 0, NULL, NULL \
    }
#define TIME(key, type, member)                                   \
    {                                                             \
        key, FIELD_TIME, AT(type, member), 0, 0, 0, 0, NULL, NULL \
    }
#define BYTES(key, type, member)                                   \
    {                                                              \
        key, FIELD_BYTES, AT(type, member), 0, 0, 0, 0, NULL, NULL \
    }
#define TEXT(key, type, member)                                                    \
    {                                                                              \
        key, FIELD_TEXT, AT(type, member), 0, 0, ROOM(type, member), 0, NULL, NULL \
    }
#define NAME(key, type, member, names)                             \
    {                                                              \
        key, FIELD_NAME, AT(type, member), 0, 0, 0, 0, names, NULL \
    }
#define FLOATS(key, type, member, count)                                                  \
    {                                                                                     \
        key, FIELD_FLOATS, AT(type, member), 0, 0, EXITS_MAX, AT(type, count), NULL, NULL \
    }
#define INTS(key, type, member, count)                                                        \
    {                                                                                         \
        key, FIELD_INTS, AT(type, member), 0, INT_MAX, EXITS_MAX, AT(type, count), NULL, NULL \
    }
#define STRUCTS(key, type, member, most, count, table)                                 \
    {                                                                                  \
        key, FIELD_STRUCTS, AT(type, member), 0, 0, most, AT(type, count), NULL, table \
    }

static const char *const spec_names[] = {"auto", "on", "off", NULL};
static const char *const from_names[] = {"profile", "tuned", "hand", "auto", NULL};
static const char *const room_names[] = {"none", "unload", "replace", "pair", NULL};
static const char *const stage_names[] = {"check", "load", "prefill", "done", "failed", NULL};

static const Field ready_rows[] = {
    TEXT("version", EventReady, version),
    TEXT("device", EventReady, device),
    TEXT("target", EventReady, target),
    TEXT("draft", EventReady, draft),
    TEXT("adapter", EventReady, adapter),
    TEXT("head", EventReady, head),
    TEXT("drafter", EventReady, drafter),
    BOOL("drafts", EventReady, drafts),
    BOOL("drafts_by_model", EventReady, drafts_by_model),
    BOOL("exits_in_use", EventReady, exits_in_use),
    TEXT("quant", EventReady, quant),
    TEXT("kv", EventReady, kv),
    {"targets", FIELD_TEXTS, AT(EventReady, targets), 0, 0, 8, AT(EventReady, n_targets), NULL,
     NULL},
    INT("target_index", EventReady, target_index, 0, 7),
    INTS("exits", EventReady, exits, n_exits),
    FLOATS("thresholds", EventReady, thresholds, n_exits),
    BOOL("auto_thresholds", EventReady, auto_thresholds),
    NAME("thresholds_from", EventReady, thresholds_from, from_names),
    TEXT("tree", EventReady, tree),
    FLOATS("profile_thresholds", EventReady, profile_thresholds, n_profile),
    FLOATS("tuned_thresholds", EventReady, tuned_thresholds, n_tuned),
    BOOL("exits_trained", EventReady, exits_trained),
    NUM("vocab", EventReady, vocab),
    NUM("ctx", EventReady, ctx),
    NUM("seed", EventReady, seed),
    FLOAT("temperature", EventReady, temperature),
    NUM("top_k", EventReady, top_k),
    FLOAT("top_p", EventReady, top_p),
    NAME("spec", EventReady, spec, spec_names),
    TEXT("thinking", EventReady, thinking),
    TEXT("date", EventReady, date),
    TIME("load_ms", EventReady, load_ms),
    BYTES("memory_bytes", EventReady, memory_bytes),
    FLOAT("verify_ms.1", EventReady, verify_ms[0]),
    FLOAT("verify_ms.2", EventReady, verify_ms[1]),
    FLOAT("verify_ms.4", EventReady, verify_ms[2]),
    FLOAT("verify_ms.8", EventReady, verify_ms[3]),
    FLOAT("verify_ms.16", EventReady, verify_ms[4]),
    FLOAT("verify_ms.32", EventReady, verify_ms[5]),
};

static const Field visit_rows[] = {
    NUM("exit", EventVisit, exit),
    NUM("token", EventVisit, token),
    FLOAT("p", EventVisit, p),
};
static const FieldTable visit_table = {visit_rows, COUNT(visit_rows), sizeof(EventVisit)};

static const Field node_rows[] = {
    INT("id", EventNode, id, 1, NODES_MAX - 1),
    INT("parent", EventNode, parent, 0, NODES_MAX - 1),
    INT("depth", EventNode, depth, 1, DEPTH_MAX),
    NUM("token", EventNode, token),
    TEXT("text", EventNode, text),
    FLOAT("p", EventNode, p),
    NUM("exit", EventNode, exit),
    BOOL("accepted", EventNode, accepted),
    STRUCTS("visited", EventNode, visited, EXITS_MAX, n_visited, &visit_table),
};
static const FieldTable node_table = {node_rows, COUNT(node_rows), sizeof(EventNode)};

static const Field exit_time_rows[] = {
    NUM("exit", EventExitTime, exit),
    NUM("passes", EventExitTime, passes),
    TIME("ms", EventExitTime, ms),
};
static const FieldTable exit_time_table = {exit_time_rows, COUNT(exit_time_rows),
                                           sizeof(EventExitTime)};

static const Field word_rows[] = {
    NUM("token", EventWord, token),
    TEXT("text", EventWord, text),
};
static const FieldTable word_table = {word_rows, COUNT(word_rows), sizeof(EventWord)};

static const Field round_rows[] = {
    INT("round", EventRound, round, 1, INT_MAX),
    TEXT("target", EventRound, target),
    STRUCTS("nodes", EventRound, nodes, NODES_MAX - 1, n_nodes, &node_table),
    INT("accepted", EventRound, accepted, 0, NODES_MAX - 1),
    NUM("bonus.token", EventRound, bonus_token),
    TEXT("bonus.text", EventRound, bonus_text),
    TIME("ms.draft", EventRound, draft_ms),
    TIME("ms.verify", EventRound, verify_ms),
    TIME("ms.accept", EventRound, accept_ms),
    TIME("ms.other", EventRound, other_ms),
    TIME("plain.median", EventRound, plain_ms),
    TIME("plain.low", EventRound, plain_low_ms),
    TIME("plain.high", EventRound, plain_high_ms),
    TIME("plain.pass", EventRound, pass_ms),
    STRUCTS("exit_times", EventRound, exit_times, EXITS_MAX, n_exit_times, &exit_time_table),
    NUM("ctx_used", EventRound, ctx_used),
    FLOATS("thresholds", EventRound, thresholds, n_thresholds),
    TEXT("mode", EventRound, mode),
    FLOAT("predicted_gain", EventRound, predicted_gain),
    STRUCTS("words", EventRound, words, WORDS_MAX, n_words, &word_table),
};

static const Field piece_rows[] = {
    {"text", FIELD_OWNED, AT(EventText, text), 0, 0, 0, 0, NULL, NULL},
    INT("source", EventText, source, -1, INT_MAX),
};
static const FieldTable piece_table = {piece_rows, COUNT(piece_rows), sizeof(EventText)};
static const Field text_rows[] = {
    {"pieces", FIELD_STRUCTS, 0, 0, 0, 1, NO_COUNT, NULL, &piece_table},
};

static const Field switch_rows[] = {
    NAME("stage", EventSwitch, stage, stage_names),
    TEXT("target", EventSwitch, target),
    INT("target_index", EventSwitch, target_index, -1, 7),
    FLOAT("fraction", EventSwitch, fraction),
    TEXT("reason", EventSwitch, reason),
    NAME("room", EventSwitch, room, room_names),
    BOOL("draft_kv_kept", EventSwitch, draft_kv_kept),
    TIME("ms", EventSwitch, ms),
    FLOATS("thresholds", EventSwitch, thresholds, n_thresholds),
};

static const Field stats_rows[] = {
    NUM("tokens", EventStats, tokens),
    NUM("rounds", EventStats, rounds),
    NUM("drafted", EventStats, drafted),
    NUM("accepted", EventStats, accepted),
    FLOAT("mat", EventStats, mat),
    FLOAT("tokens_per_s", EventStats, tokens_per_s),
    FLOAT("plain_tokens_per_s", EventStats, plain_tokens_per_s),
    NUM("plain_rounds", EventStats, plain_rounds),
    NUM("plain_age", EventStats, plain_age),
    FLOAT("gain", EventStats, gain),
    FLOAT("gain_low", EventStats, gain_low),
    FLOAT("gain_high", EventStats, gain_high),
    INTS("by_exit.drafted", EventStats, by_exit_drafted, n_exits),
    INTS("by_exit.accepted", EventStats, by_exit_accepted, n_exits),
    {"by_depth", FIELD_INTS, AT(EventStats, reached), 0, INT_MAX, DEPTH_MAX, NO_COUNT, NULL, NULL},
    TIME("ms.draft", EventStats, draft_ms),
    TIME("ms.verify", EventStats, verify_ms),
    TIME("ms.accept", EventStats, accept_ms),
    TIME("ms.other", EventStats, other_ms),
    TIME("ms.prefill", EventStats, prefill_ms),
    TIME("ms.draft_prefill", EventStats, draft_prefill_ms),
    NUM("back.copies", EventStats, back_copies),
    BYTES("back.bytes", EventStats, back_bytes),
};
static const FieldTable stats_table = {stats_rows, COUNT(stats_rows), sizeof(EventStats)};

static const Field side_rows[] = {
    TEXT("target", EventCompareSide, target),
    TEXT("setting", EventCompareSide, name),
    NUM("tokens", EventCompareSide, tokens),
    NUM("rounds", EventCompareSide, rounds),
    TIME("ms.all", EventCompareSide, ms),
    TIME("ms.draft", EventCompareSide, draft_ms),
    TIME("ms.verify", EventCompareSide, verify_ms),
    NUM("block.tokens", EventCompareSide, block_tokens),
    NUM("block.rounds", EventCompareSide, block_rounds),
    TIME("block.ms", EventCompareSide, block_ms),
    NUM("said", EventCompareSide, said),
    BOOL("over", EventCompareSide, over),
};
static const FieldTable side_table = {side_rows, COUNT(side_rows), sizeof(EventCompareSide)};

static const Field compare_rows[] = {
    NUM("pairs", EventCompare, pairs),
    INT("first", EventCompare, first, 0, 1),
    NUM("checked", EventCompare, checked),
    BOOL("equal", EventCompare, equal),
    NUM("parted", EventCompare, parted),
    BOOL("two_texts", EventCompare, two_texts),
    INT("kept", EventCompare, kept, 0, 1),
    NUM("ctx_used", EventCompare, ctx_used),
    {"sides", FIELD_STRUCTS, AT(EventCompare, sides), 0, 0, 2, NO_COUNT, NULL, &side_table},
};

static const Field forecast_rows[] = {
    NUM("places", EventForecast, places),
    FLOATS("thresholds", EventForecast, thresholds, n_exits),
    FLOAT("tokens_per_s", EventForecast, speed),
    FLOATS("lower.thresholds", EventForecast, lower, n_exits),
    FLOATS("lower.tokens_per_s", EventForecast, lower_speed, n_exits),
    FLOATS("upper.thresholds", EventForecast, upper, n_exits),
    FLOATS("upper.tokens_per_s", EventForecast, upper_speed, n_exits),
    BOOL("searched", EventForecast, searched),
    FLOATS("best.thresholds", EventForecast, best, n_exits),
    FLOAT("best.tokens_per_s", EventForecast, best_speed),
    BOOL("moved", EventForecast, moved),
};

static const Field prefill_rows[] = {
    {"done", FIELD_INT, IN(prefill.done), 0, INT_MAX, 0, 0, NULL, NULL},
    {"total", FIELD_INT, IN(prefill.total), 0, INT_MAX, 0, 0, NULL, NULL},
    {"ms", FIELD_TIME, IN(prefill.ms), 0, 0, 0, 0, NULL, NULL},
    {"draft_ms", FIELD_TIME, IN(prefill.draft_ms), 0, 0, 0, 0, NULL, NULL},
    {"token", FIELD_INT, IN(prefill.token), -1, INT_MAX, 0, 0, NULL, NULL},
};

static const Field warning_rows[] = {
    {"code", FIELD_TEXT, IN(warning.code), 0, 0, ROOM(Event, u.warning.code), 0, NULL, NULL},
    {"message", FIELD_TEXT, IN(warning.message), 0, 0, ROOM(Event, u.warning.message), 0, NULL,
     NULL},
};

static const Field load_rows[] = {
    {"model", FIELD_TEXT, IN(load.model), 0, 0, ROOM(Event, u.load.model), 0, NULL, NULL},
    {"fraction", FIELD_FLOAT, IN(load.fraction), 0, 0, 0, 0, NULL, NULL},
};

static const Field done_rows[] = {
    {"reason", FIELD_TEXT, IN(done.reason), 0, 0, ROOM(Event, u.done.reason), 0, NULL, NULL},
    {"totals", FIELD_STRUCT, IN(done.totals), 0, 0, 0, 0, NULL, &stats_table},
    {"seed", FIELD_INT, IN(done.seed), INT_MIN, INT_MAX, 0, 0, NULL, NULL},
};

static const Field count_rows[] = {
    {"number", FIELD_INT, IN(count.number), 0, INT_MAX, 0, 0, NULL, NULL},
    {"tokens", FIELD_INT, IN(count.tokens), -1, INT_MAX, 0, 0, NULL, NULL},
};

static const Field error_rows[] = {
    {"code", FIELD_INT, IN(error.code), 0, 255, 0, 0, NULL, NULL},
    {"message", FIELD_TEXT, IN(error.message), 0, 0, ROOM(Event, u.error.message), 0, NULL, NULL},
    {"fatal", FIELD_BOOL, IN(error.fatal), 0, 0, 0, 0, NULL, NULL},
    {"kept", FIELD_BOOL, IN(error.kept), 0, 0, 0, 0, NULL, NULL},
};

static const Field question_rows[] = {
    {"text", FIELD_OWNED, IN(question.text), 0, 0, 0, 0, NULL, NULL},
};

#define TABLE(rows)          \
    {                        \
        rows, COUNT(rows), 0 \
    }
static const FieldTable tables[] = {
    [EVENT_READY] = TABLE(ready_rows),     [EVENT_PREFILL] = TABLE(prefill_rows),
    [EVENT_WARNING] = TABLE(warning_rows), [EVENT_LOAD] = TABLE(load_rows),
    [EVENT_ROUND] = TABLE(round_rows),     [EVENT_TEXT] = TABLE(text_rows),
    [EVENT_SWITCH] = TABLE(switch_rows),   [EVENT_STATS] = TABLE(stats_rows),
    [EVENT_COMPARE] = TABLE(compare_rows), [EVENT_FORECAST] = TABLE(forecast_rows),
    [EVENT_COUNT] = TABLE(count_rows),     [EVENT_DONE] = TABLE(done_rows),
    [EVENT_ERROR] = TABLE(error_rows),     [EVENT_QUESTION] = TABLE(question_rows),
    [EVENT_OTHER_TEXT] = TABLE(text_rows),
};

const FieldTable *event_fields(EventType type)
{
    return &tables[type];
}

json_t *field_group(json_t *object, const char **key, bool make)
{
    const char *dot = strchr(*key, '.');
    if (!dot)
        return object;
    size_t length = (size_t)(dot - *key);
    json_t *group = json_object_getn(object, *key, length);
    if (!group && make && json_object_setn_new(object, *key, length, json_object()) == 0)
        group = json_object_getn(object, *key, length);
    *key = dot + 1;
    return group;
}
