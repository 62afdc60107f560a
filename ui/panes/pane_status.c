/* pane_status.c - the rows around the panes: who speaks, what happens now, and whether speculation
 * works.
 *
 * What the engine said, never what was asked for. Parts that do not fit are left out, the least
 * needed first.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

typedef struct Row {
    Cells *cells;
    int y, x, right;
} Row;

/* Draws label and value when both fit. */
static bool row_add(Row *row, const char *label, const char *value, int value_attr)
{
    int need = text_width(label, strlen(label)) + text_width(value, strlen(value));
    if (row->x + need > row->right)
        return false;
    row->x += cells_print(row->cells, row->y, row->x, row->right - row->x, STYLE_DIM, "%s", label);
    row->x += cells_print(row->cells, row->y, row->x, row->right - row->x, value_attr, "%s", value);
    return true;
}

/* What the header leaves out where it does not fit, in this order. */
typedef enum Brevity {
    BRIEF_NOT,
    BRIEF_GAUGE,
    BRIEF_EXITS,
    BRIEF_QUANT,
    BRIEF_DRAFT,
    BRIEF_CONTEXT
} Brevity;

enum { GAUGE_COLUMNS = 8 };

typedef struct Header {
    char target[80], draft[128], context[40];
    bool gauge;  /* before the figures of the context, where those are shown */
    double used; /* share of the context */
} Header;

static void header_make(const View *view, Brevity brevity, Header *header)
{
    const EventReady *ready = &view->ready;
    *header = (Header){0};
    int n = snprintf(header->target, sizeof header->target, "%.32s", ready->target);
    if (ready->quant[0] != '\0' && brevity < BRIEF_QUANT)
        n += snprintf(header->target + n, sizeof header->target - (size_t)n, " %s", ready->quant);
    if (ready->n_targets > 1)
        snprintf(header->target + n, sizeof header->target - (size_t)n, " [%d/%d]",
                 ready->target_index + 1, ready->n_targets);
    header->used = ready->ctx > 0 ? (double)view->ctx_used / ready->ctx : 0;
    header->gauge = brevity < BRIEF_GAUGE && ready->ctx > 0;
    bool warns = view_nearly_full(view);
    if (brevity < BRIEF_CONTEXT)
        n = snprintf(header->context, sizeof header->context, "%d/%d", view->ctx_used, ready->ctx);
    if (warns && brevity < BRIEF_CONTEXT)
        snprintf(header->context + n, sizeof header->context - (size_t)n, " %.0f%% FULL",
                 100 * header->used);
    else if (warns) /* this much is always said */
        snprintf(header->context, sizeof header->context, "%.0f%% FULL", 100 * header->used);
    if (brevity >= BRIEF_DRAFT)
        return;
    char *draft = header->draft;
    size_t bytes = sizeof header->draft;
    n = snprintf(draft, bytes, "%.32s",
                 ready->draft[0] != '\0' && ready->head[0] == '\0' ? ready->draft : ready->drafter);
    for (int i = 0; brevity < BRIEF_EXITS && ready->n_exits > 1 && i < ready->n_exits; i++)
        n += snprintf(draft + n, bytes - (size_t)n, "%c%d", i == 0 ? ' ' : '/', ready->exits[i]);
    if (view->draft_kept)
        snprintf(draft + n, bytes - (size_t)n, " (kept)");
}

static int header_width(const Header *header)
{
    int width = (int)strlen(" s2d  TARGET ") + text_width(header->target, strlen(header->target));
    if (header->draft[0] != '\0')
        width += (int)strlen("  DRAFT ") + text_width(header->draft, strlen(header->draft));
    if (header->context[0] != '\0')
        width += (int)strlen("  ctx ") + (int)strlen(header->context);
    if (header->gauge)
        width += GAUGE_COLUMNS + 1;
    return width;
}

void status_header(const View *view, Cells *cells, Rect rect)
{
    Row row = {cells, rect.y, rect.x + 1, rect.x + rect.width};
    row_add(&row, "", "s2d", STYLE_TITLE | ATTR_BOLD);
    if (view->state == VIEW_STARTING)
        return;
    Header header;
    for (int brevity = BRIEF_NOT; brevity <= BRIEF_CONTEXT; brevity++) {
        header_make(view, (Brevity)brevity, &header);
        if (header_width(&header) <= rect.width)
            break;
    }
    row_add(&row, "  TARGET ", header.target, STYLE_TEXT | ATTR_BOLD);
    if (header.draft[0] != '\0')
        row_add(&row, "  DRAFT ", header.draft, STYLE_TEXT | ATTR_BOLD);
    if (header.context[0] == '\0')
        return;
    int attr = view_nearly_full(view) ? STYLE_WARN | ATTR_BOLD : STYLE_TEXT;
    char label[8 + GAUGE_COLUMNS];
    snprintf(label, sizeof label, "  ctx %*s", header.gauge ? GAUGE_COLUMNS + 1 : 0, "");
    int x = row.x + (int)strlen("  ctx ");
    if (!row_add(&row, label, header.context, attr) || !header.gauge)
        return;
    for (int i = 0; i < GAUGE_COLUMNS; i++)
        cells_glyph(cells, rect.y, x + i, GLYPH_TRACK, STYLE_DIM);
    cells_bar(cells, rect.y, x, GAUGE_COLUMNS, header.used, attr);
}

