#!/bin/sh
# picture.sh - makes the README's picture anew, man/screen.svg: the screen of a chat of 100 columns,
# drawn from the recorded answer tests/golden/answer.jsonl as it stood after its 12th round.
# usage: picture.sh, from the project's root.
set -eu
picture=man/screen.svg
make -s build/tests/test_pictures >&2
trap 'rm -f "$picture.new"' EXIT
build/tests/test_pictures svg dark 100 30 12 >"$picture.new"
mv "$picture.new" "$picture"
