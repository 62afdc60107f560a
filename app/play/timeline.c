/* timeline.c - see timeline.h. One pass over the trace; the script's steps pull its lines. */
#include "app/play/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/protocol/event_json.h"

typedef struct Builder {
    Timeline *timeline;
    const Script *script;
    Err *err;
    char *line;
    size_t room;
    int number;       /* of the line */
    double last_t_ms; /* of the event before, by its worker's clock */
    double at_ms;
    int turn;
    bool answering; /* the trace is between a question and its answer's end */
    bool asked;     /* a question came, and nothing of its answer yet */
    Event event;    /* the last one read */
} Builder;

static int add_cue(Builder *build, Cue cue)
{
    Timeline *timeline = build->timeline;
    if (timeline->n_cues == timeline->room) {
        int room = timeline->room ? 2 * timeline->room : 1024;
        Cue *cues = realloc(timeline->cues, (size_t)room * sizeof(*cues));
        if (!cues)
            return err_set(build->err, EXIT_MEMORY, "no memory for so long a trace");
        timeline->cues = cues;
        timeline->room = room;
    }
    cue.at_ms = build->at_ms;
    timeline->cues[timeline->n_cues++] = cue;
    return 0;
}

/* How long after the event before this one is shown. */
static double gap_of(const Builder *build, const Event *event)
{
    double gap = event->t_ms - build->last_t_ms;
    bool loads = event->type == EVENT_LOAD || (event->type == EVENT_READY && !build->answering) ||
                 (event->type == EVENT_SWITCH && event->u.swap.stage == SWITCH_LOAD);
    double most = loads ? LOAD_MS : PAUSE_MS;
    if (event->type == EVENT_ROUND) { /* but for the time in which the process was stopped */
        const EventRound *round = &event->u.round;
        double ms = round->draft_ms + round->verify_ms + round->accept_ms + round->other_ms;
        most = ms > 0 && ms < PAUSE_MS ? ms : PAUSE_MS;
    }
    if (build->number == 1 || !(gap > 0)) /* a new worker's clock starts again */
        return 0;
    return gap < most ? gap : most;
}

/* Whether an answer begins with this event. */
static bool begins_answer(Builder *build, const Event *event)
{
    bool question = event->type == EVENT_QUESTION;
    bool first = !question && event->turn > 0 && event->turn != build->turn &&
                 (event->type == EVENT_PREFILL || event->type == EVENT_ROUND ||
                  event->type == EVENT_COMPARE);
    bool begins = question || (first && !build->asked);
    if (first) {
        build->turn = event->turn;
        build->asked = false;
    }
    if (question)
        build->asked = true;
    if (begins || first)
        build->answering = true;
    if (event->type == EVENT_DONE)
        build->answering = false;
    return begins;
}

/* The next line becomes a cue, and build->event. 0 = the trace is over. */
static int take_line(Builder *build)
{
    Timeline *timeline = build->timeline;
    Err wrong = {0};
    event_free(&build->event);
    memset(&build->event, 0, sizeof(build->event));
    off_t at = ftello(timeline->file);
    errno = 0;
    ssize_t n = getline(&build->line, &build->room, timeline->file);
    if (n < 0 && !feof(timeline->file))
        return err_set(build->err, EXIT_IO, "%s: %s", timeline->name, strerror(errno));
    if (n < 0)
        return 0;
    size_t mark = build->number++ == 0 ? plain_text_mark(build->line, (size_t)n) : 0;
    if (event_from_line(&build->event, build->line + mark, (size_t)n - mark, &wrong) != 0)
        return err_set(build->err, EXIT_DATA, "%s: line %d: %s", timeline->name, build->number,
                       wrong.text);
    const Event *event = &build->event;
    build->at_ms += gap_of(build, event);
    build->last_t_ms = event->t_ms;
    Cue cue = {.kind = CUE_EVENT,
               .line_at = at + (off_t)mark,
               .event = event->type,
               .number = event->type == EVENT_ROUND ? event->u.round.round : 0,
               .begins_answer = begins_answer(build, event)};
    timeline->answers += cue.begins_answer;
    return add_cue(build, cue) == 0 ? 1 : -1;
}

static int fail_at(const Builder *build, const Step *step, const char *what)
{
    return err_set(build->err, EXIT_DATA, "%.200s:%d:%d: %s: the trace %.200s %s",
                   build->script->file, step->line, step->column, step_name(step->kind),
                   build->timeline->name, what);
}

