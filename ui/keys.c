/* keys.c - see keys.h. */
#include "ui/keys.h"

#include <stdlib.h>
#include <string.h>

#include "ui/keys_answer.h"
#include "ui/text.h"

static const char paste_end[] = "\033[201~";

void keys_close(KeyParser *parser)
{
    free(parser->bytes);
    free(parser->paste);
    *parser = (KeyParser){0};
}

void keys_feed(KeyParser *parser, const char *bytes, size_t n)
{
    if (parser->from > 0) {
        parser->n -= parser->from;
        memmove(parser->bytes, parser->bytes + parser->from, parser->n);
        parser->from = 0;
    }
    if (parser->n + n > parser->room) {
        size_t room = (parser->n + n) * 2;
        char *grown = realloc(parser->bytes, room);
        if (grown == NULL)
            return;
        parser->bytes = grown;
        parser->room = room;
    }
    memcpy(parser->bytes + parser->n, bytes, n);
    parser->n += n;
}

int keys_wait_ms(const KeyParser *parser)
{
    if (parser->from < parser->n && !parser->pasting)
        return KEYS_ESC_MS;
    return parser->pasting || parser->answering ? KEYS_PASTE_MS : 0;
}

/* The key of a sequence "ESC [ parameters final", by its final byte and first two parameters. */
static bool csi_key(Key *key, char final, int first, int modifier)
{
    static const struct {
        char final;
        KeyCode code;
        int number;
    } by_final[] = {
        {'A', KB_UP, 0},       {'B', KB_DOWN, 0},     {'C', KB_RIGHT, 0},    {'D', KB_LEFT, 0},
        {'H', KB_HOME, 0},     {'F', KB_END, 0},      {'Z', KB_BACKTAB, 0},  {'P', KB_FUNCTION, 1},
        {'Q', KB_FUNCTION, 2}, {'R', KB_FUNCTION, 3}, {'S', KB_FUNCTION, 4},
    };
    static const struct {
        int first;
        KeyCode code;
        int number;
    } by_number[] = {
        {1, KB_HOME, 0},       {3, KB_DELETE, 0},     {4, KB_END, 0},        {5, KB_PAGE_UP, 0},
        {6, KB_PAGE_DOWN, 0},  {7, KB_HOME, 0},       {8, KB_END, 0},        {11, KB_FUNCTION, 1},
        {12, KB_FUNCTION, 2},  {13, KB_FUNCTION, 3},  {14, KB_FUNCTION, 4},  {15, KB_FUNCTION, 5},
        {17, KB_FUNCTION, 6},  {18, KB_FUNCTION, 7},  {19, KB_FUNCTION, 8},  {20, KB_FUNCTION, 9},
        {21, KB_FUNCTION, 10}, {23, KB_FUNCTION, 11}, {24, KB_FUNCTION, 12},
    };
    if (final == '~') {
        for (size_t i = 0; i < sizeof by_number / sizeof by_number[0]; i++)
            if (by_number[i].first == first) {
                key->code = by_number[i].code;
                key->number = by_number[i].number;
                return true;
            }
        return false;
    }
    for (size_t i = 0; i < sizeof by_final / sizeof by_final[0]; i++)
        if (by_final[i].final == final) {
            key->code = by_final[i].code;
            key->number = by_final[i].number;
            if (modifier > 1 && key->code == KB_LEFT)
                key->code = KB_WORD_LEFT;
            if (modifier > 1 && key->code == KB_RIGHT)
                key->code = KB_WORD_RIGHT;
            return true;
        }
    return false;
}

/* What the mouse says it did: bits 0 and 1 are the button, 6 makes it the wheel, 5 a movement. */
static Parsed mouse_key(Key *key, int button, bool pressed)
{
    enum { MOVES = 32, WHEEL = 64, OTHERS = 128, WHEEL_SIDES = 2, NO_BUTTON = 3 };
    if (!pressed || (button & (MOVES | OTHERS)) ||
        (button & WHEEL ? (button & WHEEL_SIDES) != 0 : (button & NO_BUTTON) == NO_BUTTON))
        return PARSED_NOTHING;
    key->code = !(button & WHEEL) ? KB_CLICK : button & 1 ? KB_WHEEL_DOWN : KB_WHEEL_UP;
    return PARSED_KEY;
}

/* s begins with "ESC ["; *used = bytes of the whole sequence. */
static Parsed parse_csi(KeyParser *parser, const char *s, size_t n, Key *key, size_t *used)
{
    if (n >= 3 && s[2] == '[') { /* the Linux console's F1 … F5 */
        if (n < 4)
            return PARSED_CUT;
        *used = 4;
        key->code = KB_FUNCTION;
        key->number = s[3] - 'A' + 1;
        return s[3] >= 'A' && s[3] <= 'E' ? PARSED_KEY : PARSED_NOTHING;
    }
    if (n >= 3 && s[2] == 'M') { /* the mouse, in its old coding: three bytes follow */
        *used = 6;
        return n < 6 ? PARSED_CUT : mouse_key(key, (unsigned char)s[3] - ' ', true);
    }
    int params[2] = {0, 0}, n_params = 0;
    for (size_t i = 2; i < n && i < SEQUENCE_BYTES; i++) {
        char ch = s[i];
        if (ch >= '0' && ch <= '9' && n_params < 2 && params[n_params] < 1000)
            params[n_params] = params[n_params] * 10 + ch - '0';
        else if (ch == ';')
            n_params++;
        else if (ch >= 0x40 && ch <= 0x7E) {
            *used = i + 1;
            if (ch == '~' && params[0] == 200) {
                parser->pasting = true;
                parser->truncated = parser->unended = false;
                parser->paste_bytes = 0;
                return PARSED_NOTHING;
            }
            if (ch == 'c' && s[2] == '?') { /* what it is: the last thing that it was asked */
                key->code = KB_GROUND;
                key->number = -1;
                return PARSED_KEY;
            }
            if (s[2] == '<')
                return ch == 'M' || ch == 'm' ? mouse_key(key, params[0], ch == 'M')
                                              : PARSED_NOTHING;
            return csi_key(key, ch, params[0], params[1]) ? PARSED_KEY : PARSED_NOTHING;
        } else if (ch < 0x20 || ch > 0x3F) { /* no sequence after all */
            *used = i;
            return PARSED_NOTHING;
        }
    }
    *used = SEQUENCE_BYTES;
    return n < SEQUENCE_BYTES ? PARSED_CUT : PARSED_NOTHING;
}

