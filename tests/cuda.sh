#!/bin/sh
# cuda.sh - what `make cuda-check` and `make cuda-bench` do where there is a CUDA device.
# usage: cuda.sh check BUILD PROGRAM... | cuda.sh bench
set -u
state=$(./s2d info | sed -n 's/^cuda *//p')
case $state in
*"no CUDA device"* | *"no CUDA backend"* | *"needed"* | *"cannot be used"*)
    echo "skipped: no device: $state"
    exit 0
    ;;
esac
echo "device     $state"
action=$1
shift
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# One answer; what follows are options.
answer() {
    ./s2d run -p 'Explain quicksort and write it in Python.' -n 128 --seed 3 --device cuda "$@"
}

check() {
    build=$1
    shift
    sh tests/run.sh "$build" smollm2-135m "$@" || failed=1
    for model in smollm2-135m qwen2.5-coder-0.5b qwen2.5-coder-1.5b; do
        for temp in 0 1; do
            answer -m $model --temp $temp --spec off >"$folder/off" || { failed=1; continue; }
            answer -m $model --temp $temp --drafter self --spec on --tree 4x3x12 >"$folder/on"
            if cmp -s "$folder/off" "$folder/on"; then
                echo "$model at $temp: the same text with speculation on and off"
            else
                echo "$model at $temp: FAILED: speculation changed the text"
                failed=1
            fi
        done
    done
    if command -v compute-sanitizer >/dev/null; then
        for program in "$@"; do
            compute-sanitizer --error-exitcode 9 "$program" >"$folder/log" 2>&1 ||
                { tail -n 30 "$folder/log"; failed=1; }
        done
    else
        echo "skipped: compute-sanitizer is not installed"
    fi
}

# T(n), each operation's share of what the device can do, and whole rounds; then the shapes of large
# models, as many layers as are enough to be measured.
bench() {
    for model in qwen2.5-coder-0.5b qwen2.5-coder-1.5b; do
        ./s2d bench verify -m $model --device cuda || failed=1
        ./s2d bench kernels -m $model --device cuda || failed=1
    done
    for spec in off auto; do
        answer --spec $spec --json | tail -n 1
    done
    for shape in vicuna-7b vicuna-13b llama-2-70b; do
        for type in Q4_K F16; do
            ./s2d bench synth $shape --layers 8 --type $type --vocab smollm2-135m \
                -o "$folder/model.gguf" && ./s2d bench verify -m "$folder/model.gguf" --device cuda ||
                failed=1
        done
    done
}

case $action in
check) check "$@" ;;
bench) bench ;;
esac
exit $failed
