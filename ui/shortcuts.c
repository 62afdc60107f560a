/* shortcuts.c - see shortcuts.h. One more function key is a row of `shortcuts`. */
#include "ui/shortcuts.h"

#include <stdio.h>

typedef struct Shortcut {
    FunctionKey function;
    const char *label_off; /* label while speculation is off; NULL = the same */
    const char *also;      /* what else does it, for the help; NULL = nothing */
    ShortcutAction action;
} Shortcut;

/* Keys that others handle, for the help only: the line editor, ui_keys.c. */
typedef struct KeyHelp {
    const char *keys, *help;
} KeyHelp;

static const KeyHelp keys_before[] = {
    {"Enter", "send"},
    {"Alt-Enter, Ctrl-J", "new line"},
    {"Esc, Ctrl-C", "stop the answer; Ctrl-C twice when idle: quit"},
    {"Ctrl-R", "search what was typed before"},
    {"Tab", "complete commands, targets, files"},
    {"PgUp PgDn", "scroll the chat"},
    {"Shift-Tab", "move among panes; Esc or typing goes back"},
    {"Alt-1 ... Alt-9", "switch to that target"},
};

static const Shortcut shortcuts[] = {
    {{1, "Help", NULL}, .action = SHORTCUT_HELP},
    {{2, "Target", "choose the target"}, .action = SHORTCUT_TARGETS},
    {{6, "Plain", "speculation off and on"}, .label_off = "Spec", .action = SHORTCUT_SPEC},
    {{8, "Export", "export the chat"}, .action = SHORTCUT_EXPORT},
    {{9, "Sessions", "the chats there are: open, rename, delete"}, .action = SHORTCUT_SESSIONS},
    {{10, "Quit", "quit"}, .also = "Ctrl-D", .action = SHORTCUT_QUIT},
};

static const KeyHelp keys_after[] = {
    {"Ctrl-X 1 ... 0", "as F1 ... F10"},
    {"Ctrl-L, Ctrl-Z", "draw anew, suspend"},
};

enum {
    N_BEFORE = sizeof keys_before / sizeof *keys_before,
    N_SHORTCUTS = sizeof shortcuts / sizeof *shortcuts,
    N_AFTER = sizeof keys_after / sizeof *keys_after
};

static const Shortcut *find_shortcut(int number)
{
    for (int i = 0; i < N_SHORTCUTS; i++)
        if (shortcuts[i].function.number == number)
            return &shortcuts[i];
    return NULL;
}

/* The pane that a function key leads to; PANE_COUNT = none. */
static int find_pane(int number)
{
    int id = 0;
    while (id < PANE_COUNT && pane_get((PaneId)id)->function.number != number)
        id++;
    return id;
}

const FunctionKey *shortcut_key(int number)
{
    const Shortcut *shortcut = find_shortcut(number);
    int pane = find_pane(number);
    return shortcut != NULL    ? &shortcut->function
           : pane < PANE_COUNT ? &pane_get((PaneId)pane)->function
                               : NULL;
}

const char *shortcut_label(int number, const View *view)
{
    const FunctionKey *key = shortcut_key(number);
    const Shortcut *shortcut = find_shortcut(number);
    if (shortcut != NULL && shortcut->label_off != NULL && view->ready.spec == SPEC_OFF)
        return shortcut->label_off;
    return key != NULL ? key->label : NULL;
}

ShortcutAction shortcut_action(int number, PaneId *pane)
{
    const Shortcut *shortcut = find_shortcut(number);
    int id = find_pane(number);
    if (shortcut != NULL)
        return shortcut->action;
    *pane = (PaneId)id;
    return id < PANE_COUNT ? SHORTCUT_PANE : SHORTCUT_NONE;
}

static bool has_help(int number)
{
    const FunctionKey *key = shortcut_key(number);
    return key != NULL && key->help != NULL;
}

int shortcut_lines(void)
{
    int n = N_BEFORE + N_AFTER;
    for (int number = 1; number <= SHORTCUT_MOST; number++)
        n += has_help(number);
    return n;
}

static void print_line(const char *keys, const char *help, char *out, size_t bytes)
{
    snprintf(out, bytes, "  %-17s %s", keys, help);
}

void shortcut_line(int i, char *out, size_t bytes)
{
    int after = i - (shortcut_lines() - N_AFTER), number = 0;
    if (i < N_BEFORE) {
        print_line(keys_before[i].keys, keys_before[i].help, out, bytes);
        return;
    }
    if (after >= 0) {
        print_line(keys_after[after].keys, keys_after[after].help, out, bytes);
        return;
    }
    for (i -= N_BEFORE; i >= 0; i -= has_help(number))
        number++;
    const Shortcut *shortcut = find_shortcut(number);
    bool more = shortcut != NULL && shortcut->also != NULL;
    char keys[32];
    snprintf(keys, sizeof keys, "F%d%s%s", number, more ? ", " : "", more ? shortcut->also : "");
    print_line(keys, shortcut_key(number)->help, out, bytes);
}
