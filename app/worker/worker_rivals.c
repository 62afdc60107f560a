/* worker_rivals.c - between two answers, which of a draft and a head drafts: see rivals.h. */
#include "app/worker/worker.h"

static void use_rival(Worker *worker, int which)
{
    const RequestLoad *load = &worker->load;
    DraftConfig drafting;
    Err err = {0};
    worker_drafting(load, "", load->target_index, &drafting);
    if (which == 1) {
        drafting.kind = drafter_find(head_kind_name(worker->head->info.kind));
        drafting.head = worker->head;
    }
    worker->rivals.current = which;
    if (session_set_drafter(worker->session, &drafting, &err) == 0) {
        worker_ready(worker);
        return;
    }
    worker_warn(worker, "head", err.text); /* what drafts goes on */
    worker->rivals.on = false;
}

void worker_choose(Worker *worker)
{
    Rivals *rivals = &worker->rivals;
    if (!rivals->on || worker->load.spec != SPEC_AUTO)
        return;
    int which = rivals_choose(rivals);
    if (which != rivals->current)
        use_rival(worker, which);
}

void worker_note_answer(Worker *worker)
{
    EventStats totals;
    if (!worker->rivals.on)
        return;
    session_totals(worker->session, &totals);
    rivals_note(&worker->rivals, totals.tokens,
                totals.draft_ms + totals.verify_ms + totals.accept_ms + totals.other_ms +
                    totals.draft_prefill_ms);
}
