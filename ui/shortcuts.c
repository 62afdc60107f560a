/* shortcuts.c - see shortcuts.h. One more function key is a row of `shortcuts`. */
#include "ui/shortcuts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

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
    {"PgUp PgDn, wheel", "scroll the chat"},
    {"Shift-Tab", "move among panes; Esc or typing goes back"},
    {"z, h", "in a pane: zoom it and back, hide it"},
    {"Space .", "in a pane: hold the screen and go on, a round further"},
    {"t r", "in CHAT and WHY: between round and words, the race"},
    {"Alt-1 ... Alt-9", "switch to that target"},
};

static const Shortcut shortcuts[] = {
    {{1, "Help", NULL}, .action = SHORTCUT_HELP},
    {{2, "Target", "choose the target"}, .action = SHORTCUT_TARGETS},
    {{5, "Tune", "tune: the page of thresholds, and back"}, .action = SHORTCUT_TUNE},
    {{6, "Plain", "speculation off and on"}, .label_off = "Spec", .action = SHORTCUT_SPEC},
    {{8, "Export", "export the chat"}, .action = SHORTCUT_EXPORT},
    {{9, "Sessions", "the chats there are: open, rename, delete"}, .action = SHORTCUT_SESSIONS},
    {{10, "Quit", "quit"}, .also = "Ctrl-D", .action = SHORTCUT_QUIT},
};

/* One character: after Ctrl-X, and in the chat pane alone. */
typedef struct CharKey {
    char after_prefix, in_chat; /* 0 = none */
    ShortcutAction action;
    const char *help;
} CharKey;

static const CharKey char_keys[] = {
    {'/', '/', SHORTCUT_SEARCH, "search the chat, upwards from what is shown"},
    {0, 'n', SHORTCUT_OLDER, "the next hit, further up"},
    {0, 'N', SHORTCUT_NEWER, "the hit before, further down"},
    {'y', 'y', SHORTCUT_COPY, "copy the code block in sight, else the answer"},
    {'Y', 'Y', SHORTCUT_COPY_ANSWER, "copy the answer in sight"},
    {'z', 'z', SHORTCUT_ALONE, "the chat alone, to select from; and back"},
    {'c', 'c', SHORTCUT_COLOURS, "colours by exit or of code"},
    {'f', 'f', SHORTCUT_FOLD, "fold thoughts to a line each; and back"},
    {'h', 0, SHORTCUT_PANES, "all panes away, or back"},
    {'l', 0, SHORTCUT_LOG, "log of what was said in passing"},
    {'E' & 31, 0, SHORTCUT_EDITOR, "the input in $VISUAL or $EDITOR"},
};

static const KeyHelp keys_after[] = {
    {"Shift-mouse", "select text; /set mouse off: without Shift"},
    {"Ctrl-X 1 ... 0", "as F1 ... F10"},
    {"Ctrl-L, Ctrl-Z", "draw anew, suspend"},
};

enum {
    N_BEFORE = sizeof keys_before / sizeof *keys_before,
    N_SHORTCUTS = sizeof shortcuts / sizeof *shortcuts,
    N_CHARS = sizeof char_keys / sizeof *char_keys,
    N_AFTER = sizeof keys_after / sizeof *keys_after
};

ShortcutAction shortcut_after_prefix(char ch)
{
    for (int i = 0; i < N_CHARS; i++)
        if (ch != '\0' && char_keys[i].after_prefix == ch)
            return char_keys[i].action;
    return SHORTCUT_NONE;
}

ShortcutAction shortcut_in_chat(char ch)
{
    for (int i = 0; i < N_CHARS; i++)
        if (ch != '\0' && char_keys[i].in_chat == ch)
            return char_keys[i].action;
    return SHORTCUT_NONE;
}

/* "Ctrl-X y, chat: y" */
static void char_key_name(const CharKey *key, char *out, size_t bytes)
{
    char ch = key->after_prefix;
    if (ch == '\0')
        snprintf(out, bytes, "chat: %c", key->in_chat);
    else if (ch < ' ')
        snprintf(out, bytes, "Ctrl-X Ctrl-%c", ch | 64);
    else if (key->in_chat == '\0')
        snprintf(out, bytes, "Ctrl-X %c", ch);
    else
        snprintf(out, bytes, "Ctrl-X %c, chat: %c", ch, key->in_chat);
}

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
    number = key_bindings_function(view->keys, number);
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
    int n = N_BEFORE + N_CHARS + N_AFTER;
    for (int number = 1; number <= SHORTCUT_MOST; number++)
        n += has_help(number);
    return n;
}

/* Keys and help of the i-th line. */
static const char *line_of(const KeyBindings *bound, int i, char *keys, size_t bytes)
{
    int after = i - (shortcut_lines() - N_AFTER), chars = after + N_CHARS, number = 0;
    if (i < N_BEFORE || after >= 0) {
        const KeyHelp *key = after >= 0 ? &keys_after[after] : &keys_before[i];
        snprintf(keys, bytes, "%s", key->keys);
        return key->help;
    }
    if (chars >= 0) {
        char_key_name(&char_keys[chars], keys, bytes);
        return char_keys[chars].help;
    }
    for (i -= N_BEFORE; i >= 0; i -= has_help(number))
        number++;
    const Shortcut *shortcut = find_shortcut(number);
    bool more = shortcut != NULL && shortcut->also != NULL;
    char name[BINDING_TEXT];
    key_bindings_text(bound, number, name);
    snprintf(keys, bytes, "%s%s%s", name, more && *name ? ", " : "",
             more    ? shortcut->also
             : *name ? ""
                     : "(no key)");
    return shortcut_key(number)->help;
}

void shortcut_line(const KeyBindings *bound, int i, char *out, size_t bytes)
{
    char keys[40];
    const char *help = line_of(bound, i, keys, sizeof keys);
    snprintf(out, bytes, "  %-17s %s", keys, help);
}

void shortcut_keys(int i, char *out, size_t bytes)
{
    line_of(NULL, i, out, bytes);
}

const char *shortcut_name(int number, char out[SHORTCUT_NAME])
{
    const FunctionKey *key = shortcut_key(number);
    snprintf(out, SHORTCUT_NAME, "%s", key != NULL ? key->label : "");
    for (char *c = out; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return out;
}

int shortcuts_check(const KeyBindings *keys, int *number, Err *err)
{
    char own[BINDING_TEXT], other[BINDING_TEXT], name[SHORTCUT_NAME];
    for (int i = 1; i <= SHORTCUT_MOST; i++)
        for (int k = 0; k < keys->n && shortcut_key(i) != NULL; k++) {
            *number = keys->list[k].shortcut;
            key_bindings_text(keys, i, own);
            key_bindings_text(keys, *number, other);
            if (i != *number && *own && strcmp(own, other) == 0)
                return err_set(err, EXIT_USAGE,
                               "%s is the key of \"%s\", which needs another one, or none", own,
                               shortcut_name(i, name));
        }
    return 0;
}
