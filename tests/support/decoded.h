/* decoded.h - runs an answer and keeps what it came to: for tests that compare whole answers. */
#ifndef S2D_TESTS_SUPPORT_DECODED_H
#define S2D_TESTS_SUPPORT_DECODED_H

#include "engine/session/session_state.h"

enum { TOKENS_MAX = 1200, DEPTHS = 3 };

/* What one answer came to. */
typedef struct Run {
    int tokens[TOKENS_MAX]; /* committed by rounds, in order */
    int n;
    int first; /* drawn from the last answer's prefill */
    char reason[16];
    int accepted[DEPTHS], rejected[DEPTHS]; /* by depth, of nodes that were put to the test */
    int rounds, drafted;
    EventStats stats;
    int warnings;
    int switched;                     /* switch events that said done */
    int changed;                      /* round of the last change */
    int stop_after;                   /* rounds; 0 = never */
    void (*between)(struct Run *run); /* called from poll */
    Session *session;
    Model *next;
    EventRound last;
} Run;

/* emit and poll of a session whose user is a Run. */
void run_event(void *user, const Event *event);
bool run_poll(void *user);

/* Opens run->session, or fails the test. */
void run_open(Run *run, const SessionConfig *config);

/* Answers with seed 5, end tokens ignored; tokens are appended to run->tokens, and held against the
 * session's own. */
void run_ask(Run *run, const int *prompt, int n_prompt, int max_tokens);

/* Tokens, reason, and the target's whole cache, float by float: rolled back branches leave nothing
 * behind. */
void assert_same_answer(const Run *a, const Run *b);
void assert_same_cache(const Session *a, const Session *b);

#endif
