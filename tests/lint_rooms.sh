#!/bin/sh
# lint_rooms.sh - every file in its room: which way includes and calls run, circles, guards.
# usage: lint_rooms.sh BUILD, from the project's root; BUILD holds the objects of its sources.
# One line for each fault; the status is 1 when there was any.
set -u
build=$1
log=$build/lint_rooms.txt

# The rooms, from the roof down. A file belongs to the longest name here that its path begins with.
# It may include, and call, what stands in its own room and in those further down; rooms of one line
# do not know each other.
rooms='
app/
app/demo/
app/chat/
app/tune/
app/train/
app/bench/
app/worker/
app/options
app/play/
app/protocol/
app/pull/
app/profile/ app/import/
app/commands.h
app/base/
ui/
engine/session/ engine/train/
engine/tune/
engine/draft/
engine/decode/
engine/cost/
engine/model/
engine/text/
engine/gguf/
engine/decode/event.h
kernels/kernels.c kernels/limits.c
kernels/train/
kernels/cuda/
kernels/cpu/
kernels/
kernels/common/
'
# Not all of them are folders. commands.h only names what the rooms of app offer to main. options.c
# makes a request of a command line. event.h is what the engine says of itself, in plain types: all
# of the engine speaks it. kernels.c and limits.c choose a backend, so they stand above the
# backends, while their headers are what the backends are written against.

# What a room may use of the others, where that is less than all that is below.
only='
ui/ engine/decode/event.h kernels/common/
'

# Headers without a guard: they are compiled once for each instruction set or type of number.
unguarded='
kernels/cpu/isa_amx.h kernels/cpu/isa_attention.h kernels/cpu/isa_by_type.h kernels/cpu/isa_dot.h
kernels/cpu/isa_limits.h kernels/cpu/isa_row.h
kernels/train/train_float.h kernels/train/train_rows.h
'

# Arrows that run up or close a circle, "FROM TO", still to be mended: none. A line that is not needed
# any more is a fault.
open='
'

sources=$(find app engine kernels ui tests -name '*.[ch]' -o -name '*.cu' -o -name '*.def' | sort)

{
    grep -n '^ *# *include "' $sources |
        sed 's/^\([^:]*\):\([0-9]*\):[^"]*"\([^"]*\)".*/include \1 \3 \2/'
    grep -n '^#ifndef S2D_[A-Z0-9_]*_H$' $sources | sed 's/^\([^:]*\):.*ifndef /guard \1 /'
    for source in $sources; do
        object=$build/${source%.c}.o
        echo "file $source"
        case $source in
        tests/*) ;;
        *.c) test -f "$object" && nm -g -P "$object" | sed "s|^|symbol $source |" ;;
        esac
    done
} >"$log"

awk -v rooms="$rooms" -v only="$only" -v unguarded="$unguarded" -v open="$open" '
# The room of a file by its name in `rooms`; "" = none.
function room_of(path,   room, best) {
    for (room in floor)
        if (index(path, room) == 1 && length(room) > length(best))
            best = room
    return best
}
function may_use(room, path,   n, names, i) {
    if (!(room in narrow))
        return 1
    n = split(narrow[room], names, " ")
    for (i = 1; i <= n; i++)
        if (index(path, names[i]) == 1)
            return 1
    return 0
}
# One file uses another: `how` says by what.
function arrow(from, to, how,   a, b) {
    if ((from, to) in is_open) {
        seen_open[from, to] = 1
        return
    }
    a = room_of(from)
    b = room_of(to)
    if (a == "" || b == "")
        print(how ": " (a == "" ? from : to) " is in no room")
    else if (a != b && floor[a] >= floor[b])
        print(how ": from " a " up to " b)
    else if (a != b && !may_use(a, to))
        print(how ": " a " may use no more than " narrow[a])
    if (from != to && !((from, to) in edge)) {
        edge[from, to] = how
        targets[from] = targets[from] " " to
    }
}
# Whether `from` leads to `to` along the arrows; been: where the search has been.
function leads(from, to, been,   n, next_ones, i) {
    if (from == to)
        return 1
    been[from] = 1
    n = split(targets[from], next_ones, " ")
    for (i = 1; i <= n; i++)
        if (!(next_ones[i] in been) && leads(next_ones[i], to, been))
            return 1
    return 0
}
function circles(   pair, at, been) {
    for (pair in edge) {
        split(pair, at, SUBSEP)
        split("", been)
        if (leads(at[2], at[1], been))
            print(edge[pair] ", and back again: a circle")
    }
}
BEGIN {
    n = split(rooms, line, "\n")
    for (i = 1; i <= n; i++) {
        m = split(line[i], name, " ")
        for (j = 1; j <= m; j++)
            floor[name[j]] = i
    }
    n = split(only, line, "\n")
    for (i = 1; i <= n; i++)
        if (split(line[i], name, " ") > 0)
            narrow[name[1]] = substr(line[i], length(name[1]) + 2)
    n = split(open, line, "\n")
    for (i = 1; i <= n; i++)
        if (split(line[i], name, " ") > 0)
            is_open[name[1], name[2]] = 1
    n = split(unguarded, name)
    for (i = 1; i <= n; i++)
        is_unguarded[name[i]] = 1
}
$1 == "file" { is_file[$2] = 1 }
$1 == "guard" && !($2 in guard) { guard[$2] = $3 }
$1 == "include" { include[++n_includes] = $2 " " $3 " " $4 }
$1 == "symbol" && $4 == "U" { need[$2, $3] = 1 }
$1 == "symbol" && $4 != "U" && !($3 in owner) { owner[$3] = $2 }
$1 == "symbol" && $4 != "U" && owner[$3] != $2 { owner[$3] = "" } # several: not known which
END {
    for (path in is_file) {
        expected = "S2D_" toupper(path)
        gsub(/[^A-Z0-9]/, "_", expected)
        if (path ~ /\.h$/ && guard[path] != (path in is_unguarded ? "" : expected))
            print(path ": its guard is not " (path in is_unguarded ? "left out" : expected))
    }
    for (i = 1; i <= n_includes; i++) {
        split(include[i], at, " ")
        if (!(at[2] in is_file))
            print(at[1] ":" at[3] ": there is no " at[2] "; paths start at the root of the project")
        else if (at[1] !~ /^tests\//)
            arrow(at[1], at[2], at[1] ":" at[3] ": includes " at[2])
    }
    for (pair in need) {
        any = 1
        split(pair, at, SUBSEP)
        if (owner[at[2]] != "" && owner[at[2]] != at[1])
            arrow(at[1], owner[at[2]], at[1] ": calls " at[2] " of " owner[at[2]])
    }
    if (!any)
        print("lint_rooms.sh: no objects to look into")
    circles()
    for (pair in is_open)
        if (!(pair in seen_open)) {
            split(pair, at, SUBSEP)
            print("lint_rooms.sh: " at[1] " does not use " at[2] " any more; take the line out")
        }
}' "$log" >"$log.faults" || exit 1
sort "$log.faults"
test ! -s "$log.faults"
