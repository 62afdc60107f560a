/* frame.h - one whole screen: View and Frame in, Cells out. No terminal, so tests draw it too.
 *
 * The Frame is what the Ui knows beside the View: focus, the input line, a notice, what lies over
 * the panes.
 */
#ifndef S2D_UI_FRAME_H
#define S2D_UI_FRAME_H

#include "ui/cells.h"
#include "ui/key_bindings.h"
#include "ui/pages/page_list.h"
#include "ui/play_bar.h"
#include "ui/view.h"

enum {
    FOCUS_INPUT = PANE_COUNT, /* beside the PaneIds */
    FOCUS_PAGE,
    INPUT_ROWS = 6,     /* most rows of the input line */
    FRAME_CHOICES = 64, /* most completions shown */
};

/* Those behind the log are lists. */
typedef enum Overlay {
    OVERLAY_NONE,
    OVERLAY_HELP,
    OVERLAY_LOG,
    OVERLAY_TARGETS,
    OVERLAY_SESSIONS
} Overlay;

typedef struct Frame {
    int focus;       /* a PaneId, FOCUS_INPUT or, where there is a page, FOCUS_PAGE */
    PageId page;     /* in place of chat and panes */
    PaneId front;    /* the pane that had the focus last: the tab shown when panes are tabs */
    unsigned hidden; /* bit 1 << PaneId: not to be seen */
    PaneId zoom;     /* the pane that has the room of all; PANE_CHAT = none */
    Overlay overlay;
    int choice;      /* of the list: the row */
    char filter[24]; /* of the list: only rows with this in them are seen; "" = all */
    bool deleting;   /* the row of the list is to be deleted: a yes is waited for */
    int help_top;
    const KeyBindings *keys; /* NULL = the keys are as they are */
    int log_up;              /* rows of the log below those shown */
    bool alone;              /* one pane has the whole window */
    PaneId only;             /* which */
    bool asking;             /* what is searched for is being typed, in place of the input */
    const char *commands;    /* help lines of the commands, may be NULL */
    const char *prompt;      /* "> " or what a search says */
    const char *line;        /* the text being edited */
    size_t line_bytes, point;
    char notice[160];
    char *choices[FRAME_CHOICES]; /* completions */
    int n_choices;
    PlayBar play; /* shown in place of the input line */
} Frame;

/* Draws into cells of any size, down to 1 x 1. */
void frame_draw(const Frame *frame, View *view, Cells *cells, Layout *layout);

#endif
