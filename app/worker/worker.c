/* worker.c - `s2d worker`: the engine behind JSON lines, requests on stdin, events on stdout.
 *
 *   request lines -> Inbox -> pending -> load, say, switch, set -> Session -> events -> lines
 *
 * One request is under way at a time. While one is, the session's poll takes the others in between
 * two rounds: stop and quit act at once, set and switch at the head of the queue as well, say and
 * load wait. Every request ends as request.h says, whatever goes wrong, and the worker goes on.
 * Ctrl-C is the front's business: it sends `stop`.
 */
#include "app/worker/worker.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/commands.h"
#include "app/worker/confine.h"
#include "kernels/common/clock.h"

/* Every count has its event. */
static void count(Worker *worker, const RequestCount *count)
{
    Event event = {.type = EVENT_COUNT, .u.count = {.number = count->number, .tokens = -1}};
    int *ids = NULL, n = 0, capacity = 0;
    if (worker->session &&
        tokenizer_encode(session_target(worker->session)->tokenizer, count->text,
                         strlen(count->text), false, &ids, &n, &capacity, NULL) == 0)
        event.u.count.tokens = n;
    free(ids);
    worker_emit(worker, &event);
}

/* Between rounds the head of the queue is taken as long as it may be. */
static bool on_poll(void *user)
{
    Worker *worker = user;
    worker_pump(worker, 0);
    while (!worker->quit && !worker->stop && !worker->comparing && worker->n_pending > 0) {
        RequestType type = worker->pending[0].request.type;
        if (type != REQUEST_SET && type != REQUEST_SWITCH && type != REQUEST_COUNT)
            break;
        Pending next = worker_next(worker);
        if (type == REQUEST_COUNT)
            count(worker, &next.request.u.count);
        else if (type == REQUEST_SET)
            worker_set(worker, &next.request.u.set);
        else
            worker_switch(worker, &next.request.u.swap, next.cancelled);
        request_free(&next.request);
    }
    return worker->quit || worker->stop;
}

/* --- say --- */

/* totals: NULL = nothing was begun. */
static void emit_done(Worker *worker, const char *reason, uint32_t seed, const EventStats *totals)
{
    Event event = {.type = EVENT_DONE};
    if (totals)
        event.u.done.totals = *totals;
    snprintf(event.u.done.reason, sizeof(event.u.done.reason), "%s", reason);
    event.u.done.seed = (int)seed;
    worker_emit(worker, &event);
}

static void refuse(Worker *worker, const Pending *pending)
{
    for (int i = 0; i < pending->refused; i++) {
        worker->turn++;
        worker_error(worker, &pending->err);
        emit_done(worker, "error", 0, NULL);
    }
}

/* A template that opens the thoughts itself leaves their mark out of what the model says: those who
 * read the answer see it all the same. Such an answer's tokens are not those of its text. */
static void tell_begun_thoughts(Worker *worker)
{
    const char *opening = worker_begun_thoughts(worker);
    Event event = {.type = EVENT_TEXT, .u.text = {.text = opening}};
    if (!*opening)
        return;
    worker_emit(worker, &event);
    worker->answers.current.known = false;
}

