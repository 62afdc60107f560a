#!/bin/sh
# compare_llama.sh - s2d beside llama.cpp: both run in turn on the same models, threads and machine.
#
# usage: tests/compare_llama.sh [MODEL ...]     names of the catalog; without any, all that are here
#
# One table: plain decoding, a pass over n tokens that share a text of 64, reading 128 tokens, and for
# the pair of the profile "coder" a whole answer with speculation, where llama.cpp's best mode is the
# fastest of plain decoding and drafts of 2, 4 and 7 tokens. Medians of interleaved repeats.
#
# llama.cpp is the copy in the source package of llama-cpp-python 0.3.36, built natively without GPU:
# that takes minutes to an hour. Environment:
#   LLAMA_BUILD  folder of a finished build: its bin/llama-bench and so on are used
#   SDIST        the source package, so that none is downloaded
#   WORK         where to unpack and build            (default: build/llama)
#   S2D          the program                          (default: ./s2d)
#   REPEATS      of everything                        (default: 3)
#   PREFIX       words put before each measured command: "taskset -c 0,1"
set -u
cd "$(dirname "$0")/.." || exit 1
s2d=${S2D:-./s2d} repeats=${REPEATS:-3} work=${WORK:-build/llama} prefix=${PREFIX:-}
version=0.3.36

skip() {
    echo "skipped: $*"
    exit 0
}

[ -x "$s2d" ] || skip "$s2d is not there; run make"
log=$(mktemp) results=$(mktemp)
trap 'rm -f "$log" "$results"' EXIT

# ---- the other program ----

build_llama() {
    mkdir -p "$work" || skip "cannot make $work"
    if [ -z "${SDIST:-}" ]; then
        pip download -q --no-deps --no-binary :all: -d "$work" "llama-cpp-python==$version" >"$log" 2>&1 ||
            skip "llama-cpp-python $version cannot be downloaded: $(tail -n 1 "$log")"
        SDIST=$(ls "$work"/llama_cpp_python-*.tar.gz)
    fi
    tar -xzf "$SDIST" -C "$work" 2>"$log" || skip "$SDIST cannot be unpacked"
    source=$(ls -d "$work"/llama_cpp_python-*/vendor/llama.cpp) || skip "no llama.cpp in $SDIST"
    for tool in cmake c++; do
        command -v $tool >/dev/null || skip "llama.cpp needs $tool to be built"
    done
    echo "building llama.cpp in $work" >&2
    if ! cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
        -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF -DLLAMA_BUILD_SERVER=OFF >"$log" 2>&1 ||
        ! cmake --build "$work/build" -j 2 --target llama-bench llama-batched-bench \
            llama-speculative-simple >"$log" 2>&1; then
        skip "llama.cpp cannot be built: $(tail -n 1 "$log")"
    fi
    LLAMA_BUILD=$work/build
}

[ -n "${LLAMA_BUILD:-}" ] || [ ! -x "$work/build/bin/llama-batched-bench" ] || LLAMA_BUILD=$work/build
[ -n "${LLAMA_BUILD:-}" ] || build_llama
bin=$LLAMA_BUILD/bin
for program in llama-bench llama-batched-bench; do
    [ -x "$bin/$program" ] || skip "$bin/$program is not there"
done

# ---- measuring ----

# What `s2d info` says of a model that is here: "file PATH, SIZE MB"
path_of() {
    "$s2d" info "$1" 2>/dev/null | sed -n 's/^file  *\(.*\), [0-9.]* MB.*/\1/p'
}

# record MODEL WHAT PROGRAM VALUE; a value that is missing is left out.
record() {
    [ -z "$4" ] || printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$results"
}

number() { # of a key in one line of JSON
    sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p"
}

measure_s2d() {
    # shellcheck disable=SC2086
    $prefix "$s2d" bench verify -m "$2" --threads "$threads" --ctx 64 --repeats 1 --json >"$log" || return
    for n in 1 2 4 8 12 16 32; do
        record "$1" "pass $n" s2d "$(grep "\"verify\",\"n\":$n," "$log" | number ms)"
    done
    record "$1" prefill s2d "$(grep '"prefill"' "$log" | number tokens_per_s)"
    # shellcheck disable=SC2086
    $prefix "$s2d" run -m "$2" --threads "$threads" --draft none --drafter plain --spec off --raw \
        --ignore-eos -n 64 -p 'Once' --json 2>/dev/null >"$log" || return
    record "$1" decode s2d "$(grep '"event":"done"' "$log" | number tokens_per_s)"
}

measure_llama() {
    # shellcheck disable=SC2086
    $prefix "$bin/llama-batched-bench" -m "$2" -c 1024 -t "$threads" -tb "$threads" -pps -kvu \
        -npp 64 -ntg 4 -npl 1,2,4,8,12,16,32 --output-format jsonl 2>&1 | grep '"pl":' >"$log"
    for n in 1 2 4 8 12 16 32; do
        record "$1" "pass $n" llama "$(grep "\"pl\": $n," "$log" | number t_tg | awk '{ print 250 * $1 }')"
    done
    # shellcheck disable=SC2086
    $prefix "$bin/llama-bench" -m "$2" -t "$threads" -p 128 -n 64 -r 1 -o jsonl 2>/dev/null >"$log"
    record "$1" prefill llama "$(grep '"n_prompt": 128' "$log" | number avg_ts)"
    record "$1" decode llama "$(grep '"n_gen": 64' "$log" | number avg_ts)"
}

