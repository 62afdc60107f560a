/* pane_why_parts.c - below the tree of an explained round: its time by stage against plain decoding's,
 * and what had come of it otherwise. See pane_why.c.
 */
#include "ui/panes/pane_why.h"

#include <stdio.h>
#include <string.h>

static int exit_place(const RoundFacts *facts, int exit)
{
    for (int e = 0; e < facts->n_exits; e++)
        if (facts->exits[e] == exit)
            return e;
    return -1;
}

const char *why_exit_name(const RoundFacts *facts, int exit, char out[12])
{
    if (facts->by_head)
        snprintf(out, 12, "%.3s", facts->drafter);
    else
        snprintf(out, 12, "e%d", exit);
    return out;
}

int why_exit_attr(const RoundFacts *facts, int exit)
{
    int place = exit_place(facts, exit);
    return place >= 0 ? STYLE_EXIT + place : STYLE_TEXT;
}

void why_heading(const WhyPart *part, const char *text)
{
    Rect rect = part->rect;
    int used = 2 + cells_print(part->cells, part->y, rect.x + 2, rect.width - 2,
                               STYLE_TITLE | ATTR_BOLD, "%s", text);
    cells_glyph(part->cells, part->y, rect.x, GLYPH_HORIZONTAL, STYLE_BORDER);
    for (int x = used + 1; x < rect.width; x++)
        cells_glyph(part->cells, part->y, rect.x + x, GLYPH_HORIZONTAL, STYLE_BORDER);
}

/* ---- time ---- */

int why_time_rows(const EventRound *round)
{
    /* Heading, exits or drafting as a whole, what no exit took, check, rest, plain, saved. */
    return 1 + (round->n_exit_times > 0 ? round->n_exit_times + 1 : 1) + 2 + 2;
}

/* "e6 7 x 1.1   ███   7.7" */
static void draw_stage(const WhyPart *part, int row, const char *label, double ms, double most,
                       int attr)
{
    enum { LABEL = 16, VALUE = 8 };
    Rect rect = part->rect;
    int y = part->y + row, bar = rect.width - LABEL - VALUE;
    cells_print(part->cells, y, rect.x, LABEL, STYLE_TEXT, "%s", label);
    if (most > 0)
        cells_bar(part->cells, y, rect.x + LABEL, bar, ms / most, attr);
    cells_print(part->cells, y, rect.x + rect.width - VALUE, VALUE, STYLE_TEXT, "%8.1f", ms);
}

/* Against plain decoding, on two rows. */
static void draw_gain(const WhyPart *part, int row, const WhyTime *time)
{
    Rect rect = part->rect;
    int y = part->y + row;
    if (part->plain_ms <= 0) {
        cells_print(part->cells, y, rect.x, rect.width, STYLE_DIM, "no gain is known for it");
        return;
    }
    cells_print(part->cells, y, rect.x, rect.width, STYLE_TEXT, "plain: %d x %.1f = %.1f ms",
                time->tokens, part->plain_ms, time->plain);
    if (!time->gains)
        cells_print(part->cells, y + 1, rect.x, rect.width, STYLE_DIM,
                    "nothing was drafted: nothing to gain");
    else
        cells_print(part->cells, y + 1, rect.x, rect.width,
                    (time->saved >= 0 ? STYLE_GOOD : STYLE_BAD) | ATTR_BOLD,
                    "this round %s %.1f ms  x%.2f", time->saved >= 0 ? "saved" : "lost",
                    time->saved >= 0 ? time->saved : -time->saved, time->plain / time->sum);
}

static double most_of(const EventRound *round, const WhyTime *time)
{
    double most = round->verify_ms > time->drafting_rest ? round->verify_ms : time->drafting_rest;
    for (int e = 0; e < round->n_exit_times; e++)
        if (round->exit_times[e].ms > most)
            most = round->exit_times[e].ms;
    return time->rest > most ? time->rest : most;
}

void why_draw_time(const WhyPart *part)
{
    const EventRound *round = part->tree->round;
    WhyTime time = why_time(round, part->plain_ms);
    double most = most_of(round, &time);
    char text[48], exit[12];
    int row = 1;
    snprintf(text, sizeof text, "TIME OF THIS ROUND  %.1f ms", time.sum);
    why_heading(part, text);
    for (int e = 0; e < round->n_exit_times; e++) {
        const EventExitTime *one = &round->exit_times[e];
        snprintf(text, sizeof text, "%-3s %d x %.1f", why_exit_name(part->facts, one->exit, exit),
                 one->passes, one->ms / one->passes);
        draw_stage(part, row++, text, one->ms, most, why_exit_attr(part->facts, one->exit));
    }
    draw_stage(part, row++, round->n_exit_times > 0 ? "drafting's rest" : "drafting",
               time.drafting_rest, most, STYLE_FREE);
    snprintf(text, sizeof text, "check %d row%s", round->n_nodes + 1,
             round->n_nodes > 0 ? "s" : "");
    draw_stage(part, row++, text, round->verify_ms, most, STYLE_TEXT);
    draw_stage(part, row++, "accept, report", time.rest, most, STYLE_DIM);
    draw_gain(part, row, &time);
}