/* Goes on to the next event of a type. */
static int take_until(Builder *build, const Step *step, EventType type)
{
    int got;
    while ((got = take_line(build)) > 0)
        if (build->event.type == type)
            return 0;
    return got < 0 ? -1 : fail_at(build, step, "ends before this");
}

/* What a step does with a recorded chat. */

static int record_say(Builder *build, const Step *step)
{
    if (take_until(build, step, EVENT_QUESTION) != 0)
        return -1;
    return strcmp(build->event.u.question.text, step->text) == 0
               ? 0
               : fail_at(build, step, "has another question here");
}

static int record_wait(Builder *build, const Step *step)
{
    double until = build->at_ms + step->number * 1000;
    int rounds = 0, got = 1;
    if (step->wait_for == WAIT_SECONDS) {
        while (build->at_ms < until && (got = take_line(build)) > 0)
            ;
        if (got == 0)
            build->at_ms = until;
        return got < 0 ? -1 : 0;
    }
    while (build->answering && (step->wait_for == WAIT_ANSWER || rounds < (int)step->number)) {
        got = take_line(build);
        if (got <= 0)
            return got < 0 ? -1 : fail_at(build, step, "ends before this");
        rounds += build->event.type == EVENT_STATS; /* a round, its words with it, is told */
    }
    return 0;
}

static int record_switch(Builder *build, const Step *step)
{
    do {
        if (take_until(build, step, EVENT_SWITCH) != 0)
            return -1;
    } while (build->event.u.swap.stage != SWITCH_DONE &&
             build->event.u.swap.stage != SWITCH_FAILED);
    return 0;
}

static int record_set(Builder *build, const Step *step)
{
    return step_set_is_quiet(step) ? 0 : take_until(build, step, EVENT_READY);
}

/* What is compared is named otherwise in the trace. */
static int record_ab(Builder *build, const Step *step)
{
    return take_until(build, step, EVENT_COMPARE);
}

static int record_hold(Builder *build, const Step *step)
{
    build->at_ms += step->number * 1000;
    return 0;
}

static int record_caption(Builder *build, const Step *step)
{
    return add_cue(build, (Cue){.kind = CUE_CAPTION, .text = step->text});
}

static int record_focus(Builder *build, const Step *step)
{
    return add_cue(build, (Cue){.kind = CUE_FOCUS, .number = step->focus});
}

static int record_browse(Builder *build, const Step *step)
{
    return add_cue(build, (Cue){.kind = CUE_BROWSE, .number = (int)step->number});
}

static int (*const records[])(Builder *build, const Step *step) = {
#define STEP_RECORD(NAME, name, reader) [STEP_##NAME] = record_##name,
    STEP_LIST(STEP_RECORD)
#undef STEP_RECORD
};

/* The lines before the first READY, with it: a script begins once there is something to talk with. */
static int take_start(Builder *build)
{
    int got = take_line(build);
    if (got == 0)
        return err_set(build->err, EXIT_DATA, "%s: no events in it; is it a trace?",
                       build->timeline->name);
    while (build->script && got > 0 && build->event.type != EVENT_READY)
        got = take_line(build);
    return got < 0 ? -1 : 0;
}

static int take_all(Builder *build)
{
    if (take_start(build) != 0)
        return -1;
    for (int i = 0; build->script && i < build->script->n_steps; i++) {
        const Step *step = &build->script->steps[i];
        if (records[step->kind](build, step) != 0)
            return -1;
    }
    int got = 1;
    while (got > 0)
        got = take_line(build);
    return got;
}

int timeline_open(Timeline *timeline, FILE *file, const char *name, const Script *script, Err *err)
{
    *timeline = (Timeline){.file = file, .name = strdup(name)};
    Builder *build = calloc(1, sizeof(*build)); /* an Event is large */
    int status = build && timeline->name ? 0 : err_set(err, EXIT_MEMORY, "no memory for a trace");
    if (status == 0) {
        build->timeline = timeline;
        build->script = script;
        build->err = err;
        timeline->captions = script && script_has_captions(script);
        status = take_all(build);
        timeline->end_ms = build->at_ms;
        event_free(&build->event);
        free(build->line);
    }
    free(build);
    if (status != 0)
        timeline_close(timeline);
    return status;
}

void timeline_close(Timeline *timeline)
{
    if (timeline->file)
        fclose(timeline->file);
    free(timeline->name);
    free(timeline->cues);
    *timeline = (Timeline){0};
}
