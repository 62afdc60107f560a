/* cast.c - see cast.h. */
#include "app/play/cast.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/save_file.h"
#include "app/play/player.h"
#include "app/protocol/event_json.h"
#include "ui/ansi.h"
#include "ui/frame.h"

typedef struct Cast {
    FILE *out;
    Player player;
    Frame frame;
    Layout layout;
    Cells now, before;
    bool has_before;
} Cast;

int cast_size(const char *text, CastSize *size, Err *err)
{
    int used = 0;
    if (strspn(text, "0123456789x") == strlen(text) && strlen(text) < 10 &&
        sscanf(text, "%dx%d%n", &size->width, &size->height, &used) == 2 && text[used] == '\0' &&
        size->width >= 40 && size->width <= 400 && size->height >= 8 && size->height <= 200)
        return 0;
    return err_set(err, EXIT_USAGE, "\"%.40s\" is no size in columns and rows from 40x8 to 400x200",
                   text);
}

static int put_line(FILE *out, json_t *line, Err *err)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(line);
    if (!text)
        return err_set(err, EXIT_MEMORY, "no memory for a cast");
    fprintf(out, "%s\n", text);
    free(text);
    return 0;
}

static int put_header(FILE *out, CastSize size, const char *title, Err *err)
{
    return put_line(out,
                    json_pack("{s:i,s:i,s:i,s:o,s:{s:s}}", "version", 2, "width", size.width,
                              "height", size.height, "title", json_text(title), "env", "TERM",
                              "xterm-256color"),
                    err);
}

/* The terminal's text for the frame as an event at that time, unless nothing changed. */
static int put_frame(Cast *cast, double at_ms, Err *err)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream)
        ansi_write(stream, &cast->now, cast->has_before ? &cast->before : NULL);
    if (!stream || fclose(stream) != 0) {
        free(text);
        return err_set(err, EXIT_MEMORY, "no memory for a cast");
    }
    double seconds = (double)(long)(at_ms + 0.5) / 1000;
    int status = 0;
    if (bytes > 0)
        status =
            put_line(cast->out, json_pack("[f,s,o]", seconds, "o", json_stringn(text, bytes)), err);
    free(text);
    Cells swap = cast->before;
    cast->before = cast->now;
    cast->now = swap;
    cast->has_before = true;
    return status;
}

static int draw(Cast *cast, Err *err)
{
    Frame *frame = &cast->frame;
    player_bar(&cast->player, &frame->play);
    frame->play.keys = NULL; /* nobody can press them */
    frame->focus = cast->player.focus < 0 ? FOCUS_INPUT : cast->player.focus;
    if (frame->focus < FOCUS_INPUT)
        frame->front = (PaneId)frame->focus;
    frame->page = cast->player.compares ? PAGE_COMPARE : PAGE_NONE;
    frame_draw(frame, &cast->player.view, &cast->now, &cast->layout);
    return put_frame(cast, cast->player.at_ms, err);
}

/* When the next frame is due: with the next cue or the next second of the bar's clock, but not too
 * soon after the one before. */
static double next_frame(const Cast *cast)
{
    const Timeline *timeline = cast->player.timeline;
    double at_ms = cast->player.at_ms;
    double due = cast->player.next < timeline->n_cues ? timeline->cues[cast->player.next].at_ms
                                                      : timeline->end_ms;
    double second = 1000.0 * (int)(at_ms / 1000 + 1);
    due = due < second ? due : second;
    due = due > at_ms + CAST_FRAME_MS ? due : at_ms + CAST_FRAME_MS;
    return due < timeline->end_ms ? due : timeline->end_ms;
}

static int put_all(Cast *cast, Err *err)
{
    if (player_go(&cast->player, 0, err) != 0 || draw(cast, err) != 0)
        return -1;
    while (!player_at_end(&cast->player))
        if (player_go(&cast->player, next_frame(cast), err) != 0 || draw(cast, err) != 0)
            return -1;
    return 0;
}

static int make(FILE *out, Timeline *timeline, CastSize size, const char *title, Err *err)
{
    Cast *cast = calloc(1, sizeof(*cast));
    if (!cast)
        return err_set(err, EXIT_MEMORY, "no memory for a cast");
    cast->out = out;
    cast->frame = (Frame){.front = PANE_TREE, .prompt = "", .line = ""};
    int status = -1;
    if (cells_open(&cast->now, size.width, size.height, true) != 0 ||
        cells_open(&cast->before, size.width, size.height, true) != 0)
        err_set(err, EXIT_MEMORY, "no memory for a cast");
    else if (player_open(&cast->player, timeline, err) == 0 &&
             put_header(out, size, title, err) == 0)
        status = put_all(cast, err);
    player_close(&cast->player);
    cells_close(&cast->now);
    cells_close(&cast->before);
    free(cast);
    return status;
}

int cast_save(const char *path, Timeline *timeline, CastSize size, const char *title, Err *err)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return err_set(err, EXIT_MEMORY, "no memory for a cast");
    int status = make(out, timeline, size, title, err);
    if (fclose(out) != 0 && status == 0)
        status = err_set(err, EXIT_MEMORY, "no memory for a cast");
    if (status == 0)
        status = save_file(path, text, bytes, false, err);
    free(text);
    return status;
}
