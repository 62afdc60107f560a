#!/bin/sh
# train.sh - how coder.gguf and smollm2.gguf were trained, from nothing but the base and prompts.txt.
#
#   make && ./s2d pull qwen2.5-coder-0.5b qwen2.5-coder-1.5b smollm2-135m
#   sh profiles/train.sh coder FOLDER
#
# The base answers the prompts, its exits learn from the answers. coder then goes on, from the adapter that
# came of this, with answers to the second half of the prompts. Of every fifty prompts the last is left out,
# to measure on: those a target answers. It may be stopped and started again: each step goes on where it was.
# Needs jq. What came of it: RESULTS.md, "The drafts".
set -eu
here=$(dirname "$0")
s2d=$here/../s2d
draft=$1
folder=$2
case $draft in
coder) base=qwen2.5-coder-0.5b target=qwen2.5-coder-1.5b layers=24 first=256 ;;
smollm2) base=smollm2-135m target=smollm2-135m layers=18 first=128 ;;
*) echo "train.sh: \"$draft\" is neither coder nor smollm2" >&2; exit 64 ;;
esac
mkdir -p "$folder"

# NAME FROM UPTO [1]: lines of prompts.txt to learn from, or those left out. A prompt's number is its line,
# so what is not taken stays as an empty line.
prompts() {
    awk -v from="$2" -v upto="$3" -v held="${4:-0}" '
        NR >= from && NR <= upto && (NR % 50 == 0) == held { print; next }
        { print "" }' "$here/prompts.txt" > "$folder/$1.txt"
}

# NAME MODEL PROMPTS TOKENS [OPTION ...]
answer() {
    name=$1 model=$2 asked=$3 tokens=$4
    shift 4
    "$s2d" train --generate -m "$model" --system 'You are a helpful assistant.' --length 512 \
        --prompts "$folder/$asked.txt" -n "$tokens" -o "$folder/$name.jsonl" "$@"
}

# NAME TIMES ANSWERS ...: what exits score, the first of the vocabulary and what came up more often than that.
list() {
    name=$1 times=$2
    shift 2
    for answers; do jq -r '.messages[-1].content' "$folder/$answers.jsonl"; done |
        "$s2d" tokenize -m $base | tr ' ' '\n' | sort | uniq -c | awk -v whole=8192 -v times="$times" '
            BEGIN { for (i = 0; i < whole; i++) print i }
            $1 > times && $2 >= whole { print $2 }' > "$folder/$name.ids"
}

# NAME LIST 'ANSWERS ...' [OPTION ...]
learn() {
    out=$folder/$1.gguf ids=$folder/$2.ids from=$3
    shift 3
    for answers in $from; do set -- "$@" --data "$folder/$answers.jsonl"; done
    [ ! -e "$out.state" ] || set -- "$@" --resume
    "$s2d" train -m $base --system 'You are a helpful assistant.' --layers $layers --exits 6,12,18 \
        --list "$ids" --eval "$folder/held.jsonl" --epochs 3 -o "$out" "$@"
}

prompts first 1 2400
prompts varied 2401 3300
prompts held 1 3300 1
answer a0 $base first $first
answer a0 $base varied 400
answer held $target held 160
if [ $draft = smollm2 ]; then
    list list 1 a0
    learn smollm2 list a0 --every 700
    exit
fi
answer a1 $base varied 400 --temp 0.7 --seed 1
list first 1 a0 a1
learn first first 'a0 a1' --every 700

prompts some 1 1200
prompts more 3301 6579
prompts fewer 3301 4000
answer a2 $base some 256 --temp 0.7 --seed 1
answer a3 $base more 320
answer a4 $base fewer 320 --temp 0.7 --seed 1
list list 2 a0 a1 a2 a3 a4
learn coder list 'a2 a3 a4' --start "$folder/first.gguf" --rate 0.0004 --every 2000
