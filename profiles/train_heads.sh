#!/bin/sh
# train_heads.sh - how the heads in RESULTS.md were trained: for one target, from its own answers.
#
#   make && ./s2d pull MODEL
#   sh profiles/train_heads.sh MODEL FOLDER LIST METHOD ...     # eagle eagle3 medusa hydra
#
# LIST: the tokens that a head scores; train.sh leaves coder's as FOLDER/list.ids. Of every fifty prompts the
# last is left out, to measure on. It may be stopped and started again: each step goes on where it was.
set -eu
here=$(dirname "$0")
s2d=$here/../s2d
model=$1
folder=$2
list=$3
shift 3
mkdir -p "$folder"

# NAME HELD: those of lines 2401 to 4205 of prompts.txt that are learned from (0), or left out (1). A prompt's
# number is its line, so what is not taken stays as an empty line.
answer() {
    awk -v held="$2" 'NR > 2400 && NR <= 4205 && (NR % 50 == 0) == held { print; next } { print "" }' \
        "$here/prompts.txt" > "$folder/$1.txt"
    "$s2d" train --generate -m "$model" --system 'You are a helpful assistant.' --length 512 \
        --prompts "$folder/$1.txt" -n 256 -o "$folder/$1.jsonl"
}

# METHOD [OPTION ...]: features after the last layer are cached once for the three that read nothing else.
learn() {
    method=$1
    out=$folder/$1.gguf
    shift
    [ -e "$out" ] && [ ! -e "$out.state" ] && return
    [ ! -e "$out.state" ] || set -- "$@" --resume
    "$s2d" train -m "$model" --method "$method" --loss distill --system 'You are a helpful assistant.' --length 512 \
        --data "$folder/answers.jsonl" --eval "$folder/held.jsonl" --list "$list" -o "$out" "$@"
    rm -f "$out.state"
}

answer answers 0
answer held 1
for method; do
    case $method in
    eagle) learn eagle --cache "$folder/last.cache" --unroll 2 --token-loss 0.4 --epochs 2 ;;
    eagle3) learn eagle3 --cache "$folder/taps.cache" --unroll 3 --epochs 1 ;;
    medusa | hydra) learn $method --cache "$folder/last.cache" --epochs 1 ;;
    *) echo "train_heads.sh: \"$method\" is none of eagle, eagle3, medusa, hydra" >&2; exit 64 ;;
    esac
done
