/* bench_worker.c - see bench_worker.h. */
#include "app/bench/bench_worker.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"

static int append(BenchAnswer *answer, const char *text, Err *err)
{
    size_t bytes = strlen(text);
    if (answer->room - answer->bytes < bytes + 1) {
        size_t room = 2 * answer->bytes + bytes + 1024;
        char *grown = realloc(answer->text, room);
        if (!grown)
            return err_set(err, EXIT_MEMORY, "out of memory for an answer");
        answer->text = grown;
        answer->room = room;
    }
    memcpy(answer->text + answer->bytes, text, bytes + 1);
    answer->bytes += bytes;
    return 0;
}

/* Sends a request and waits for the event that ends it. answer and ready may be NULL. */
static int request(BenchWorker *worker, const Request *request, EventType end, BenchAnswer *answer,
                   EventReady *ready, Err *err)
{
    if (client_send(worker->client, request, err) != 0)
        return -1;
    bool ended = false;
    while (!ended && err->code == 0) {
        Event event;
        int got = client_next(worker->client, &event, err);
        if (got < 0)
            return -1;
        if (got == 0) {
            client_wait(worker->client, -1);
            continue;
        }
        if (event.type == EVENT_ERROR)
            err_set(err, event.u.error.code, "%s", event.u.error.message);
        if (event.type == EVENT_TEXT && answer)
            append(answer, event.u.text.text, err);
        if (event.type == EVENT_DONE && answer)
            answer->totals = event.u.done.totals;
        if (event.type == EVENT_READY && ready)
            *ready = event.u.ready;
        ended = event.type == end;
        event_free(&event);
    }
    return err->code == 0 ? 0 : -1;
}

int bench_worker_open(BenchWorker *worker, const char *host, const Request *load, EventReady *ready,
                      Err *err)
{
    ClientOptions where = {.host = host};
    if (client_open(&worker->client, &where, err) != 0 ||
        request(worker, load, EVENT_READY, NULL, ready, err) != 0)
        return -1;
    strcpy(worker->drafter, ready->drafter);
    return 0;
}

void bench_worker_close(BenchWorker *worker)
{
    client_close(worker->client);
}

int bench_worker_use(BenchWorker *worker, const Method *method, Err *err)
{
    Request set = {.type = REQUEST_SET};
    set.u.set.has_spec = true;
    set.u.set.spec = method->spec;
    strcpy(set.u.set.tree, method->tree);
    if (method->spec != SPEC_OFF && strcmp(worker->drafter, method->drafter) != 0) {
        strcpy(set.u.set.drafter, method->drafter);
        strcpy(worker->drafter, method->drafter);
    }
    return request(worker, &set, EVENT_READY, NULL, NULL, err);
}

/* Another conversation, one token long, so that the next one finds nothing of itself in the
 * caches. */
static int forget(BenchWorker *worker, Err *err)
{
    Message message = {.role = ROLE_USER, .text = "0"};
    Request say = {.type = REQUEST_SAY};
    say.u.say = (RequestSay){
        .messages = &message, .n_messages = 1, .raw = true, .ignore_eos = true, .max_tokens = 1};
    return request(worker, &say, EVENT_DONE, NULL, NULL, err);
}

int bench_worker_ask(BenchWorker *worker, const Message *messages, int n, int max_tokens,
                     uint32_t seed, BenchAnswer *answer, Err *err)
{
    Request say = {.type = REQUEST_SAY};
    say.u.say = (RequestSay){
        .messages = (Message *)messages, .n_messages = n, .max_tokens = max_tokens, .seed = seed};
    *answer = (BenchAnswer){0};
    if (forget(worker, err) != 0 || append(answer, "", err) != 0)
        return -1;
    double start = clock_ms();
    int status = request(worker, &say, EVENT_DONE, answer, NULL, err);
    answer->seconds = (clock_ms() - start) / 1e3;
    return status;
}