static void say(Worker *worker, const RequestSay *say, bool cancelled)
{
    Err err = {0};
    int *ids = NULL, n = 0, n_prompt = 0;
    worker->turn++;
    if (cancelled) {
        emit_done(worker, "stopped", say->seed, NULL);
        return;
    }
    if (!worker->session)
        err_set(&err, EXIT_USAGE, "request: say: nothing is loaded yet");
    else
        worker_encode(worker, say, session_target(worker->session), true, &ids, &n, &n_prompt,
                      &err);
    if (err.code == 0 && n == 0)
        err_set(&err, EXIT_DATA, "nothing to answer: the prompt has no tokens");
    if (err.code != 0) {
        free(ids);
        worker_error(worker, &err);
        emit_done(worker, "error", say->seed, NULL);
        return;
    }
    AnswerOptions options = {.max_tokens = say->max_tokens,
                             .ignore_eos = say->ignore_eos,
                             .seed = say->seed,
                             .stops = &say->stops};
    worker->busy = true;
    worker->stop = false;
    worker_warn_of_length(worker, say, n);
    answers_begin(&worker->answers);
    if (worker_begun_answer(say))
        answers_go_on(&worker->answers, worker_begun_answer(say)->text);
    else if (!say->raw)
        tell_begun_thoughts(worker);
    int status;
    if (say->compare) {
        status = worker_compare(worker, say, ids, n, &options, &err);
    } else {
        worker_choose(worker);
        status = session_answer(worker->session, ids, n, &options, &err);
        worker_note_answer(worker);
    }
    int n_text;
    const int *text = session_tokens(worker->session, &n_text);
    answers_end(&worker->answers, text, n_prompt, n_text,
                session_target(worker->session)->tokenizer);
    bool stopped = say->compare && worker->stop;
    worker->busy = worker->stop = false;
    free(ids);
    if (status == 0)
        return;
    EventStats totals;
    session_totals(worker->session, &totals);
    if (stopped) { /* while the target to compare with was loaded */
        emit_done(worker, "stopped", say->seed, NULL);
        return;
    }
    worker_error(worker, &err); /* the session can be asked again */
    emit_done(worker, "error", say->seed, &totals);
}

/* --- the process --- */

static void run(Worker *worker, Pending *next)
{
    Request *request = &next->request;
    switch (request->type) {
    case REQUEST_LOAD:
        worker_load(worker, &request->u.load);
        break;
    case REQUEST_SAY:
        if (next->refused)
            refuse(worker, next);
        else
            say(worker, &request->u.say, next->cancelled);
        break;
    case REQUEST_SWITCH:
        worker_switch(worker, &request->u.swap, next->cancelled);
        break;
    case REQUEST_SET:
        worker_set(worker, &request->u.set);
        break;
    case REQUEST_COUNT:
        count(worker, &request->u.count);
        break;
    default:
        assert(!"stop and quit are never pending");
    }
}

const CommandLine cmd_worker_line = {
    .name = "worker",
    .summary = "the engine behind JSON lines on stdin and stdout",
};

int cmd_worker(int argc, char **argv)
{
    if (argc > 1) {
        print_report(stderr,
                     "s2d worker: takes no arguments, not \"%s\"; its requests come on stdin\n",
                     argv[1]);
        return EXIT_USAGE;
    }
    Worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        fprintf(stderr, "s2d worker: out of memory\n");
        return EXIT_MEMORY;
    }
    signal(SIGPIPE, SIG_IGN); /* a front that is gone shows as a failed write */
    signal(SIGINT, SIG_IGN);  /* the front decides, */
    signal(SIGHUP, SIG_IGN);  /* and when it goes, the input ends */
    char state[PATH_BYTES];
    bool has_state = paths_make(PLACE_STATE, NULL) == 0 &&
                     paths_get(PLACE_STATE, NULL, state, sizeof state, NULL) == 0;
    confine_files(has_state ? state : NULL); /* hashes of models are kept there */
    worker->inbox.fd = STDIN_FILENO;
    worker->start_ms = clock_ms();
    worker->poll = on_poll;
    while (!worker->quit && !(worker->ended && worker->n_pending == 0)) {
        worker_pump(worker, worker->n_pending > 0 ? 0 : -1);
        if (worker->quit || worker->n_pending == 0)
            continue;
        Pending next = worker_next(worker);
        run(worker, &next);
        request_free(&next.request);
    }
    int status = worker->status;
    for (int i = 0; i < worker->n_pending; i++)
        request_free(&worker->pending[i].request);
    worker_close(worker);
    inbox_close(&worker->inbox);
    free(worker);
    return status;
}
