/* player.h - a timeline played: what the screen shows at a moment of it.
 *
 *   Timeline, the clock, what the person presses -> Player -> View, PlayBar
 *
 * It knows no terminal and no clock of its own, so a cast is made, and tests look, without either.
 * Going back plays again from the beginning: a view at a moment is always what the events up to it
 * make it.
 */
#ifndef S2D_APP_PLAY_PLAYER_H
#define S2D_APP_PLAY_PLAYER_H

#include "app/play/timeline.h"
#include "ui/play_bar.h"
#include "ui/view.h"

typedef struct Player {
    Timeline *timeline; /* outlives the player */
    View view;
    int focus; /* a PaneId or FOCUS_INPUT, where the script leads to; -1 = nowhere */
    int next;  /* the first cue that is not shown */
    double at_ms;
    int pace; /* index; see player_pace */
    bool held;
    int answer, round; /* the newest that has begun; 0 = none */
    bool compares;     /* that answer is one of two settings in turn */
    const char *caption;
    double tick_ms; /* when at_ms was brought up to date; < 0 = never */
    off_t read_at;  /* where the file is */
    char *line;
    size_t room;
} Player;

int player_open(Player *player, Timeline *timeline, Err *err);
void player_close(Player *player);

/* Shows what is due at now_ms of a clock that never goes back. What fails here and below is that the
 * trace cannot be read any more. */
int player_tick(Player *player, double now_ms, Err *err);
/* How long until the next tick has something to do; -1 = for ever. */
int player_wait_ms(const Player *player);

/* To a moment, within the timeline. */
int player_go(Player *player, double at_ms, Err *err);
/* To the beginning of the next (+1) answer, or this one's or the one's before (-1). */
int player_answer(Player *player, int by, Err *err);
/* One round on (+1) or back (-1), and holds. */
int player_step(Player *player, int by, Err *err);
void player_hold(Player *player);
/* Twice as fast (+1) or half (-1): x0.25 to x16. */
void player_pace(Player *player, int by);

bool player_at_end(const Player *player);
void player_bar(const Player *player, PlayBar *bar);

#endif