/* A character or control byte at s. */
static Parsed parse_char(const char *s, size_t n, Key *key, size_t *used)
{
    unsigned char lead = (unsigned char)s[0];
    size_t need = lead > 0xF4 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    if (n < need) {
        *used = n;
        return PARSED_CUT;
    }
    uint32_t ch;
    *used = text_decode(s, n, &ch);
    key->code = lead < 0x20 || lead == 0x7F ? KB_CTRL : KB_TEXT;
    key->n = (int)*used;
    memcpy(key->bytes, s, *used);
    /* Bytes that are no UTF-8 are no text. */
    bool valid = ch != TEXT_REPLACEMENT || *used == 3;
    return valid && (ch < 0x80 || ch >= 0xA0) ? PARSED_KEY : PARSED_NOTHING;
}

static Parsed parse_one(KeyParser *parser, const char *s, size_t n, Key *key, size_t *used,
                        bool timed_out)
{
    if (s[0] != '\033')
        return parse_char(s, n, key, used);
    if (n == 1 || s[1] == '\033') {
        *used = 1;
        key->code = KB_ESC;
        return n == 1 && !timed_out ? PARSED_CUT : PARSED_KEY;
    }
    if (s[1] == '[' && (n > 2 || !timed_out))
        return parse_csi(parser, s, n, key, used);
    if (s[1] == ']' && n == 2 && !timed_out)
        return PARSED_CUT;
    if (s[1] == ']' && n > 2 && s[2] >= '0' && s[2] <= '9')
        return keys_parse_answer(parser, s, n, key, used, timed_out);
    if (s[1] == 'O' && (n > 2 || !timed_out)) {
        if (n == 2)
            return PARSED_CUT;
        *used = 3;
        return csi_key(key, s[2], 0, 0) ? PARSED_KEY : PARSED_NOTHING;
    }
    Parsed parsed = parse_char(s + 1, n - 1, key, used);
    ++*used;
    key->code = KB_ALT;
    return parsed;
}

static void paste_byte(KeyParser *parser, char byte)
{
    if (parser->paste_bytes >= KEYS_PASTE_BYTES) {
        parser->truncated = true;
        return;
    }
    if (parser->paste_bytes + 2 > parser->paste_room) {
        size_t room = parser->paste_room > 0 ? parser->paste_room * 2 : 4096;
        char *grown = realloc(parser->paste, room);
        if (grown == NULL) {
            parser->truncated = true;
            return;
        }
        parser->paste = grown;
        parser->paste_room = room;
    }
    parser->paste[parser->paste_bytes++] = byte;
    parser->paste[parser->paste_bytes] = '\0';
}

/* Moves pasted bytes over; true when the end was among them, or will not come. Terminals send
 * newlines as "\r". */
static bool take_paste(KeyParser *parser, bool timed_out)
{
    const size_t end = sizeof paste_end - 1;
    while (parser->from < parser->n) {
        const char *s = parser->bytes + parser->from;
        size_t left = parser->n - parser->from;
        if (s[0] == '\033' && memcmp(s, paste_end, left < end ? left : end) == 0) {
            if (left < end && !timed_out)
                return false;
            parser->unended = left < end;
            parser->from += left < end ? left : end;
            parser->pasting = false;
            return true;
        }
        if (s[0] == '\r' && left == 1 && !timed_out)
            return false;                      /* a "\n" that belongs to it may follow */
        if (s[0] == ('C' & 31) && left == 1) { /* by itself: pressed, not pasted */
            parser->from++;
            timed_out = true;
            break;
        }
        if (s[0] == '\r')
            paste_byte(parser, '\n');
        if (s[0] == '\r' && left > 1 && s[1] == '\n')
            parser->from++;
        else if (s[0] != '\r')
            paste_byte(parser, s[0]);
        parser->from++;
    }
    parser->pasting = !timed_out;
    parser->unended = timed_out;
    return timed_out;
}

bool keys_next(KeyParser *parser, Key *key, bool timed_out)
{
    if (timed_out && parser->from == parser->n)
        parser->answering = false; /* nothing has come for long */
    for (;;) {
        *key = (Key){0};
        if (parser->pasting) {
            if (!take_paste(parser, timed_out))
                return false;
            key->code = KB_PASTE;
            return parser->paste_bytes > 0 || parser->unended || keys_next(parser, key, timed_out);
        }
        if (keys_take_answer(parser, timed_out))
            return false;
        size_t used = 1;
        Parsed parsed = parse_one(parser, parser->bytes + parser->from, parser->n - parser->from,
                                  key, &used, timed_out);
        if (parsed == PARSED_CUT && !timed_out)
            return false;
        if (used > parser->n - parser->from)
            used = parser->n - parser->from;
        parser->from += used;
        if (parsed == PARSED_KEY)
            return true;
    }
}
