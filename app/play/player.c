/* player.c - see player.h. */
#include "app/play/player.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"
#include "ui/text.h"

static const float paces[] = {0.25f, 0.5f, 1, 2, 4, 8, 16};

enum {
    N_PACES = sizeof(paces) / sizeof(*paces),
    PACE_RECORDED = 2,
    SLEPT_MS = 1000,    /* the most that one tick goes on: the process was stopped meanwhile */
    BEGUN_MS = 2000,    /* so soon after an answer's beginning, back leads to the one before */
    NEWEST = 1000000000 /* rounds to browse, to get to the newest */
};

int player_open(Player *player, Timeline *timeline, Err *err)
{
    *player = (Player){.timeline = timeline,
                       .focus = -1,
                       .pace = PACE_RECORDED,
                       .caption = "",
                       .tick_ms = -1,
                       .read_at = -1};
    return view_open(&player->view, err);
}

void player_close(Player *player)
{
    view_close(&player->view);
    free(player->line);
    *player = (Player){0};
}

static int rewind_all(Player *player, Err *err)
{
    unsigned changes = player->view.changes;
    ViewColours colours = player->view.colours; /* as the person has them */
    view_close(&player->view);
    if (view_open(&player->view, err) != 0)
        return -1;
    player->view.changes = changes + 1;
    player->view.colours = colours;
    player->next = player->answer = player->round = 0;
    player->compares = false;
    player->at_ms = 0;
    player->focus = -1;
    player->caption = "";
    return 0;
}

static int show_event(Player *player, const Cue *cue, Err *err)
{
    FILE *file = player->timeline->file;
    Event event;
    Err wrong = {0};
    if (player->read_at != cue->line_at && fseeko(file, cue->line_at, SEEK_SET) != 0)
        return err_set(err, EXIT_IO, "%s: %s", player->timeline->name, strerror(errno));
    ssize_t n = getline(&player->line, &player->room, file);
    player->read_at = cue->line_at + n;
    if (n < 0 || event_from_line(&event, player->line, (size_t)n, &wrong) != 0)
        return err_set(err, EXIT_DATA, "%s: it has changed while it was shown",
                       player->timeline->name);
    view_event(&player->view, &event);
    event_free(&event);
    if (cue->begins_answer) {
        player->answer++;
        player->round = 0;
        player->compares = false;
    }
    if (cue->event == EVENT_COMPARE)
        player->compares = true;
    if (cue->event == EVENT_ROUND)
        player->round = cue->number;
    return 0;
}

static int show_next(Player *player, Err *err)
{
    const Cue *cue = &player->timeline->cues[player->next++];
    switch (cue->kind) {
    case CUE_EVENT:
        return show_event(player, cue, err);
    case CUE_CAPTION:
        player->caption = cue->text;
        break;
    case CUE_FOCUS:
        player->focus = cue->number;
        break;
    case CUE_BROWSE:
        view_browse(&player->view, cue->number ? cue->number : NEWEST);
        break;
    }
    return 0;
}

static int show_due(Player *player, Err *err)
{
    const Timeline *timeline = player->timeline;
    while (player->next < timeline->n_cues && timeline->cues[player->next].at_ms <= player->at_ms)
        if (show_next(player, err) != 0)
            return -1;
    return 0;
}

/* Until `upto` is the next cue. */
static int show_upto(Player *player, int upto, Err *err)
{
    if (upto < player->next && rewind_all(player, err) != 0)
        return -1;
    while (player->next < upto)
        if (show_next(player, err) != 0)
            return -1;
    player->at_ms = upto > 0 ? player->timeline->cues[upto - 1].at_ms : 0;
    return 0;
}

bool player_at_end(const Player *player)
{
    return player->next == player->timeline->n_cues && player->at_ms >= player->timeline->end_ms;
}

