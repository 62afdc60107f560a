/* pane_list.h - the panes there are, in the order in which they stand and Shift-Tab visits them.
 *
 * One more pane is a line here and its file: PaneId PANE_<NAME>, and a Pane (pane.h) that is called
 * pane_<name> and says the rest: what it draws, its place and rows, its keys and their help.
 */
#ifndef S2D_UI_PANES_PANE_LIST_H
#define S2D_UI_PANES_PANE_LIST_H

#define PANE_LIST(X)          \
    X(CHAT, chat)             \
    X(TREE, tree)             \
    X(RACE, race)             \
    X(EXITS, exits)           \
    X(DEPTH, depth)           \
    X(SPEED, speed)           \
    X(THRESHOLDS, thresholds) \
    X(ROUNDS, rounds)

#define PANE_ID(NAME, name) PANE_##NAME,
typedef enum PaneId { PANE_LIST(PANE_ID) PANE_COUNT } PaneId;
#undef PANE_ID

#endif
