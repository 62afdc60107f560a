/* scene.h - a made-up chat as events, for the tests of the screen: no model, the same each time. */
#ifndef S2D_TESTS_SUPPORT_SCENE_H
#define S2D_TESTS_SUPPORT_SCENE_H

#include <stdio.h>

#include "ui/view.h"

typedef struct Scene {
    View view;
    int turn;
    int rounds;       /* of the answer that goes on */
    int plain_age;    /* rounds since the last plain one */
    FILE *trace;      /* where events go as well, a line each; NULL = nowhere */
    EventStats stats; /* of the answer or its current target, as an engine would count */
} Scene;

void scene_open(Scene *scene);
void scene_close(Scene *scene);
/* As cmocka calls them: *state is a Scene of its own for each test. */
int scene_setup(void **state);
int scene_teardown(void **state);

/* Exits 6, 12, 18, 24; two targets. */
void scene_ready(Scene *scene);
/* A question, and the prompt is read. */
void scene_say(Scene *scene, const char *text);
/* One round: `words` holds n words; all but the last were drafted and accepted, by the exits in
 * turn, the last is the target's. `extra` siblings that were not. Text, round and stats events. */
void scene_round(Scene *scene, const char *const *words, int n, int extra);
/* A round in which nothing is drafted: mode "plain" or "probe". */
void scene_plain(Scene *scene, const char *word, const char *mode, float gain);
/* Forecasts of a step for the thresholds that act, and what a search found, if it is not NULL. */
void scene_forecast(Scene *scene, const float *found, bool moved);
void scene_done(Scene *scene, const char *reason);
void scene_switch(Scene *scene, SwitchStage stage, int target, float fraction);
void scene_text(Scene *scene, const char *text, int source);
void scene_error(Scene *scene, const char *message, bool fatal);
/* All of it, as the goldens show it: a chat of two answers with a switch in the middle of the second,
 * which goes on. */
void scene_demo(Scene *scene);

#endif
