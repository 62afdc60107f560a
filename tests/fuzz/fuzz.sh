#!/bin/sh
# fuzz.sh - runs each libFuzzer program for some seconds on its corpus.
# usage: fuzz.sh BUILD SECONDS PROGRAM...
set -eu
build=$1 seconds=$2
shift 2
for program in "$@"; do
    subject=$(basename "$program")
    subject=${subject#fuzz_}
    corpus=$build/corpus/$subject
    mkdir -p "$corpus"
    [ ! -x "$build/tests/make_$subject" ] || "$build/tests/make_$subject" "$corpus"
    seeds=
    [ ! -d "tests/corpus/$subject" ] || seeds=tests/corpus/$subject
    echo "fuzz $subject, $seconds s"
    # shellcheck disable=SC2086 -- may be empty
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/" "$corpus" $seeds 2>&1 | tail -n 12
done