system='You are Qwen, created by Alibaba Cloud. You are a helpful assistant.'
question='Explain quicksort and write it in Python.'
chat="<|im_start|>system
$system<|im_end|>
<|im_start|>user
$question<|im_end|>
<|im_start|>assistant
"

# A whole answer of 128 tokens, prompt not counted. llama.cpp's plain speed is in `decode` already.
measure_chat() {
    # shellcheck disable=SC2086
    $prefix "$s2d" run --profile coder --threads "$threads" --temp 0 --raw -n 128 -p "$chat" --json \
        2>/dev/null >"$log"
    record coder chat s2d "$(grep '"event":"done"' "$log" | number tokens_per_s)"
    [ -x "$bin/llama-speculative-simple" ] || return
    for draft in 2 4 7; do
        # shellcheck disable=SC2086
        $prefix "$bin/llama-speculative-simple" -m "$1" -md "$2" --spec-type draft-simple \
            --spec-draft-n-max $draft -t "$threads" -td "$threads" -c 1024 -n 128 --temp 0 --top-k 1 \
            -p "$chat" >"$log" 2>&1
        record coder "chat $draft" llama "$(sed -n 's/.*decoded .* speed: *\([0-9.]*\) t.s.*/\1/p' "$log")"
    done
}

threads=$("$s2d" info | sed -n 's/.* \([0-9]*\) threads\{0,1\}.*/\1/p' | head -n 1)
[ -n "$threads" ] || threads=$(nproc)
if [ $# -gt 0 ]; then
    models=$*
else
    models=$("$s2d" models | awk '$4 == "here" { print $1 }')
fi
[ -n "$models" ] || skip "no model is here; \`s2d pull smollm2-135m\` brings one"
target=$(path_of qwen2.5-coder-1.5b) draft=$(path_of qwen2.5-coder-0.5b)
for repeat in $(seq "$repeats"); do
    for model in $models; do
        path=$(path_of "$model")
        [ -n "$path" ] || path=$model
        echo "repeat $repeat of $repeats: $model" >&2
        measure_s2d "$model" "$path"
        measure_llama "$model" "$path"
    done
    if [ $# = 0 ] && [ -n "$target" ] && [ -n "$draft" ]; then
        echo "repeat $repeat of $repeats: coder" >&2
        measure_chat "$target" "$draft"
    fi
done

# ---- the table ----

echo "$threads threads, medians of $repeats interleaved repeats"
sort -t "$(printf '\t')" -k1,3 -k4,4g "$results" | awk -F '\t' '
    # Lines of one key follow each other, values ascending.
    { key = $1 FS $2 FS $3; n[key]++; value[key, n[key]] = $4; if (!seen[$1]++) order[++models] = $1 }
    function median(model, what, program,    key) {
        key = model FS what FS program
        return n[key] ? value[key, int(n[key] / 2) + 1] : 0
    }
    function text(v) { return v > 0 ? sprintf("%.2f", v) : "-" }
    function row(what, a, b, ratio) {
        if (a > 0 && b > 0) printf "  %-26s %9.2f %9.2f %8.2f\n", what, a, b, ratio
        else printf "  %-26s %9s %9s\n", what, text(a), text(b)
    }
    function both(model, what, label, less,    a, b) {
        a = median(model, what, "s2d"); b = median(model, what, "llama")
        if (a > 0 || b > 0) row(label, a, b, less ? (a > 0 ? b / a : 0) : (b > 0 ? a / b : 0))
    }
    END {
        split("1 2 4 8 12 16 32", counts, " ")
        for (i = 1; i <= models; i++) {
            m = order[i]
            printf "\n%-28s %9s %9s %8s\n", m, "s2d", "llama.cpp", "faster x"
            both(m, "decode", "plain decoding, tokens/s", 0)
            both(m, "prefill", "reading 128, tokens/s", 0)
            for (j = 1; j <= 7; j++) both(m, "pass " counts[j], "pass over " counts[j] ", ms", 1)
            for (j = 2; j <= 7; j++) {
                a = median(m, "pass 1", "s2d"); b = median(m, "pass 1", "llama")
                if (a > 0 && b > 0)
                    row("T(" counts[j] ")/T(1)", median(m, "pass " counts[j], "s2d") / a,
                        median(m, "pass " counts[j], "llama") / b,
                        median(m, "pass " counts[j], "llama") / b / (median(m, "pass " counts[j], "s2d") / a))
            }
            if (m != "coder") continue
            a = median(m, "chat", "s2d")
            best = median("qwen2.5-coder-1.5b", "decode", "llama"); mode = "plain"
            split("2 4 7", drafts, " ")
            for (j = 1; j <= 3; j++) {
                b = median(m, "chat " drafts[j], "llama")
                if (b > 0) row("chat, llama.cpp drafts " drafts[j], a, b, a / b)
                if (b > best) { best = b; mode = "drafts " drafts[j] }
            }
            if (best > 0) row("chat, its best: " mode, a, best, a / best)
        }
    }'
