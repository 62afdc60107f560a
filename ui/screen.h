/* screen.h - the terminal, through curses: takes it, shows Cells on it, gives it back as it was.
 *
 * In: Cells. Out: the least output that makes the terminal show them (curses does the difference).
 * Raw mode, no keypad translation (keys.h reads the bytes), bracketed paste on while it is ours.
 * Colours are a theme's (theme.h), as many as the terminal has. The terminal is asked for its
 * background (OSC 11), and how it answers is among the bytes that keys.h reads. No signal's
 * disposition is changed.
 */
#ifndef S2D_UI_SCREEN_H
#define S2D_UI_SCREEN_H

#include "kernels/common/err.h"
#include "ui/cells.h"
#include "ui/theme.h"

typedef struct Screen Screen;

/* Also sets LC_CTYPE from the environment. */
int screen_open(Screen **screen, ThemeChoice theme, Err *err);
void screen_close(Screen *screen);
void screen_size(const Screen *screen, int *width, int *height);
bool screen_unicode(const Screen *screen);
/* Why there are only ASCII characters; NULL = there are others. */
const char *screen_locale_note(const Screen *screen, char *out, size_t bytes);
/* Another theme, from the next draw on. */
void screen_set_theme(Screen *screen, ThemeChoice theme);
/* The one that is wanted, and the one that is shown. */
ThemeChoice screen_theme(const Screen *screen, ThemeChoice *shown);
/* true = the terminal was asked for its background; it answers, if at all, among the keys. */
bool screen_asks_ground(const Screen *screen);
/* What it answered; not known: that it will not. */
void screen_take_ground(Screen *screen, Ground ground);
void screen_draw(Screen *screen, const Cells *cells);
void screen_redraw(Screen *screen); /* all of it at the next draw */
void screen_resize(Screen *screen); /* asks the terminal for its size */
void screen_suspend(Screen *screen);
void screen_resume(Screen *screen);
/* The mouse's wheel and buttons come as keys, or are the terminal's own; off at first. */
void screen_mouse(Screen *screen, bool on);
/* Puts text on the clipboard of the terminal, where it has one and lets programs write to it
 * (OSC 52). -1 = it is not ours now. */
int screen_copy(Screen *screen, const char *text, size_t bytes);
void screen_emergency(void); /* async-signal-safe; see ui.h */

#endif