/* The state in words; returns its attribute. */
static int state_text(const View *view, char *out, size_t bytes)
{
    static const char *const stages[] = {"check", "load", "read the chat", "done", "failed"};
    if (view->switching) {
        snprintf(out, bytes, "SWITCHING to %s: %s %.0f%%", view->swap.target,
                 stages[view->swap.stage], view->swap.fraction * 100);
        return STYLE_WARN;
    }
    if (view->stop_asked) {
        snprintf(out, bytes, "STOPPING");
        return STYLE_WARN;
    }
    switch (view->state) {
    case VIEW_STARTING:
        if (view->loading[0] != '\0')
            snprintf(out, bytes, "LOADING %s %.0f%%", view->loading, view->load_fraction * 100);
        else
            snprintf(out, bytes, "STARTING");
        return STYLE_WARN;
    case VIEW_IDLE:
        snprintf(out, bytes, "READY");
        return STYLE_GOOD;
    case VIEW_PREFILL:
        if (view->prefill_total > 0)
            snprintf(out, bytes, "READING %d/%d tok", view->prefill_done, view->prefill_total);
        else
            snprintf(out, bytes, "READING");
        return STYLE_WARN;
    case VIEW_GENERATING:
        snprintf(out, bytes, "GENERATING");
        return STYLE_GOOD;
    case VIEW_LOST:
        break;
    }
    snprintf(out, bytes, "ENGINE LOST");
    return STYLE_BAD;
}

/* "SPEC ON", at the row's right end. */
static void draw_spec(const View *view, Row *row)
{
    char spec[80];
    if (view->state == VIEW_STARTING || view->state == VIEW_LOST)
        return;
    view_spec_text(view, spec, sizeof spec);
    bool on = strcmp(spec, "ON") == 0, off = strncmp(spec, "OFF", 3) == 0;
    int room = row->right - row->x - 7; /* a blank, "SPEC ", a blank */
    if (room < 2)
        return;
    if (text_width(spec, strlen(spec)) > room)
        text_truncate(spec, room);
    int width = text_width(spec, strlen(spec));
    row->right -= width + 1;
    cells_print(row->cells, row->y, row->right, width,
                (on    ? STYLE_GOOD
                 : off ? STYLE_WARN
                       : STYLE_TEXT) |
                    ATTR_BOLD,
                "%s", spec);
    row->right -= 5;
    cells_print(row->cells, row->y, row->right, 5, STYLE_DIM, "SPEC ");
    row->right--;
}

void status_line(const View *view, Cells *cells, Rect rect, const char *notice)
{
    Row row = {cells, rect.y, rect.x, rect.x + rect.width};
    char text[160], badge[176];
    int attr = state_text(view, text, sizeof text);
    snprintf(badge, sizeof badge, " %s ", text);
    text_truncate(badge, rect.width);
    row_add(&row, "", badge, attr | ATTR_BOLD | ATTR_REVERSE);
    draw_spec(view, &row);
    if (notice != NULL && notice[0] != '\0') {
        cells_print(cells, row.y, row.x + 2, row.right - row.x - 2, STYLE_WARN | ATTR_BOLD, "%s",
                    notice);
        return;
    }
    if (view->n_rounds > 0 && view->state != VIEW_PREFILL) {
        snprintf(text, sizeof text, "  %d rounds  %d tok = %d accepted + %d target", view->n_rounds,
                 view->accepted + view->n_rounds, view->accepted, view->n_rounds);
        if (!row_add(&row, "", text, STYLE_TEXT)) {
            snprintf(text, sizeof text, "  %d rounds", view->n_rounds);
            row_add(&row, "", text, STYLE_TEXT);
        }
    }
    double gb = (double)view->ready.memory_bytes / 1e9;
    int width = snprintf(text, sizeof text, gb < 1 ? "%.2f GB" : "%.1f GB", gb);
    if (gb > 0 && row.right - row.x > width + 8) {
        row.x = row.right - width - 5;
        row_add(&row, "RAM ", text, STYLE_TEXT);
    }
}

void status_figures(const View *view, Cells *cells, Rect rect, const char *notice)
{
    Row row = {cells, rect.y, rect.x, rect.x + rect.width};
    char text[160], badge[176];
    if (notice != NULL && notice[0] != '\0') {
        cells_print(cells, row.y, row.x, rect.width, STYLE_WARN | ATTR_BOLD, "%s", notice);
        return;
    }
    int attr = state_text(view, text, sizeof text);
    snprintf(badge, sizeof badge, " %s ", text);
    text_truncate(badge, rect.width);
    row_add(&row, "", badge, attr | ATTR_BOLD | ATTR_REVERSE);
    if (view->n_rounds > 0) {
        snprintf(text, sizeof text, "%.2f", view_mat(view));
        row_add(&row, " MAT ", text, STYLE_TEXT | ATTR_BOLD);
        snprintf(text, sizeof text, "%.1f", view->stats.tokens_per_s);
        if (view->has_stats && row_add(&row, " ", text, STYLE_TEXT | ATTR_BOLD))
            row_add(&row, "", " t/s", STYLE_DIM);
    }
    draw_spec(view, &row);
}
