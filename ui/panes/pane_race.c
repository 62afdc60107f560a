/* pane_race.c - this answer against plain decoding, which is where its measured speed would have
 * brought it in the same time, and the seconds saved.
 *
 * As long as no gain is known nothing is said. r hides it, and the ghost in the chat.
 */
#include "ui/panes/pane.h"

#include <math.h>
#include <stdio.h>

static int race_rows(const View *view, int columns)
{
    (void)columns;
    return view->race_off ? 0 : race_known(&view->race) ? 3 : 1;
}

static void draw_runner(Cells *cells, int y, Rect rect, const char *name, double tokens,
                        double most, double ms, int attr)
{
    char label[24], time[24];
    int left = snprintf(label, sizeof label, "%-5s %5.0f tok ", name, tokens);
    int right = snprintf(time, sizeof time, " %.1f s", ms / 1000);
    cells_print(cells, y, rect.x, left, STYLE_TEXT, "%s", label);
    if (rect.width > left + right && most > 0)
        cells_bar(cells, y, rect.x + left, rect.width - left - right, tokens / most, attr);
    cells_print(cells, y, rect.x + rect.width - right, right, STYLE_TEXT, "%s", time);
}

/* "saved 1.6 s", "lost 0.2 s" */
static int print_saved(char *out, size_t bytes, double ms)
{
    return snprintf(out, bytes, "%s %.1f s", ms >= 0 ? "saved" : "lost", fabs(ms) / 1000);
}

static void race_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    const Race *race = &view->race;
    char text[96] = "", chat[64];
    int answers, n = 0;
    double chat_ms = race_chat_ms(race, &answers);
    if (!race_known(race)) {
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "%s",
                    race_tokens(race) == 0                         ? "no round yet"
                    : race->leg.drafted + race->closed.drafted > 0 ? "no gain is known yet"
                                                                   : "nothing drafted yet");
    } else {
        double tokens = race_tokens(race), plain = floor(race_plain_tokens(race));
        double most = tokens > plain ? tokens : plain, ms = race_ms(race);
        draw_runner(cells, rect.y, rect, "s2d", tokens, most, ms, STYLE_GOOD);
        if (rect.height > 1)
            draw_runner(cells, rect.y + 1, rect, "plain", plain, most, ms, STYLE_DIM);
        n = print_saved(text, sizeof text, race_saved_ms(race));
    }
    if (answers > race_known(race)) { /* as a whole, or not */
        char more[96];
        print_saved(chat, sizeof chat, chat_ms);
        int wide =
            snprintf(more, sizeof more, "%sthis chat %s in %d", n > 0 ? "   " : "", chat, answers);
        if (n + wide <= rect.width || n == 0)
            snprintf(text + n, sizeof text - (size_t)n, "%s", more);
    }
    if (rect.height > 2)
        cells_print(cells, rect.y + 2, rect.x, rect.width, STYLE_TEXT | ATTR_BOLD, "%s", text);
}

static void race_title(const View *view, char *out, size_t bytes)
{
    const Race *race = &view->race;
    int n = snprintf(out, bytes, "RACE");
    if (!race_known(race))
        return;
    int ahead = race_tokens(race) - (int)floor(race_plain_tokens(race));
    snprintf(out + n, bytes - (size_t)n, "  %s by %d token%s  r hides",
             ahead >= 0 ? "ahead" : "behind", ahead >= 0 ? ahead : -ahead,
             ahead == 1 || ahead == -1 ? "" : "s");
}

const Pane pane_race = {
    .wish = {.place = PLACE_RIGHT, .rows = 3, .priority = 0},
    .rows = race_rows,
    .tab = "RACE",
    .title = race_title,
    .draw = race_draw,
};
