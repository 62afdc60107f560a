/* page_tune.c - tuning with evidence: how right each exit was when it was so sure, what a step would
 * bring, and how fast every setting was that was tried.
 *
 * Above a row for each exit; of the selected one, and of others where there is room, what left there by
 * stated confidence, under the very slider that it judges. Below a row for each setting with its
 * interval, what automatic thresholds did, and what is kept. The rows of settings are table_draw's.
 */
#include "ui/pages/page_tune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/sliders.h"

/* ---- below the table ---- */

/* ".70 .80 1.0" */
static void values(const float *thresholds, int n, char *out, size_t bytes)
{
    char text[8];
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < n && used < bytes; i++)
        used += (size_t)snprintf(out + used, bytes - used, "%s%s", i > 0 ? " " : "",
                                 pane_fraction((double)thresholds[i], text));
}

static bool same_values(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (fabsf(a[i] - b[i]) >= 0.005f)
            return false;
    return true;
}

/* What automatic thresholds did last, and why. */
static void draw_search(const View *view, Cells *cells, int y, int width)
{
    const EventForecast *s = &view->found;
    char line[256], from[8], to[8], exit[12];
    int n = snprintf(line, sizeof line, "auto: %s", view->ready.auto_thresholds ? "on" : "off");
    if (!s->searched || s->speed <= 0) {
        cells_print(cells, y, 1, width - 1, STYLE_DIM, "%s%s", line,
                    view->ready.auto_thresholds ? ", nothing searched yet" : "");
        return;
    }
    double percent = 100 * ((double)s->best_speed / (double)s->speed - 1);
    n += snprintf(line + n, sizeof line - (size_t)n, "   round %d: ", view->found_round);
    int left = 0;
    char why[80];
    snprintf(why, sizeof why,
             s->moved ? ": forecast %+.1f %%, %d tokens" : "%+.1f %%, %d tokens: stays", percent,
             s->places);
    if (!s->moved) {
        cells_print(cells, y, 1, width - 1, STYLE_TEXT, "%sbest found %s", line, why);
        return;
    }
    for (int i = 0; i < s->n_exits; i++) {
        char change[48];
        if (fabsf(s->best[i] - s->thresholds[i]) < 0.005f)
            continue;
        snprintf(
            change, sizeof change, "%s %s > %s  ", pane_exit_name(view, view->ready.exits[i], exit),
            pane_fraction((double)s->thresholds[i], from), pane_fraction((double)s->best[i], to));
        if (left > 0 || n + (int)strlen(change) + (int)strlen(why) + 8 > width)
            left++; /* whole changes are left out, and counted */
        else
            n += snprintf(line + n, sizeof line - (size_t)n, "%s", change);
    }
    while (n > 0 && line[n - 1] == ' ')
        line[--n] = '\0';
    if (left > 0)
        n += snprintf(line + n, sizeof line - (size_t)n, " +%d more", left);
    cells_print(cells, y, 1, width - 1, STYLE_TEXT, "%s%s", line, why);
}

/* Whole facts, as far as they fit. */
static void draw_kept(const View *view, Cells *cells, int y, int width)
{
    const EventReady *ready = &view->ready;
    int n = ready->n_exits, x = 1;
    char text[64], fact[96];
    for (int i = 0; i < 3; i++) {
        bool tuned = i == 0, has = (tuned ? ready->n_tuned : ready->n_profile) == n;
        const float *of = tuned ? ready->tuned_thresholds : ready->profile_thresholds;
        values(of, n, text, sizeof text);
        if (i == 2)
            snprintf(fact, sizeof fact, "u undoes %d", view->n_before);
        else
            snprintf(fact, sizeof fact, "%s %s", tuned ? "tuned file:" : "profile:",
                     !has                               ? "none"
                     : same_values(of, view->wanted, n) ? "these"
                                                        : text);
        int need = (int)strlen(fact);
        if (x + need > width)
            continue;
        x += cells_print(cells, y, x, width - x, STYLE_DIM, "%s", fact) + 3;
    }
}

/* ---- the page ---- */