/* Label and value side by side, two on a row. Returns the next place. */
static int draw_half(const WhyPart *part, int place, const char *label, double ms)
{
    int width = part->rect.width / 2, y = part->y + 1 + place / 2;
    int x = part->rect.x + place % 2 * width;
    cells_print(part->cells, y, x, width - 8, STYLE_TEXT, "%s", label);
    cells_print(part->cells, y, x + width - 8, 7, STYLE_TEXT, "%7.1f", ms);
    return place + 1;
}

void why_draw_time_brief(const WhyPart *part)
{
    enum { PLACES = 2 * (WHY_BRIEF_ROWS - 3) };
    const EventRound *round = part->tree->round;
    WhyTime time = why_time(round, part->plain_ms);
    char text[48], exit[12];
    int place = 0;
    snprintf(text, sizeof text, "TIME OF THIS ROUND  %.1f ms", time.sum);
    why_heading(part, text);
    if (round->n_exit_times == 0 || round->n_exit_times + 2 > PLACES) {
        place = draw_half(part, place, "drafting", round->draft_ms);
    } else {
        for (int e = 0; e < round->n_exit_times; e++) {
            const EventExitTime *one = &round->exit_times[e];
            snprintf(text, sizeof text, "%s x%d", why_exit_name(part->facts, one->exit, exit),
                     one->passes);
            place = draw_half(part, place, text, one->ms);
        }
        time.rest += time.drafting_rest;
    }
    place = draw_half(part, place, "check", round->verify_ms);
    place = draw_half(part, place, "rest", time.rest);
    draw_gain(part, 1 + (place + 1) / 2, &time);
}

void why_draw_time_row(const WhyPart *part)
{
    WhyTime time = why_time(part->tree->round, part->plain_ms);
    Rect rect = part->rect;
    int x = cells_print(part->cells, part->y, rect.x, rect.width, STYLE_TEXT, "%.1f ms", time.sum);
    if (time.gains)
        cells_print(part->cells, part->y, rect.x + x, rect.width - x, STYLE_TEXT,
                    ", plain %.1f: x%.2f", time.plain, time.plain / time.sum);
}

/* ---- what if ---- */

/* "e6  .42 ' word'       no: 3 tokens est" */
static void draw_if(const WhyPart *part, int y, const WhyIf *one)
{
    Rect rect = part->rect;
    char end[48], left[TOKEN_TEXT * 4 + 24], exit[12], p[8],
        word[TOKEN_TEXT * 4 + 4] = "another token";
    snprintf(end, sizeof end, "%s%d%s token%s%s",
             one->exit == 0 ? ""
             : one->unread  ? "not read: "
             : one->right   ? "ok: "
                            : "no: ",
             one->tokens, one->at_least ? "+" : "", one->tokens == 1 && !one->at_least ? "" : "s",
             one->exact ? "" : " est");
    int width = text_width(end, strlen(end));
    if (one->exit == 0) {
        snprintf(left, sizeof left, "nothing proposed");
    } else {
        const char *known = why_word(part->tree->round, one->token);
        if (known != NULL)
            text_quote(known, word, sizeof word);
        snprintf(left, sizeof left, "%-3s %s %s", why_exit_name(part->facts, one->exit, exit),
                 pane_fraction(one->p, p), word);
    }
    text_truncate(left, rect.width - width - 1);
    cells_print(part->cells, y, rect.x, rect.width - width - 1, STYLE_TEXT, "%s", left);
    cells_print(part->cells, y, rect.x + rect.width - width, width,
                one->exit == 0 || one->unread ? STYLE_TEXT
                : one->right                  ? STYLE_GOOD
                                              : STYLE_BAD,
                "%s", end);
}

void why_draw_ifs(const WhyPart *part, const EventNode *node, int rows)
{
    WhyIf ifs[WHY_IFS];
    Rect rect = part->rect;
    int n = why_ifs(part->facts, part->tree, node, ifs);
    char text[TOKEN_TEXT * 4 + 40], quoted[TOKEN_TEXT * 4 + 4];
    text_quote(node->text, quoted, sizeof quoted);
    text_truncate(quoted, rect.width - 24);
    snprintf(text, sizeof text, "IF %s HAD LEFT ELSEWHERE", quoted);
    why_heading(part, text);
    for (int i = 0; i < n && 1 + i < rows; i++)
        draw_if(part, part->y + 1 + i, &ifs[i]);
    if (n == 0)
        cells_print(part->cells, part->y + 1, rect.x, rect.width, STYLE_DIM, "%s",
                    node->exit == 0                ? "an n-gram: no exit was asked"
                    : part->facts->temperature > 0 ? "tokens are drawn: it cannot be told"
                                                   : "no other exit was asked");
}
