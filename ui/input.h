/* input.h - the line editor: readline without its terminal.
 *
 * In: keys as bytes. Out: the line being edited, for drawing, and finished lines. readline reads
 * from a queue of bytes, draws through a flag and touches neither terminal nor signals, so curses
 * keeps both. The person's inputrc is honoured. Source: the readline manual, "Alternate Interface";
 * ulfalizer/readline-and-ncurses.
 *
 * readline's state is the process's, so there is one Input at a time.
 */
#ifndef S2D_UI_INPUT_H
#define S2D_UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/ui.h"

enum {
    INPUT_BYTES = 1 << 20, /* longest line; readline grows it in small steps */
    HISTORY_LINES = 1000,
};

int input_open(const UiOptions *options, Err *err);
void input_close(void);

/* One key's bytes. */
void input_feed(const char *bytes, size_t n);
/* Text as it came; only NUL is left out, and what is no UTF-8 becomes U+FFFD. false = the line would
 * become too long, and nothing is inserted. */
bool input_insert(const char *text, size_t n);
/* The same for text that nobody typed: a line that begins with it is a message, whatever it looks
 * like. input_take() gives it as it would have to be typed, a leading slash doubled. */
bool input_paste(const char *text, size_t n);
void input_set(const char *text); /* pastes it into an empty line */
/* Another text in place of the line, typed or not as the line was; what is no UTF-8 becomes U+FFFD.
 * false = it is too long, and the line is as it was. */
bool input_replace(const char *text, size_t n);
void input_kill(void); /* the whole line; Ctrl-Y brings it back */
/* Moves the cursor a line up (-1) or down (1) in a text of several lines; false = there is none. */
bool input_vertical(int by);

const char *input_line(size_t *bytes, size_t *point);
const char *input_prompt(void);
bool input_searching(void); /* within Ctrl-R */
bool input_vi_insert(void); /* vi keys: Esc is a key of the editor */
char *input_take(void);     /* a finished line, the caller's to free; NULL = none */
bool input_unkept(void);    /* once: the history file does not take what is sent */
/* Candidates that the last key brought up, for display; *n = 0 = none. Valid until the next key. */
char *const *input_choices(int *n);

#endif