int player_tick(Player *player, double now_ms, Err *err)
{
    double passed = player->tick_ms < 0 ? 0 : now_ms - player->tick_ms;
    double end_ms = player->timeline->end_ms;
    player->tick_ms = now_ms;
    if (player->held)
        return 0;
    player->at_ms += (passed < SLEPT_MS ? passed : SLEPT_MS) * (double)paces[player->pace];
    player->at_ms = player->at_ms < end_ms ? player->at_ms : end_ms;
    return show_due(player, err);
}

int player_wait_ms(const Player *player)
{
    const Timeline *timeline = player->timeline;
    if (player->held || player_at_end(player))
        return -1;
    double due =
        player->next < timeline->n_cues ? timeline->cues[player->next].at_ms : timeline->end_ms;
    double second = 1000.0 * (int)(player->at_ms / 1000 + 1); /* of the bar's clock */
    double wait = ((due < second ? due : second) - player->at_ms) / (double)paces[player->pace];
    return wait > 0 ? (int)wait + 1 : 0;
}

int player_go(Player *player, double at_ms, Err *err)
{
    double end_ms = player->timeline->end_ms;
    at_ms = at_ms < 0 ? 0 : at_ms < end_ms ? at_ms : end_ms;
    if (at_ms < player->at_ms && rewind_all(player, err) != 0)
        return -1;
    player->at_ms = at_ms;
    return show_due(player, err);
}

int player_answer(Player *player, int by, Err *err)
{
    const Timeline *timeline = player->timeline;
    int found = by > 0 ? timeline->n_cues : 0;
    for (int i = 0; i < timeline->n_cues; i++) {
        const Cue *cue = &timeline->cues[i];
        if (!cue->begins_answer)
            continue;
        if (by > 0 && i >= player->next) {
            found = i + 1; /* the question is shown */
            break;
        }
        if (by < 0 && i < player->next && player->at_ms - cue->at_ms > BEGUN_MS)
            found = i + 1;
    }
    if (show_upto(player, found, err) != 0)
        return -1;
    if (found == timeline->n_cues)
        player->at_ms = timeline->end_ms;
    return 0;
}

static bool is_round(const Cue *cue)
{
    return cue->kind == CUE_EVENT && cue->event == EVENT_ROUND;
}

/* What is told of a round behind it: its text, the totals. */
static bool belongs_to_round(const Cue *cue)
{
    return cue->kind == CUE_EVENT && (cue->event == EVENT_TEXT || cue->event == EVENT_STATS);
}

int player_step(Player *player, int by, Err *err)
{
    const Timeline *timeline = player->timeline;
    int i = player->next;
    if (by > 0) {
        while (i < timeline->n_cues && !is_round(&timeline->cues[i]))
            i++;
        i += i < timeline->n_cues;
        while (i < timeline->n_cues && belongs_to_round(&timeline->cues[i]))
            i++;
    } else {
        while (i > 0 && !is_round(&timeline->cues[i - 1]))
            i--;
        i -= i > 0;
    }
    player->held = true;
    return show_upto(player, i, err);
}

void player_hold(Player *player)
{
    player->held = !player->held;
}

void player_pace(Player *player, int by)
{
    int pace = player->pace + by;
    player->pace = pace < 0 ? 0 : pace >= N_PACES ? N_PACES - 1 : pace;
}

void player_bar(const Player *player, PlayBar *bar)
{
    const Timeline *timeline = player->timeline;
    memset(bar, 0, sizeof(*bar)); /* the padding too: bars are compared */
    bar->shown = bar->recorded = true;
    bar->held = player->held;
    bar->at_end = player_at_end(player);
    bar->captions = timeline->captions;
    bar->pace = paces[player->pace];
    bar->at_s = (int)(player->at_ms / 1000);
    bar->end_s = (int)((timeline->end_ms + 999) / 1000);
    if (bar->at_end)
        bar->at_s = bar->end_s;
    bar->answer = player->answer;
    bar->answers = timeline->answers;
    bar->round = player->round;
    bar->keys = "Space holds  q quits  F1 keys";
    text_clean_line(player->caption, bar->caption, sizeof(bar->caption));
}
