/* keys.h - from the terminal's bytes to keys.
 *
 * In: bytes as read, cut anywhere. Out: one Key after another. Knows the sequences of xterm, vt220,
 * the Linux console, rxvt, screen and tmux for the keys below, and bracketed paste and the
 * mouse, in its old coding and xterm's newer one (1006); unknown sequences are swallowed whole,
 * answers of the terminal that nobody waits for any more among them (OSC). An Esc followed by
 * nothing for KEYS_ESC_MS is a key of its own, and
 * a paste whose end does not come ends after KEYS_PASTE_MS of silence, or with a Ctrl-C: the caller
 * keeps the time and says so. Source: ECMA-48, xterm's ctlseqs.
 */
#ifndef S2D_UI_KEYS_H
#define S2D_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    KEYS_ESC_MS = 50,
    KEYS_PASTE_MS = 5000, /* a paste that comes over a slow line may pause, but not for so long */
    KEYS_PASTE_BYTES = 1 << 20, /* of one paste kept; the rest is dropped */
};

typedef enum KeyCode {
    KB_TEXT, /* bytes: one character */
    KB_CTRL, /* bytes[0]: 0 … 31 or 127 */
    KB_ALT,  /* bytes: the character or control byte after Esc */
    KB_ESC,
    KB_PASTE, /* the text is in the parser: paste, paste_bytes */
    KB_UP,
    KB_DOWN,
    KB_RIGHT,
    KB_LEFT,
    KB_WORD_LEFT,
    KB_WORD_RIGHT,
    KB_HOME,
    KB_END,
    KB_PAGE_UP,
    KB_PAGE_DOWN,
    KB_DELETE,
    KB_BACKTAB,
    KB_FUNCTION, /* number: 1 … 12 */
    KB_GROUND,   /* no key: the terminal's background, number: 0xRRGGBB; -1 = it says no more */
    KB_WHEEL_UP,
    KB_WHEEL_DOWN,
    KB_CLICK, /* a button of the mouse went down */
} KeyCode;

typedef struct Key {
    KeyCode code;
    int number;
    int n;
    char bytes[8]; /* terminated */
} Key;

/* All zero is the start. */
typedef struct KeyParser {
    char *bytes; /* not parsed yet: [from … n) */
    size_t from, n, room;
    bool pasting;
    bool answering; /* the rest of an answer that was cut by silence is still to be swallowed */
    bool truncated; /* the paste was longer than what is kept */
    bool unended;   /* the paste's end did not come */
    char *paste;    /* valid until the next keys_next; newlines are "\n" */
    size_t paste_bytes, paste_room;
} KeyParser;

void keys_close(KeyParser *parser);
void keys_feed(KeyParser *parser, const char *bytes, size_t n);
/* The next key; false = none yet. timed_out: what has come so far is all there will be. */
bool keys_next(KeyParser *parser, Key *key, bool timed_out);
/* Whether among the bytes that wait is the terminal's answer to what it is: the last one it gives. */
bool keys_hold_answer(const KeyParser *parser);
/* Milliseconds of silence after which the caller says timed_out, because bytes wait for their rest,
 * or because the rest of a cut answer may still come and would be typing later; 0 = none do. */
int keys_wait_ms(const KeyParser *parser);

#endif
