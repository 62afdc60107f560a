/* overlay.c - see overlay.h. */
#include "ui/overlay.h"

#include <stdio.h>
#include <string.h>

#include "ui/list.h"
#include "ui/shortcuts.h"

static const char *const word_lines[] = {
    "MAT      tokens of rounds / rounds; plain decoding is 1",
    "t/s      tokens of rounds / time of rounds",
    "plain    median t/s of (n) plain rounds; xN = gain over it",
    "xN-M     the gain lies between; none = not known",
    "ok       accepted: the target wanted this token too",
    "no       the target said otherwise: > x is what it said",
    ".        not read, since what stands before it was refused",
    "> + *    at an exit: left here, asked later, other token in mind",
    "race     plain is where its measured pace would have brought it",
};

enum { N_WORDS = sizeof word_lines / sizeof *word_lines };

/* The i-th help line into out; heading tells that it is one. */
static bool help_line(const Frame *frame, int i, char *out, size_t bytes, bool *heading)
{
    int figures = shortcut_lines() + 2, commands = figures + N_WORDS + 2;
    *heading = i == 0 || i == figures || i == commands;
    out[0] = '\0';
    if (i == 0)
        snprintf(out, bytes, "KEYS");
    else if (i < figures - 1)
        shortcut_line(frame->keys, i - 1, out, bytes);
    else if (i == figures)
        snprintf(out, bytes, "FIGURES");
    else if (i > figures && i <= figures + N_WORDS)
        snprintf(out, bytes, "  %s", word_lines[i - figures - 1]);
    if (i < commands)
        return true;
    if (frame->commands == NULL || frame->commands[0] == '\0')
        return false;
    if (*heading) {
        snprintf(out, bytes, frame->play.recorded ? "WHILE IT PLAYS" : "COMMANDS");
        return true;
    }
    const char *line = frame->commands;
    for (i -= commands + 1; i > 0 && line != NULL; i--) {
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

void overlay_list(const Frame *frame, const View *view, Cells *cells)
{
    List list;
    list_make(&list, frame->overlay, frame->filter, view);
    if (frame->deleting)
        list.hint = list.question;
    list_draw(&list, frame->choice, cells);
}
