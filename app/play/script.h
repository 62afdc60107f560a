/* script.h - a demo in YAML: what is asked, set and said about it, step by step.
 *
 *   name: two minutes
 *   trace: demo.jsonl       # a recorded chat that the steps go with; without it they are live
 *   profile: coder          # what a live one loads
 *   steps:
 *     - caption: A question, and who writes the answer.
 *     - say: Write a C function that reverses a string.
 *     - wait: 12 rounds
 *
 *   YAML -> scan_yaml -> yaml_take -> Script
 */
#ifndef S2D_APP_PLAY_SCRIPT_H
#define S2D_APP_PLAY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/play/step_list.h"
#include "kernels/common/err.h"
#include "ui/frame.h"

#define STEP_KIND(NAME, name, reader) STEP_##NAME,
typedef enum StepKind { STEP_LIST(STEP_KIND) STEP_COUNT } StepKind;
#undef STEP_KIND

enum { STEP_SECONDS_MAX = 600, STEP_COUNT_MAX = 100000 };

typedef enum WaitFor { WAIT_ANSWER, WAIT_SECONDS, WAIT_ROUNDS } WaitFor;

typedef struct Step {
    StepKind kind;
    char *text;       /* of say, switch, set, ab, caption; else NULL */
    WaitFor wait_for; /* of wait */
    double number;    /* seconds, rounds, or by how many rounds (-1 = one older) */
    int focus;        /* of focus: a PaneId, or FOCUS_INPUT */
    int line, column;
} Step;

typedef struct Script {
    char *file;                   /* for messages */
    char *name, *trace, *profile; /* NULL = not given */
    Step *steps;
    int n_steps;
} Script;

/* "say", "wait", ... */
const char *step_name(StepKind kind);
bool script_has_captions(const Script *script);

/* Whether `set` with this text changes only what the chat keeps, so that the worker says nothing. */
bool step_set_is_quiet(const Step *step);
/* The chat's command for a switch, a set or an ab; free it. NULL = no memory. */
char *step_command(const Step *step);

/* On failure "FILE:LINE:COLUMN: ...", and nothing is to be closed. */
int script_parse(Script *script, const char *yaml, size_t bytes, const char *file, Err *err);
void script_close(Script *script); /* an all-zero one is fine */

#endif
