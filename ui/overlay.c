/* overlay.c - see overlay.h. */
#include "ui/overlay.h"

#include <stdio.h>
#include <string.h>

static const char *const key_lines[] = {
    "Enter             send",
    "Alt-Enter, Ctrl-J new line",
    "Esc, Ctrl-C       stop the answer; twice when idle: quit",
    "Ctrl-R            search what was typed before",
    "Tab               complete commands, targets, files",
    "PgUp PgDn         scroll the chat",
    "Shift-Tab         move among panes; Esc or typing goes back",
    "Alt-1 ... Alt-9   switch to that target",
    "F2                choose the target",
    "F3                draft tree: < > rounds, arrows: what exits saw",
    "F4                exit of each token",
    "F5                thresholds: [ ] adjust, , . select, a automatic",
    "F6                speculation off and on",
    "F8                export the chat",
    "F10, Ctrl-D       quit",
    "Ctrl-X 1 ... 0    as F1 ... F10",
    "Ctrl-L, Ctrl-Z    draw anew, suspend",
};

static const char *const word_lines[] = {
    "MAT      tokens of rounds / rounds; plain decoding is 1",
    "t/s      tokens of the answer / wall time after the prompt",
    "plain    t/s of plain rounds, measured here; xN = gain over it",
    "ok       accepted: the target wanted this token too",
    "no > x   the target wanted x",
    ".        not reached",
};

enum {
    N_KEYS = sizeof key_lines / sizeof *key_lines,
    N_WORDS = sizeof word_lines / sizeof *word_lines
};

/* The i-th help line into out; heading tells that it is one. */
static bool help_line(const Frame *frame, int i, char *out, size_t bytes, bool *heading)
{
    *heading = i == 0 || i == N_KEYS + 2 || i == N_KEYS + N_WORDS + 4;
    out[0] = '\0';
    if (i == 0)
        snprintf(out, bytes, "KEYS");
    else if (i <= N_KEYS)
        snprintf(out, bytes, "  %s", key_lines[i - 1]);
    else if (i == N_KEYS + 2)
        snprintf(out, bytes, "FIGURES");
    else if (i > N_KEYS + 2 && i <= N_KEYS + 2 + N_WORDS)
        snprintf(out, bytes, "  %s", word_lines[i - N_KEYS - 3]);
    if (i < N_KEYS + N_WORDS + 4)
        return true;
    if (frame->commands == NULL || frame->commands[0] == '\0')
        return false;
    if (*heading) {
        snprintf(out, bytes, "COMMANDS");
        return true;
    }
    const char *line = frame->commands;
    for (i -= N_KEYS + N_WORDS + 5; i > 0 && line != NULL; i--) {
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (line == NULL || *line == '\0')
        return false;
    snprintf(out, bytes, "  %.*s", (int)strcspn(line, "\n"), line);
    return true;
}

int overlay_help_rows(const Frame *frame)
{
    char line[160];
    bool heading;
    int n = 0;
    while (help_line(frame, n, line, sizeof line, &heading))
        n++;
    return n;
}

void overlay_help(const Frame *frame, Cells *cells)
{
    int total = overlay_help_rows(frame), width = cells->width > 76 ? 72 : cells->width - 4;
    int height = cells->height > total + 6 ? total + 2 : cells->height - 2;
    Rect box = {(cells->height - height) / 2, (cells->width - width) / 2, height, width};
    int rows = height - 2, most = total > rows ? total - rows : 0;
    int top = frame->help_top < most ? frame->help_top : most;
    char line[160];
    bool heading;
    cells_box(cells, box, "HELP", STYLE_BORDER);
    for (int i = 0; i < rows && help_line(frame, top + i, line, sizeof line, &heading); i++)
        cells_print(cells, box.y + 1 + i, box.x + 2, width - 4,
                    heading ? STYLE_TITLE | ATTR_BOLD : STYLE_TEXT, "%s", line);
    cells_print(cells, box.y + height - 1, box.x + 2, width - 4, STYLE_DIM,
                most > 0 ? " arrows scroll, Esc closes " : " Esc closes ");
}

void overlay_targets(const Frame *frame, const View *view, Cells *cells)
{
    const EventReady *ready = &view->ready;
    int n = ready->n_targets, width = 30;
    for (int i = 0; i < n; i++) {
        int need = text_width(ready->targets[i], strlen(ready->targets[i])) + 20;
        width = need > width ? need : width;
    }
    width = width > cells->width - 2 ? cells->width - 2 : width;
    int height = n + 2 > cells->height ? cells->height : n + 2;
    Rect box = {(cells->height - height) / 2, (cells->width - width) / 2, height, width};
    cells_box(cells, box, "TARGET", STYLE_BORDER);
    for (int i = 0; i < n && i < height - 2; i++) {
        int y = box.y + 1 + i;
        cells_print(cells, y, box.x + 2, width - 4,
                    i == ready->target_index ? STYLE_GOOD : STYLE_TEXT, "%d  %s%s", i + 1,
                    ready->targets[i], i == ready->target_index ? "  (now)" : "");
        if (i == frame->choice)
            cells_mark(cells, y, box.x + 1, width - 2, ATTR_REVERSE);
    }
    cells_print(cells, box.y + height - 1, box.x + 2, width - 4, STYLE_DIM,
                " Enter switches, Esc closes ");
}
