/* screen.c - see screen.h. */
#define _XOPEN_SOURCE_EXTENDED 1 /* wide characters in curses */
#include "ui/screen.h"

#include "ui/clip.h"
#include "ui/palette.h"
#include "ui/text.h" /* before term.h, which makes a macro of "columns" */

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "kernels/common/clock.h"

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l",
                  mouse_on[] = "\033[?1000h\033[?1006h", mouse_off[] = "\033[?1006l\033[?1000l";

struct Screen {
    SCREEN *curses;
    int width, height;
    bool unicode;
    Palette palette;
    bool asked, asks; /* for the ground, ever; and its answer may still come */
    double asked_ms;
    bool mouse;
    Cells shown; /* what curses has been told, row by row */
    bool all;    /* tell it everything again */
};

/* What a handler of a fatal signal needs: such a handler is given no pointer of ours. */
static struct {
    volatile sig_atomic_t on;
    struct termios before;
    size_t n;
    char bytes[160];
} emergency;

void screen_emergency(void)
{
    if (!emergency.on)
        return;
    emergency.on = 0;
    ssize_t ignored = write(STDOUT_FILENO, emergency.bytes, emergency.n);
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &emergency.before);
}

/* Appends a capability without its padding marks "$<5>". */
static void emergency_add(const char *text)
{
    if (text == NULL || text == (const char *)-1)
        return;
    for (; *text != '\0' && emergency.n < sizeof emergency.bytes; text++) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>') != NULL)
            text = strchr(text, '>');
        else
            emergency.bytes[emergency.n++] = *text;
    }
}

static void emergency_arm(void)
{
    emergency.n = 0;
    emergency_add(paste_off);
    emergency_add(mouse_off);
    emergency_add(tigetstr("sgr0"));
    emergency_add(tigetstr("cnorm"));
    emergency_add(tigetstr("rmcup"));
    emergency.on = 1;
}

/* In place of libc's: curses and readline ask it, so they measure as the cells do, and a character
 * that is newer than libc is drawn instead of a blank. */
int wcwidth(wchar_t ch)
{
    return ch == 0 ? 0 : text_char_width((uint32_t)ch);
}

enum { ANSWER_MS = 1000 }; /* after so long no answer of the terminal is on its way */

