#!/bin/sh
# train.sh - how coder.gguf and smollm2.gguf were trained, from nothing but the base and prompts.txt.
#
#   make && ./s2d pull qwen2.5-coder-0.5b qwen2.5-coder-1.5b smollm2-135m
#   sh profiles/train.sh coder FOLDER
#
# The base answers the prompts, its exits learn from the answers. Of every fifty prompts the last is left
# out, to measure on: those a target answers. It may be stopped and started again: each step goes on
# where it was. Needs jq. What came of it: RESULTS.md, "The drafts".
set -eu
here=$(dirname "$0")
s2d=$here/../s2d
system='You are a helpful assistant.'
draft=$1
folder=$2
case $draft in
coder) base=qwen2.5-coder-0.5b target=qwen2.5-coder-1.5b layers=24 exits=6,12,18 first=256 drawn=yes ;;
smollm2) base=smollm2-135m target=smollm2-135m layers=18 exits=6,12,18 first=128 drawn=no ;;
*) echo "train.sh: \"$draft\" is neither coder nor smollm2" >&2; exit 64 ;;
esac
mkdir -p "$folder"

# A prompt's number is its line, so what is left out stays as an empty line.
awk 'NR % 50 && NR <= 2400 { print; next } { print "" }' "$here/prompts.txt" > "$folder/first.txt"
awk 'NR % 50 && NR > 2400 { print; next } { print "" }' "$here/prompts.txt" > "$folder/varied.txt"
awk 'NR % 50 == 0' "$here/prompts.txt" > "$folder/held.txt"
answer() {
    "$s2d" train --generate --system "$system" --length 512 "$@"
}
answer -m $base --prompts "$folder/first.txt" -n $first -o "$folder/a0.jsonl"
answer -m $base --prompts "$folder/varied.txt" -n 400 -o "$folder/a0.jsonl"
[ $drawn = no ] ||
    answer -m $base --prompts "$folder/varied.txt" -n 400 --temp 0.7 --seed 1 -o "$folder/a1.jsonl"
answer -m $target --prompts "$folder/held.txt" -n 160 -o "$folder/held.jsonl"

# What exits score: the first of the vocabulary, and what came up more than once.
cat "$folder"/a[01].jsonl | jq -r '.messages[-1].content' | "$s2d" tokenize -m $base | tr ' ' '\n' |
    sort | uniq -c | awk -v whole=8192 '
        BEGIN { for (i = 0; i < whole; i++) print i }
        $1 > 1 && $2 >= whole { print $2 }' > "$folder/list.ids"

set --
for answers in "$folder"/a[01].jsonl; do set -- "$@" --data "$answers"; done
[ ! -e "$folder/$draft.gguf.state" ] || set -- "$@" --resume
"$s2d" train -m $base "$@" --system "$system" --layers $layers --exits $exits --list "$folder/list.ids" \
    --eval "$folder/held.jsonl" --epochs 3 --every 700 -o "$folder/$draft.gguf"
