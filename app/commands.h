/* commands.h - the commands of s2d, one file each.
 *
 * Each takes its own command line (argv[0] is the command's name), prints text to stdout and
 * everything else to stderr, and returns the process's exit code (kernels/common/err.h).
 */
#ifndef S2D_APP_COMMANDS_H
#define S2D_APP_COMMANDS_H

#define S2D_VERSION "0.1.0"

int cmd_chat(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_models(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_tokenize(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_tune(int argc, char **argv);
int cmd_draft(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_worker(int argc, char **argv);
int cmd_replay(int argc, char **argv);

#endif
