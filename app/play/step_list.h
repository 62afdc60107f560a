/* step_list.h - the steps that a script may have, in the order in which the manual names them.
 *
 * One more is a line here and a function of its name in each of two tables: how a value of it is read
 * (script.c, read_<reader>) stands here; what it does with a recorded chat is timeline.c's
 * record_<name>, and with a live one app/demo/live.c's begin_<name> and is_over_<name>.
 */
#ifndef S2D_APP_PLAY_STEP_LIST_H
#define S2D_APP_PLAY_STEP_LIST_H

#define STEP_LIST(X)             \
    X(SAY, say, text)            \
    X(WAIT, wait, wait)          \
    X(SWITCH, switch, line)      \
    X(SET, set, line)            \
    X(AB, ab, line)              \
    X(HOLD, hold, seconds)       \
    X(CAPTION, caption, caption) \
    X(FOCUS, focus, pane)        \
    X(BROWSE, browse, count)

#endif
