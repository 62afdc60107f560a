/* commands.h - the commands of s2d, one file each.
 *
 * Each takes its own command line (argv[0] is the command's name), prints text to stdout and
 * everything else to stderr, and returns the process's exit code (kernels/common/err.h).
 */
#ifndef S2D_APP_COMMANDS_H
#define S2D_APP_COMMANDS_H

#include "app/base/command_line.h"

#define S2D_VERSION "0.1.0"

/* `s2d WORD ...`: runs the command that it names. argv[0] is the program's name. */
int dispatch(int argc, char **argv);

int cmd_chat(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_models(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_tokenize(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_tune(int argc, char **argv);
int cmd_draft(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_worker(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_demo(int argc, char **argv);

/* What their lines may hold; those of the benchmarks are in bench/bench.h. */
extern const CommandLine cmd_chat_line, cmd_run_line, cmd_pull_line, cmd_models_line, cmd_info_line,
    cmd_profile_line, cmd_profile_new_line, cmd_tokenize_line, cmd_bench_line, cmd_tune_line,
    cmd_draft_line, cmd_draft_merge_line, cmd_draft_import_line, cmd_train_line, cmd_worker_line,
    cmd_replay_line, cmd_demo_line;

/* All of them, ended by NULL. */
extern const CommandLine *const command_lines[];

/* `s2d complete WORD ...`: what the last word behind `s2d` may become, one a line, for
 * completion.bash. A line that begins with "*" is a pattern of file names. No model is read. */
int cmd_complete(int argc, char **argv);

#endif
