/* stop.c - see stop.h. What is held is the longest end of the text that begins a stop string, as in
 * the automaton of Aho and Corasick (1975); with so few and short strings it is found by comparing.
 */
#include "engine/decode/stop.h"

#include <string.h>

int stops_add(Stops *stops, const char *text, const char *what, Err *err)
{
    for (int i = 0; i < stops->n; i++)
        if (strcmp(stops->text[i], text) == 0)
            return 0;
    if (*text == '\0')
        return err_set(err, EXIT_USAGE, "%s: a stop string has at least one character", what);
    if (strlen(text) >= STOP_BYTES)
        return err_set(err, EXIT_USAGE, "%s: a stop string has at most %d bytes, not %zu", what,
                       STOP_BYTES - 1, strlen(text));
    if (stops->n == STOPS_MAX)
        return err_set(err, EXIT_USAGE, "%s: there are %d stop strings already, the most there are",
                       what, STOPS_MAX);
    strcpy(stops->text[stops->n++], text);
    return 0;
}

/* Is this end of the text the beginning of a stop string, or all of one? */
static bool begins(const Stops *stops, const char *end, int n, bool whole)
{
    for (int i = 0; i < stops->n; i++)
        if (strncmp(stops->text[i], end, (size_t)n) == 0 && (!whole || stops->text[i][n] == '\0'))
            return true;
    return false;
}

int stop_take(StopScan *scan, char byte, char *out)
{
    if (scan->ended)
        return 0;
    char text[STOP_BYTES];
    int n = scan->n, from = 0;
    memcpy(text, scan->held, (size_t)n);
    text[n++] = byte; /* what was held is shorter than a stop string */
    while (from < n && !begins(scan->stops, text + from, n - from, true))
        from++;
    scan->ended = from < n;
    if (!scan->ended)
        for (from = 0; from < n && !begins(scan->stops, text + from, n - from, false); from++)
            ;
    memcpy(out, text, (size_t)from);
    scan->n = n - from;
    memcpy(scan->held, text + from, (size_t)scan->n);
    return from;
}
