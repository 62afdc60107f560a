#!/bin/sh
# run.sh - runs test programs (cmocka) and replays the fuzz corpora, and adds up.
# usage: run.sh BUILD MODEL PROGRAM...   The model is fetched first, where it can be; "" = none.
# The last line is "N passed, N failed, N skipped"; the status is 1 when anything failed.
set -u
build=$1 model=$2
shift 2
passed=0 failed=0 skipped=0
log=$build/tests/log

if [ -n "$model" ]; then
    echo "model      $model"
    if ! ./s2d pull "$model" 2>"$log"; then
        echo "skipped: $model cannot be fetched, tests on a real model skip unless it is here:"
        tail -n 3 "$log"
        skipped=$((skipped + 1))
    fi
fi

S2D_CONFIG=/dev/null # whoever runs the tests may have settings
export S2D_CONFIG
for program in "$@"; do
    name=$(basename "$program") start=$(date +%s)
    case $name in
    fuzz_*)
        # Inputs that once broke something, and those that tests/fuzz/make_SUBJECT.c makes, must pass quietly.
        subject=${name#fuzz_}
        inputs=tests/corpus/$subject
        if [ -x "$build/tests/make_$subject" ]; then
            mkdir -p "$build/corpus/$subject"
            "$build/tests/make_$subject" "$build/corpus/$subject" || failed=$((failed + 1))
            inputs="$inputs $build/corpus/$subject"
        fi
        # shellcheck disable=SC2086 -- a list of folders
        if timeout 3600 "$program" $inputs >"$log" 2>&1; then
            counts="1 0 0"
        else
            counts="0 1 0"
        fi
        ;;
    *)
        timeout 3600 "$program" >"$log" 2>&1
        counts=$(awk -v status=$? '
            /\[ RUN      \]/                { if (running) bad++; running = 1; next }
            running && /\[       OK \]/     { good++; running = 0 }
            running && /\[  FAILED  \]/     { bad++; running = 0 }
            running && /\[  SKIPPED \]/     { skip++; running = 0 }
            END { if (running || (status != 0 && !bad)) bad++
                  print good + 0, bad + 0, skip + 0 }' "$log")
        ;;
    esac
    # shellcheck disable=SC2086 -- three numbers
    set -- $counts
    printf '%-24s %3d passed %3d failed %3d skipped  %4d s\n' "$name" "$1" "$2" "$3" \
        $(($(date +%s) - start))
    [ "$2" = 0 ] || tail -n 60 "$log"
    # Why tests skipped: what they printed besides cmocka's own lines.
    [ "$3" = 0 ] || grep -v '^\[\|SKIPPED TEST\|^$' "$log" | head -n 8
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
done
rm -f "$log"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
