#!/bin/sh
# train.sh - how coder.gguf was trained, from nothing but the base and prompts.txt.
#
#   make && ./s2d pull qwen2.5-coder-0.5b qwen2.5-coder-1.5b && sh profiles/train.sh FOLDER
#
# The base answers the prompts, its exits learn from the answers. Of every fifty prompts the last is left
# out, to measure on: those the 1.5B target answers. It may be stopped and started again: each step goes on
# where it was. Needs jq. What came of it: RESULTS.md, "The drafts".
set -eu
folder=$1
here=$(dirname "$0")
s2d=$here/../s2d
base=qwen2.5-coder-0.5b
system='You are a helpful assistant.'
mkdir -p "$folder"

# A prompt's number is its line, so what is left out stays as an empty line.
awk 'NR % 50 && NR <= 2400 { print; next } { print "" }' "$here/prompts.txt" > "$folder/first.txt"
awk 'NR % 50 && NR > 2400 { print; next } { print "" }' "$here/prompts.txt" > "$folder/varied.txt"
awk 'NR % 50 == 0' "$here/prompts.txt" > "$folder/held.txt"
answer() {
    "$s2d" train --generate --system "$system" --length 512 "$@"
}
answer -m $base --prompts "$folder/first.txt" -n 256 -o "$folder/a0.jsonl"
answer -m $base --prompts "$folder/varied.txt" -n 400 -o "$folder/a0.jsonl"
answer -m $base --prompts "$folder/varied.txt" -n 400 --temp 0.7 --seed 1 -o "$folder/a1.jsonl"
answer -m qwen2.5-coder-1.5b --prompts "$folder/held.txt" -n 160 -o "$folder/held.jsonl"

# What exits score: the first of the vocabulary, and what came up more than once.
cat "$folder"/a[01].jsonl | jq -r '.messages[-1].content' | "$s2d" tokenize -m $base | tr ' ' '\n' |
    sort | uniq -c | awk -v whole=8192 '
        BEGIN { for (i = 0; i < whole; i++) print i }
        $1 > 1 && $2 >= whole { print $2 }' > "$folder/list.ids"

resume=
[ -e "$folder/coder.gguf.state" ] && resume=--resume
"$s2d" train -m $base --data "$folder/a0.jsonl" --data "$folder/a1.jsonl" --system "$system" \
    --exits 6,12,18 --list "$folder/list.ids" --eval "$folder/held.jsonl" --epochs 3 --every 700 \
    $resume -o "$folder/coder.gguf"
