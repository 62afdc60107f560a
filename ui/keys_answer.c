/* keys_answer.c - see keys_answer.h. Source: xterm's ctlseqs, OSC 11 and DA1. */
#include "ui/keys_answer.h"

#include <string.h>

#include "ui/theme.h"

bool keys_hold_answer(const KeyParser *parser)
{
    for (size_t i = parser->from; i + 3 < parser->n; i++) {
        if (memcmp(parser->bytes + i, "\033[?", 3) != 0)
            continue;
        for (i += 3; i < parser->n && strchr("0123456789;", parser->bytes[i]); i++)
            ;
        if (i < parser->n && parser->bytes[i] == 'c')
            return true;
    }
    return false;
}

Parsed keys_parse_answer(KeyParser *parser, const char *s, size_t n, Key *key, size_t *used,
                         bool timed_out)
{
    size_t end = 2;
    while (end < n && end < SEQUENCE_BYTES && s[end] >= 0x20 && s[end] <= 0x7E)
        end++;
    bool cut = end == n || (s[end] == '\033' && end + 1 == n);
    if (cut && !timed_out && end < SEQUENCE_BYTES)
        return PARSED_CUT;
    parser->answering = cut || end == SEQUENCE_BYTES;
    *used = end;
    if (end < n && s[end] == '\a')
        *used = end + 1;
    else if (end + 1 < n && s[end] == '\033' && s[end + 1] == '\\')
        *used = end + 2;
    if (parser->answering || end < 5 || memcmp(s + 2, "11;", 3) != 0)
        return PARSED_NOTHING;
    Ground ground = ground_of_answer(s + 5, (int)end - 5);
    key->code = KB_GROUND;
    key->number = (int)ground.rgb;
    return ground.known ? PARSED_KEY : PARSED_NOTHING;
}

bool keys_take_answer(KeyParser *parser, bool timed_out)
{
    while (parser->answering && parser->from < parser->n) {
        const char *s = parser->bytes + parser->from;
        size_t left = parser->n - parser->from;
        if (s[0] == '\033' && left == 1 && !timed_out)
            return true;
        bool ends = s[0] == '\a' || (s[0] == '\033' && left > 1 && s[1] == '\\');
        parser->answering = !ends && s[0] != '\0' && strchr("0123456789abcdefABCDEF/:rg;", s[0]);
        if (parser->answering || ends)
            parser->from += s[0] == '\033' ? 2 : 1;
    }
    return parser->from == parser->n;
}