static void tune_draw(View *view, Cells *cells, Rect rect)
{
    enum { TABLE_LEAST = 3, EXTRA = 3 }; /* rule, heads and one row; speeds, search, what is kept */
    int n = view->ready.n_exits, bottom = rect.y + rect.height;
    int wanted = table_rows(view), y = rect.y;
    if (n == 0)
        cells_print(cells, y++, 1, rect.width - 1, STYLE_DIM, "this drafter has no exits");
    int tops = n > 0 ? n + 1 : 1; /* with the heads */
    int extra = rect.height - tops - TABLE_LEAST;
    extra = extra < 0 ? 0 : extra > EXTRA ? EXTRA : extra;
    int table = wanted < 3 ? wanted : 3, left = rect.height - tops - 2 - table - extra;
    int details = left > 0 ? left / EXIT_DETAIL_ROWS : 0;
    if (n > 0)
        exit_heads(view, cells, (Rect){y++, 0, 1, rect.width});
    for (int i = 0; i < n && y < bottom; i++) {
        exit_slider(view, cells, y++, rect, i);
        /* The selected one first, then the shallower of the others. */
        int before = i < view->slider ? i + 1 : i;
        if ((i == view->slider ? 0 : before) < details && y + EXIT_DETAIL_ROWS <= bottom) {
            exit_detail(view, cells, y, rect, i);
            y += EXIT_DETAIL_ROWS;
        }
    }
    int rows = bottom - y - extra;
    if (rows >= 2)
        y += table_draw(view, cells, (Rect){y, 0, rows, rect.width});
    if (extra > 0)
        table_history(view, cells, y++, rect.width);
    if (extra > 1)
        draw_search(view, cells, y++, rect.width);
    if (extra > 2)
        draw_kept(view, cells, y, rect.width);
}

static void tune_title(const View *view, int columns, char *out, size_t bytes)
{
    static const char *const keys[] = {
        "[ ] .05   { } .01   0-9 type   a auto   u undo   r profile's   s keep   b A/B   F5 chat",
        "[] .05 {} .01 0-9 type  a auto  u undo  r reset  s keep  b A/B  F5 chat",
        "[] {} 0-9 a auto u undo r reset s keep b A/B",
        "[] {} 0-9 a u r s b",
    };
    enum { FORMS = sizeof keys / sizeof *keys };
    int form = 0;
    while (form < FORMS - 1 && (int)strlen(keys[form]) + 7 > columns)
        form++;
    snprintf(out, bytes, "TUNE  %s%s", view->adjusted ? "!" : "", keys[form]);
}

static void say(PageNotice *notice, const char *text)
{
    snprintf(notice->text, sizeof notice->text, "%s", text);
}

/* What acts against what acted before the last change, or against plain decoding: a line for the app,
 * as if it had been typed. */
static void compare(const View *view, UiAction *action)
{
    char line[256];
    size_t n = (size_t)snprintf(line, sizeof line, "/ab now ");
    if (view->n_before == 0)
        snprintf(line + n, sizeof line - n, "plain");
    for (int i = 0; i < view->ready.n_exits && view->n_before > 0 && n < sizeof line; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%d=%.2f", i > 0 ? "," : "",
                              view->ready.exits[i], (double)view->before[view->n_before - 1][i]);
    *action = (UiAction){.type = UI_SEND, .text = strdup(line)};
}

static PaneKey letter(View *view, char ch, UiAction *action, PageNotice *notice)
{
    const EventReady *ready = &view->ready;
    switch (ch) {
    case '[':
    case ']':
        sliders_step(view, ch == ']' ? 1 : -1, 20, action);
        return PANE_ACTION;
    case '{':
    case '}':
        sliders_step(view, ch == '}' ? 1 : -1, 100, action);
        return PANE_ACTION;
    case 'a':
        *action = (UiAction){.type = UI_AUTO, .on = !ready->auto_thresholds};
        return PANE_ACTION;
    case 's':
        *action = (UiAction){.type = UI_KEEP};
        return PANE_ACTION;
    case 'b':
        compare(view, action);
        return action->text != NULL ? PANE_ACTION : PANE_TAKEN;
    case 'u':
        if (sliders_undo(view, action))
            return PANE_ACTION;
        say(notice, "there is nothing to undo");
        return PANE_TAKEN;
    case 'r':
        if (ready->n_profile == ready->n_exits) {
            sliders_set(view, ready->profile_thresholds, action);
            return PANE_ACTION;
        }
        say(notice, "the profile has no thresholds for these exits");
        return PANE_TAKEN;
    default:
        return PANE_IGNORED;
    }
}

static PaneKey tune_key(View *view, const Key *key, UiAction *action, PageNotice *notice)
{
    char ch = key->code == KB_TEXT && key->n == 1 ? key->bytes[0] : '\0';
    int n = view->ready.n_exits;
    if (n == 0 || n > EXITS_MAX)
        return PANE_IGNORED;
    if (ch >= '0' && ch <= '9') {
        sliders_type(view, ch, action);
        return PANE_ACTION;
    }
    int select = key->code == KB_UP || key->code == KB_LEFT      ? -1
                 : key->code == KB_DOWN || key->code == KB_RIGHT ? 1
                                                                 : 0;
    sliders_end_typing(view);
    if (select != 0) {
        sliders_select(view, select);
        return PANE_TAKEN;
    }
    if (ch == '.') /* ".72" as well as "72" */
        return PANE_TAKEN;
    return letter(view, ch, action, notice);
}

const Page page_tune = {.title = tune_title, .draw = tune_draw, .key = tune_key};