static void put_raw(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

/* Asks for the background, and then for what every terminal answers: so the end of waiting for the
 * first is known. The Linux console would show what it does not know. */
static void ask_ground(Screen *screen)
{
    const Palette *palette = &screen->palette;
    const char *term = getenv("TERM");
    bool matters = palette->wanted == THEME_DARK || palette->wanted == THEME_LIGHT ||
                   (palette->wanted == THEME_AUTO && !palette->no_color);
    if (palette->depth == 0 || !matters || screen->asked ||
        (term != NULL && strncmp(term, "linux", 5) == 0))
        return;
    put_raw("\033]11;?\033\\\033[c");
    screen->asked = screen->asks = true;
    screen->asked_ms = clock_ms();
}

void screen_set_theme(Screen *screen, ThemeChoice theme)
{
    palette_set(&screen->palette, theme, screen->palette.ground);
    screen->all = true;
    ask_ground(screen);
}

ThemeChoice screen_theme(const Screen *screen, ThemeChoice *shown)
{
    *shown = screen->palette.shown;
    return screen->palette.wanted;
}

bool screen_asks_ground(const Screen *screen)
{
    return screen->asks;
}

void screen_take_ground(Screen *screen, Ground ground)
{
    if (!ground.known) {
        screen->asks = false;
        return;
    }
    palette_set(&screen->palette, screen->palette.wanted, ground);
    screen->all = true;
}

static void curses_modes(void)
{
    raw();
    noecho();
    nonl();
    keypad(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    typeahead(-1); /* draw even while keys wait */
}

static void ask_size(Screen *screen)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm(size.ws_row, size.ws_col);
    getmaxyx(stdscr, screen->height, screen->width);
    screen->all = true;
}

/* newterm installs handlers of its own; the app's are to stay. NULL: errno is newterm's. */
static SCREEN *new_terminal(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    enum { N = sizeof signals / sizeof signals[0] };
    struct sigaction before[N];
    for (int i = 0; i < N; i++)
        sigaction(signals[i], NULL, &before[i]);
    errno = 0;
    SCREEN *curses = newterm(NULL, stdout, stdin);
    int why = errno;
    for (int i = 0; i < N; i++)
        sigaction(signals[i], &before[i], NULL);
    errno = why;
    return curses;
}

int screen_open(Screen **out, ThemeChoice theme, Err *err)
{
    *out = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
        tcgetattr(STDIN_FILENO, &emergency.before) != 0)
        return err_set(err, EXIT_USAGE,
                       "the screen needs a terminal on stdin and stdout; "
                       "use --plain here");
    Screen *screen = calloc(1, sizeof *screen);
    if (screen == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the screen");
    screen->curses = new_terminal();
    if (screen->curses == NULL) {
        free(screen);
        if (errno == ENOMEM)
            return err_set(err, EXIT_MEMORY, "no memory for the screen");
        return err_set(err, EXIT_USAGE,
                       "curses does not know this terminal type (see TERM); use --plain");
    }
    screen->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    palette_open(&screen->palette, theme);
    const char *italics = tigetstr("sitm");
    screen->palette.italics = italics != NULL && italics != (const char *)-1;
    curses_modes();
    ask_size(screen);
    emergency_arm();
    put_raw(paste_on);
    ask_ground(screen);
    *out = screen;
    return 0;
}

void screen_close(Screen *screen)
{
    if (screen == NULL)
        return;
    screen_suspend(screen);
    delscreen(screen->curses);
    cells_close(&screen->shown);
    free(screen);
}

void screen_size(const Screen *screen, int *width, int *height)
{
    *width = screen->width;
    *height = screen->height;
}

bool screen_unicode(const Screen *screen)
{
    return screen->unicode;
}

const char *screen_locale_note(const Screen *screen, char *out, size_t bytes)
{
    if (screen->unicode)
        return NULL;
    snprintf(out, bytes,
             "only ASCII can be shown and typed: the locale is %s and there is no C.UTF-8 here; "
             "install a UTF-8 locale and name it in LANG",
             setlocale(LC_CTYPE, NULL));
    return out;
}

static void paint_row(const Screen *screen, const Cells *cells, int y)
{
    for (int x = 0; x < cells->width; x++) {
        const Cell *cell = &cells->cells[y * cells->width + x];
        if (cell->width == 0 && screen->unicode)
            continue;
        wchar_t text[4] = {(wchar_t)cell->ch, (wchar_t)cell->marks[0], (wchar_t)cell->marks[1], 0};
        if (!screen->unicode && (cell->ch >= 0x80 || cell->width == 0)) {
            text[0] = '?';
            text[1] = 0;
        }
        cchar_t out;
        short pair;
        attr_t attributes = palette_attributes(&screen->palette, cell->attr, &pair);
        if (setcchar(&out, text, attributes, pair, NULL) == OK)
            mvadd_wch(y, x, &out);
    }
}

void screen_draw(Screen *screen, const Cells *cells)
{
    Cells *shown = &screen->shown;
    if (shown->width != cells->width || shown->height != cells->height) {
        cells_close(shown);
        if (cells_open(shown, cells->width, cells->height, cells->unicode) != 0)
            return;
        screen->all = true;
    }
    if (screen->all) {
        clearok(stdscr, TRUE);
        erase();
    }
    size_t row = (size_t)cells->width;
    for (int y = 0; y < cells->height; y++) {
        Cell *old = shown->cells + (size_t)y * row;
        const Cell *new = cells->cells + (size_t)y *row;
        if (!screen->all && memcmp(old, new, row * sizeof *new) == 0)
            continue;
        memcpy(old, new, row * sizeof *new);
        paint_row(screen, cells, y);
    }
    screen->all = false;
    bool cursor = cells->cursor_y >= 0 && cells->cursor_x >= 0;
    curs_set(cursor ? 1 : 0);
    if (cursor)
        move(cells->cursor_y, cells->cursor_x < cells->width ? cells->cursor_x : cells->width - 1);
    refresh();
}

void screen_redraw(Screen *screen)
{
    screen->all = true;
}

void screen_resize(Screen *screen)
{
    ask_size(screen);
}

void screen_mouse(Screen *screen, bool on)
{
    if (screen->mouse == on)
        return;
    screen->mouse = on;
    if (emergency.on)
        put_raw(on ? mouse_on : mouse_off);
}

int screen_copy(Screen *screen, const char *text, size_t bytes)
{
    (void)screen;
    if (!emergency.on || !isatty(STDOUT_FILENO))
        return -1;
    clip_write(stdout, text, bytes);
    return 0;
}

void screen_suspend(Screen *screen)
{
    if (!emergency.on)
        return; /* given back already */
    put_raw(paste_off);
    if (screen->mouse)
        put_raw(mouse_off);
    curs_set(1);
    /* Some multiplexers mix the alternate screen's rows into the normal one after a resize. */
    erase();
    refresh();
    endwin();
    /* An answer that the shell would take for typing goes, and what was typed with it. */
    bool answers = screen->asks && clock_ms() - screen->asked_ms < ANSWER_MS;
    tcsetattr(STDIN_FILENO, answers ? TCSAFLUSH : TCSADRAIN, &emergency.before);
    emergency.on = 0;
}

void screen_resume(Screen *screen)
{
    tcgetattr(STDIN_FILENO, &emergency.before);
    reset_prog_mode();
    curses_modes();
    ask_size(screen);
    put_raw(paste_on);
    if (screen->mouse)
        put_raw(mouse_on);
    emergency.on = 1;
}
