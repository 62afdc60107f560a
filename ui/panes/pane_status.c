/* pane_status.c - the rows around the panes: who speaks, what happens now, and whether speculation
 * works.
 *
 * What the engine said, never what was asked for. Parts that do not fit are left out, the least
 * needed first.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "ui/figures_text.h"

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
    BRIEF_KEPT,
    BRIEF_FAMILY, /* what the draft's name has in common with the target's */
    BRIEF_TREE,   /* how it drafts stays */
    BRIEF_LABELS,
    BRIEF_CONTEXT,
    BRIEF_DRAFT, /* its name */
    BRIEF_HOW,
    BRIEF_MOST = BRIEF_HOW
} Brevity;

enum { GAUGE_COLUMNS = 8 };

typedef struct Header {
    char target[80], draft[160], context[40];
    bool labels;
    bool gauge;  /* before the figures of the context, where those are shown */
    double used; /* share of the context */
} Header;

/* The draft's name without the beginning, up to a "-", that the target's has too. */
static const char *name_in_family(const char *name, const char *target)
{
    size_t family = 0;
    for (size_t i = 0; name[i] != '\0' && name[i] == target[i]; i++)
        family = name[i] == '-' ? i + 1 : family;
    return name + family;
}

static void header_context(const View *view, Header *header)
{
    int ctx = view->ready.ctx;
    if (view->ctx_used > 0 || view->scrollback.n_items == 0)
        snprintf(header->context, sizeof header->context, "%d/%d", view->ctx_used, ctx);
    else
        snprintf(header->context, sizeof header->context, "%d", ctx);
}

/* The draft model and its exits, then what drafts and which tree. */
static void header_draft(const View *view, Brevity brevity, Header *header)
{
    const EventReady *ready = &view->ready;
    char *draft = header->draft;
    size_t bytes = sizeof header->draft;
    int n = 0;
    if (brevity < BRIEF_DRAFT && ready->draft[0] != '\0' && ready->head[0] == '\0') {
        const char *name = ready->draft;
        if (brevity >= BRIEF_FAMILY)
            name = name_in_family(name, ready->target);
        n = snprintf(draft, bytes, "%.32s", name);
        for (int i = 0; brevity < BRIEF_EXITS && ready->n_exits > 1 && i < ready->n_exits; i++)
            n +=
                snprintf(draft + n, bytes - (size_t)n, "%c%d", i == 0 ? ' ' : '/', ready->exits[i]);
        if (view->draft_kept && brevity < BRIEF_KEPT)
            n += snprintf(draft + n, bytes - (size_t)n, " (kept)");
        n += snprintf(draft + n, bytes - (size_t)n, "  ");
    }
    if (brevity >= BRIEF_HOW)
        return;
    n += snprintf(draft + n, bytes - (size_t)n, "%s", ready->drafter);
    if (brevity < BRIEF_TREE && ready->drafts && ready->tree[0] != '\0')
        snprintf(draft + n, bytes - (size_t)n, " tree %s", ready->tree);
}

static void header_make(const View *view, Brevity brevity, Header *header)
{
    const EventReady *ready = &view->ready;
    *header = (Header){.labels = brevity < BRIEF_LABELS};
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
        header_context(view, header);
    size_t used = strlen(header->context);
    if (warns) /* this much is always said */
        snprintf(header->context + used, sizeof header->context - used, "%s%.0f%% FULL",
                 used > 0 ? " " : "", 100 * header->used);
    header_draft(view, brevity, header);
}

