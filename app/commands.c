/* commands.c - all command lines there are, for completion. */
#include "app/commands.h"

#include "app/bench/bench.h"

const CommandLine *const command_lines[] = {
    &cmd_chat_line,
    &cmd_run_line,
    &cmd_pull_line,
    &cmd_models_line,
    &cmd_info_line,
    &cmd_profile_line,
    &cmd_profile_new_line,
    &cmd_tokenize_line,
    &cmd_bench_line,
    &bench_kernels_line,
    &bench_verify_line,
    &bench_quality_line,
    &bench_spec_line,
    &bench_project_line,
    &bench_products_line,
    &bench_synth_line,
    &cmd_tune_line,
    &cmd_draft_line,
    &cmd_draft_merge_line,
    &cmd_draft_import_line,
    &cmd_train_line,
    &cmd_worker_line,
    &cmd_replay_line,
    &cmd_demo_line,
    NULL,
};
