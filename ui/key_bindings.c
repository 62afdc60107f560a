/* key_bindings.c - see key_bindings.h. */
#include "ui/key_bindings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Ctrl and these are a terminal's own bytes, or what ends, stops or sends. */
static const char kept[] = "cdhijlmxz";

static int parse(KeyBinding *binding, const char *key, Err *err)
{
    char *end;
    if (strcasecmp(key, "none") == 0) {
        binding->code = KB_ESC;
        return 0;
    }
    if ((key[0] == 'F' || key[0] == 'f') && isdigit((unsigned char)key[1])) {
        long number = strtol(key + 1, &end, 10);
        if (*end == '\0' && number >= 1 && number <= 12) {
            binding->code = KB_FUNCTION;
            binding->number = (int)number;
            return 0;
        }
    }
    bool ctrl = strncasecmp(key, "ctrl-", 5) == 0, alt = strncasecmp(key, "alt-", 4) == 0;
    const char *letter = key + (ctrl ? 5 : 4);
    if ((!ctrl && !alt) || !isalpha((unsigned char)letter[0]) || letter[1] != '\0')
        return err_set(err, EXIT_USAGE,
                       "\"%.20s\" is no key such as F3, Ctrl-T or Alt-t, nor \"none\"", key);
    binding->code = ctrl ? KB_CTRL : KB_ALT;
    binding->letter = (char)tolower((unsigned char)letter[0]);
    if (ctrl && strchr(kept, binding->letter))
        return err_set(err, EXIT_USAGE, "Ctrl-%c keeps what it does; take another key",
                       toupper((unsigned char)binding->letter));
    return 0;
}

static bool same_key(const KeyBinding *a, const KeyBinding *b)
{
    return a->code == b->code && a->number == b->number && a->letter == b->letter &&
           a->code != KB_ESC;
}

int key_bindings_add(KeyBindings *bindings, int shortcut, const char *key, Err *err)
{
    KeyBinding binding = {.shortcut = shortcut};
    if (parse(&binding, key, err) != 0)
        return -1;
    for (int i = 0; i < bindings->n; i++)
        if (same_key(&bindings->list[i], &binding))
            return err_set(err, EXIT_USAGE, "%.20s is given to another one as well", key);
    if (bindings->n == BINDINGS_MAX)
        return err_set(err, EXIT_USAGE, "there are more keys than shortcuts");
    bindings->list[bindings->n++] = binding;
    return 0;
}

static const KeyBinding *binding_of(const KeyBindings *bindings, int shortcut)
{
    for (int i = 0; bindings && i < bindings->n; i++)
        if (bindings->list[i].shortcut == shortcut)
            return &bindings->list[i];
    return NULL;
}

int key_bindings_find(const KeyBindings *bindings, const Key *key)
{
    KeyBinding wanted = {.code = key->code};
    if (key->code == KB_FUNCTION)
        wanted.number = key->number;
    else if (key->code == KB_CTRL && key->bytes[0] >= 1 && key->bytes[0] <= 26)
        wanted.letter = (char)('a' + key->bytes[0] - 1);
    else if (key->code == KB_ALT && key->n == 1)
        wanted.letter = key->bytes[0];
    else
        return 0;
    for (int i = 0; bindings && i < bindings->n; i++)
        if (same_key(&bindings->list[i], &wanted))
            return bindings->list[i].shortcut;
    return key->code == KB_FUNCTION && !binding_of(bindings, key->number) ? key->number : 0;
}

int key_bindings_function(const KeyBindings *bindings, int number)
{
    return key_bindings_find(bindings, &(Key){.code = KB_FUNCTION, .number = number});
}

const char *key_bindings_text(const KeyBindings *bindings, int shortcut, char text[BINDING_TEXT])
{
    const KeyBinding *binding = binding_of(bindings, shortcut);
    int number = binding ? binding->number : shortcut;
    text[0] = '\0';
    if (binding && binding->code == KB_CTRL)
        snprintf(text, BINDING_TEXT, "Ctrl-%c", toupper((unsigned char)binding->letter));
    else if (binding && binding->code == KB_ALT)
        snprintf(text, BINDING_TEXT, "Alt-%c", binding->letter);
    else if (!binding || binding->code == KB_FUNCTION)
        snprintf(text, BINDING_TEXT, "F%d", number);
    return text;
}
