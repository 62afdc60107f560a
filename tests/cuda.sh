#!/bin/sh
# cuda.sh - what `make cuda-check` and `make cuda-bench` do where there is a CUDA device.
# usage: cuda.sh check BUILD PROGRAM... | cuda.sh bench
set -u
if ! ./s2d info | grep -q '^backend *cuda:'; then
    echo "skipped: no device: $(./s2d info | sed -n 's/^cuda *//p')"
    exit 0
fi
./s2d info | sed -n 's/^backend *cuda: /device     /p'
action=$1
shift
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# One answer; what follows are options.
answer() {
    ./s2d run -p 'Explain quicksort and write it in Python.' -n 128 --seed 3 --device cuda "$@"
}

# Texts with and without speculation; $1: how tokens are drawn and what the caches hold.
same_text() {
    for model in smollm2-135m qwen2.5-coder-0.5b qwen2.5-coder-1.5b; do
        # shellcheck disable=SC2086
        answer -m $model $1 --spec off >"$folder/off" || { failed=1; continue; }
        # shellcheck disable=SC2086
        answer -m $model $1 --drafter self --spec on --tree 4x3x12 >"$folder/on"
        if cmp -s "$folder/off" "$folder/on"; then
            echo "$model $1: the same text with speculation on and off"
        else
            echo "$model $1: FAILED: speculation changed the text"
            failed=1
        fi
    done
}

check() {
    build=$1
    shift
    sh tests/run.sh "$build" smollm2-135m "$@" || failed=1
    same_text "--temp 0"
    same_text "--temp 1"
    same_text "--temp 0.8 --top-k 40 --top-p 0.9 --kv q8"
    if command -v compute-sanitizer >/dev/null; then
        for program in "$@"; do
            compute-sanitizer --error-exitcode 9 "$program" >"$folder/log" 2>&1 ||
                { tail -n 30 "$folder/log"; failed=1; }
        done
    else
        echo "skipped: compute-sanitizer is not installed"
    fi
}

# T(n) and prefill of a large model's shape: all of it where disk (TMPDIR) and device hold so many
# GB, else 8 layers.
shape() {
    name=$1 type=$2 gigabytes=$3 layers=
    disk=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1e6) }')
    device=$(./s2d info coder | sed -n 's/^backend.* \([0-9]*\)\.[0-9]* GB free$/\1/p')
    if [ "$gigabytes" -ge "$disk" ] || [ "$gigabytes" -ge "${device:-0}" ]; then
        echo "$name $type is $gigabytes GB, disk $disk, device $device: 8 layers of it"
        layers="--layers 8"
    fi
    # shellcheck disable=SC2086
    ./s2d bench synth "$name" --type "$type" --vocab smollm2-135m $layers -o "$folder/$name.gguf" &&
        ./s2d bench verify -m "$folder/$name.gguf" --device cuda || failed=1
    rm -f "$folder/$name.gguf"
}

# T(n), each operation's share of what the device can do, prefill; whole rounds with their copies
# back, plain, drafted by the 0.5B, and with noise; then the sizes of the seeds of S2D.
bench() {
    for model in qwen2.5-coder-0.5b qwen2.5-coder-1.5b; do
        ./s2d bench verify -m $model --device cuda || failed=1
        ./s2d bench kernels -m $model --device cuda || failed=1
    done
    for options in "--spec off" "--spec auto" "--spec auto --temp 1"; do
        echo "run $options"
        # shellcheck disable=SC2086
        answer $options --json | tail -n 1
    done
    shape vicuna-7b Q4_K 5
    shape vicuna-7b F16 15
    shape vicuna-13b Q4_K 9
    shape vicuna-13b F16 28
    shape llama-2-70b Q4_K 43
    shape llama-2-70b F16 141
}

case $action in
check) check "$@" ;;
bench) bench ;;
esac
exit $failed