static int header_width(const Header *header)
{
    int labels = header->labels ? (int)strlen("TARGET ") : 0;
    int width = (int)strlen(" s2d  ") + labels + text_width(header->target, strlen(header->target));
    if (header->draft[0] != '\0')
        width += 2 + (header->labels ? (int)strlen("DRAFT ") : 0) +
                 text_width(header->draft, strlen(header->draft));
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
    for (int brevity = BRIEF_NOT; brevity <= BRIEF_MOST; brevity++) {
        header_make(view, (Brevity)brevity, &header);
        if (header_width(&header) <= rect.width)
            break;
    }
    row_add(&row, header.labels ? "  TARGET " : "  ", header.target, STYLE_TEXT | ATTR_BOLD);
    if (header.draft[0] != '\0')
        row_add(&row, header.labels ? "  DRAFT " : "  ", header.draft, STYLE_TEXT | ATTR_BOLD);
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
        if (view->loading[0] != '\0')
            snprintf(out, bytes, "LOADING %s %.0f%%", view->loading, view->load_fraction * 100);
        else if (view->prefill_total > 0)
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

/* Shortens it by one part, from "auto: off, does not pay now (forecast x0.90)" to "off"; false = it
 * is as short as it gets. */
static bool shorten_spec(char *spec)
{
    char *part = strstr(spec, " (");
    if (part == NULL)
        part = strchr(spec, ',');
    if (part != NULL) {
        *part = '\0';
        return true;
    }
    part = strstr(spec, ": ");
    if (part != NULL)
        memmove(spec, part + 2, strlen(part + 2) + 1);
    return part != NULL;
}

/* "SPEC auto: on", at the row's right end. */
static void draw_spec(const View *view, Row *row)
{
    char spec[80];
    if (view->state == VIEW_STARTING || view->state == VIEW_LOST)
        return;
    view_spec_text(view, spec, sizeof spec);
    bool off = strstr(spec, "off") != NULL,
         in_doubt = strchr(spec, ',') || strcmp(spec, "auto") == 0;
    int room = row->right - row->x - 7; /* a blank, "SPEC ", a blank */
    while (text_width(spec, strlen(spec)) > room)
        if (!shorten_spec(spec))
            return;
    int width = text_width(spec, strlen(spec));
    row->right -= width + 1;
    cells_print(row->cells, row->y, row->right, width,
                (off        ? STYLE_WARN
                 : in_doubt ? STYLE_TEXT
                            : STYLE_GOOD) |
                    ATTR_BOLD,
                "%s", spec);
    row->right -= 5;
    cells_print(row->cells, row->y, row->right, 5, STYLE_DIM, "SPEC ");
    row->right--;
}

/* " MAT 2.10 153.8 t/s" */
static void draw_speed(const View *view, Row *row)
{
    char text[32];
    if (view->n_rounds == 0)
        return;
    snprintf(text, sizeof text, "%.2f", view_mat(view));
    row_add(row, " MAT ", text, STYLE_TEXT | ATTR_BOLD);
    snprintf(text, sizeof text, "%.1f", view->stats.tokens_per_s);
    if (view->has_stats && row_add(row, " ", text, STYLE_TEXT | ATTR_BOLD))
        row_add(row, "", " t/s", STYLE_DIM);
}

void status_line(const View *view, Cells *cells, Rect rect, const char *notice, bool speed)
{
    Row row = {cells, rect.y, rect.x, rect.x + rect.width};
    char text[160], badge[176];
    int attr = state_text(view, text, sizeof text);
    snprintf(badge, sizeof badge, " %s ", text);
    text_truncate(badge, rect.width);
    row_add(&row, "", badge, attr | ATTR_BOLD | ATTR_REVERSE);
    bool noticed = notice != NULL && notice[0] != '\0';
    Row rest = row;
    draw_spec(view, &row);
    if (noticed && text_width(notice, strlen(notice)) > row.right - row.x - 2) {
        cells_fill(cells, (Rect){rest.y, rest.x, 1, rest.right - rest.x}, ' ', STYLE_TEXT);
        row = rest; /* what was just said goes before */
    }
    if (noticed) {
        cells_print(cells, row.y, row.x + 2, row.right - row.x - 2, STYLE_WARN | ATTR_BOLD, "%s",
                    notice);
        return;
    }
    if (speed)
        draw_speed(view, &row);
    if (view->n_rounds > 0 && view->state != VIEW_PREFILL) {
        char rounds[40];
        figures_count(view->n_rounds, "round", rounds, sizeof rounds);
        snprintf(text, sizeof text, "  %s  %d tok = %d accepted + %d target", rounds,
                 view->accepted + view->n_rounds, view->accepted, view->n_rounds);
        if (!row_add(&row, "", text, STYLE_TEXT))
            row_add(&row, "  ", rounds, STYLE_TEXT);
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
    draw_speed(view, &row);
    draw_spec(view, &row);
}
