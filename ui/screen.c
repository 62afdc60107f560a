/* screen.c - see screen.h. */
#define _XOPEN_SOURCE_EXTENDED 1 /* wide characters in curses */
#include "ui/screen.h"
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

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

struct Screen {
    SCREEN *curses;
    int width, height;
    bool unicode, colours, italics;
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

/* Colour pair 1 + style; terminals with 8 colours get the nearest. */
static void set_colours(Screen *screen)
{
    const char *no_color = getenv("NO_COLOR");
    screen->colours = has_colors() && (no_color == NULL || no_color[0] == '\0');
    if (!screen->colours)
        return;
    start_color();
    short back = use_default_colors() == OK ? -1 : COLOR_BLACK,
          fore = back == -1 ? -1 : COLOR_WHITE;
    bool bright = COLORS >= 16;
    const short colours[STYLE_COUNT] = {
        [STYLE_TEXT] = fore,
        [STYLE_DIM] = fore,
        [STYLE_BORDER] = fore,
        [STYLE_TITLE] = COLOR_CYAN,
        [STYLE_GOOD] = COLOR_GREEN,
        [STYLE_BAD] = COLOR_RED,
        [STYLE_WARN] = COLOR_YELLOW,
        [STYLE_USER] = fore,
        [STYLE_LABEL] = COLOR_BLACK,
        [STYLE_FREE] = COLOR_CYAN,
        [STYLE_EXIT + 0] = COLOR_GREEN,
        [STYLE_EXIT + 1] = (short)(bright ? 12 : COLOR_BLUE),
        [STYLE_EXIT + 2] = COLOR_MAGENTA,
        [STYLE_EXIT + 3] = COLOR_YELLOW,
        [STYLE_EXIT + 4] = (short)(bright ? 14 : COLOR_CYAN),
        [STYLE_EXIT + 5] = (short)(bright ? 10 : COLOR_GREEN),
        [STYLE_EXIT + 6] = (short)(bright ? 13 : COLOR_MAGENTA),
        [STYLE_EXIT + 7] = (short)(bright ? 11 : COLOR_YELLOW),
    };
    for (short i = 0; i < STYLE_COUNT; i++)
        init_pair((short)(i + 1), colours[i], i == STYLE_LABEL ? COLOR_CYAN : back);
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

static void put_raw(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
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

int screen_open(Screen **out, Err *err)
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
    set_colours(screen);
    const char *italics = tigetstr("sitm");
    screen->italics = italics != NULL && italics != (const char *)-1;
    curses_modes();
    ask_size(screen);
    emergency_arm();
    put_raw(paste_on);
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

static attr_t attributes_of(const Screen *screen, int attr)
{
    int style = attr & 0xFF;
    attr_t on = A_NORMAL;
    if (style == STYLE_DIM || style == STYLE_BORDER)
        on |= A_DIM;
    if (attr & ATTR_BOLD)
        on |= A_BOLD;
    if (attr & ATTR_UNDERLINE)
        on |= A_UNDERLINE;
    if (attr & ATTR_ITALIC)
        on |= screen->italics ? A_ITALIC : A_UNDERLINE;
    if (attr & ATTR_REVERSE)
        on |= A_REVERSE;
    if (!screen->colours && (attr & ATTR_DRAFTED))
        on |= A_UNDERLINE;
    if (!screen->colours && style == STYLE_LABEL)
        on |= A_REVERSE;
    return on;
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
        short pair = screen->colours ? (short)((cell->attr & 0xFF) + 1) : 0;
        if (setcchar(&out, text, attributes_of(screen, cell->attr), pair, NULL) == OK)
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

void screen_suspend(Screen *screen)
{
    (void)screen;
    if (!emergency.on)
        return; /* given back already */
    put_raw(paste_off);
    curs_set(1);
    /* Some multiplexers mix the alternate screen's rows into the normal one after a resize. */
    erase();
    refresh();
    endwin();
    tcsetattr(STDIN_FILENO, TCSADRAIN, &emergency.before);
    emergency.on = 0;
}

void screen_resume(Screen *screen)
{
    tcgetattr(STDIN_FILENO, &emergency.before);
    reset_prog_mode();
    curses_modes();
    ask_size(screen);
    put_raw(paste_on);
    emergency.on = 1;
}
