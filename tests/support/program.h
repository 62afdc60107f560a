/* program.h - runs s2d as a person does, for tests of whole commands: the test's program stands in for
 * it, and starts itself.
 */
#ifndef S2D_TESTS_SUPPORT_PROGRAM_H
#define S2D_TESTS_SUPPORT_PROGRAM_H

#include <stdbool.h>

#include "tests/support/model_folder.h"

typedef struct Result {
    char out[1 << 20], err[1 << 14];
    int status; /* exit code; 128 + signal */
} Result;

/* Runs `s2d WORDS…` with input on stdin, and interrupts it after its first output when asked to. */
void program_run(Result *result, const char *input, bool interrupt, char *const words[]);

/* line: the words, parted by blanks; "P" stands for the folder's tiny.yaml, "F/" for the folder. */
void program_line(Result *result, const ModelFolder *folder, const char *input, const char *line);

/* Takes a stop string of some characters from an answer, as it has to be typed: [64]. Returns where the
 * answer first has it. */
const char *program_stop(const char *answer, char *typed);

#endif
