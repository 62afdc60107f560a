/* failing_run.h - runs a program with fail.so, which makes the Nth call of a kind fail; N goes up, in
 * growing steps, until a run has no such call. Each run must end, by itself, as a scene says.
 */
#ifndef S2D_TESTS_SUPPORT_FAILING_RUN_H
#define S2D_TESTS_SUPPORT_FAILING_RUN_H

#include <limits.h>
#include <stdbool.h>

typedef struct Run {
    char out[1 << 18], err[1 << 14];
    int status;  /* exit code; 128 + signal */
    bool hung;   /* and was killed */
    bool failed; /* a call was made to fail */
} Run;

/* The call that is to fail, as fail.c says. */
typedef struct Failure {
    const char *call, *who;
    int at;
    bool kill; /* it ends its process instead */
} Failure;

typedef struct Scene {
    const char *program; /* NULL = s2d */
    char *const *words;
    const char *input;
    const char *folder;       /* where the runs may leave a mark */
    const char *const *calls; /* kinds of them, NULL at the end; NULL = all there are */
    const char *const *whose; /* NULL at the end */
    bool kill;                /* calls do not fail: they kill */
    int every; /* N goes up by 1 + N / every: each is tried up to that, then ever fewer */
    void (*begin)(void *user);
    /* What is wrong with how a run ended, that neither hung nor was killed; NULL = nothing. */
    const char *(*verdict)(const Run *run, void *user);
    void *user;
} Scene;

/* failure NULL = none. */
void failing_run(const Scene *scene, const Failure *failure, Run *run);

/* Every failure in the scene; the test fails where one ends wrong. */
void fail_each(const Scene *scene);

/* Whether stderr has a line that says who speaks. */
bool explained(const Run *run);

/* A file beside this test's program. */
void beside_this(const char *name, char path[PATH_MAX]);

#endif
