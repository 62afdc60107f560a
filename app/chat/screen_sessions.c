/* screen_sessions.c - see screen_sessions.h. */
#include "app/chat/screen_sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/attach.h"
#include "app/chat/export.h"
#include "app/protocol/event_json.h"
#include "ui/text.h"

enum { GREETED = 5 }; /* most sessions in the note */

/* Text of an answer that is being told again. */
typedef struct Telling {
    View *view;
    const Entry *entry;
    size_t done; /* bytes */
    int run;     /* where they end */
    size_t in_run;
} Telling;

/* Tells the text up to this byte, by whoever proposed it. */
static void tell_text(Telling *telling, size_t upto)
{
    const Entry *entry = telling->entry;
    while (telling->done < upto && telling->run < entry->n_runs) {
        const TextRun *run = &entry->runs[telling->run];
        size_t n = run->bytes - telling->in_run;
        n = n < upto - telling->done ? n : upto - telling->done;
        char *part = strndup(entry->text + telling->done, n);
        if (!part)
            return;
        view_event(telling->view,
                   &(Event){.type = EVENT_TEXT, .u.text = {.text = part, .source = run->source}});
        free(part);
        telling->done += n;
        telling->in_run += n;
        if (telling->in_run == run->bytes) {
            telling->run++;
            telling->in_run = 0;
        }
    }
}

/* A round that cannot be read is left out. turn: negative, as no live one is. */
static void tell_round(Telling *telling, const char *line, size_t bytes, int turn)
{
    Event event;
    if (event_from_line(&event, line, bytes, NULL) != 0)
        return;
    event.turn = turn;
    if (event.type == EVENT_ROUND)
        view_event(telling->view, &event);
    event_free(&event);
}

/* The past has its race in the totals of its answers, also where their rounds are no longer kept. */
static void tell_race(Race *race, const Entry *entry, bool continues)
{
    if (continues)
        race_switch(race, &(EventStats){0});
    else
        race_begin(race);
    race_stats(race, &entry->totals);
}

static void tell_answer(View *view, Race *race, const Entry *entry, bool continues, int turn,
                        bool rounds)
{
    Telling telling = {.view = view, .entry = entry};
    char figures[256];
    const char *line = entry->rounds;
    if (continues)
        view_continue(view);
    for (int i = 0; i < entry->n_rounds && rounds; i++) {
        size_t n = strcspn(line, "\n");
        tell_text(&telling, entry->round_at[i]);
        tell_round(&telling, line, n, turn);
        line += n + 1;
    }
    tell_text(&telling, entry->bytes);
    Event done = {.type = EVENT_DONE, .turn = turn, .u.done.totals = entry->totals};
    snprintf(done.u.done.reason, sizeof(done.u.done.reason), "%s", entry->reason);
    view_event(view, &done);
    answer_line(&entry->totals, entry->target, entry->reason, figures, sizeof(figures));
    tell_race(race, entry, continues);
    view->race = *race;
    view_set_figures(view, figures);
}

void screen_show_transcript(View *view, const Transcript *transcript)
{
    ViewPresent present;
    Race race = {0};
    char *shown;
    int turn = -transcript->n - 1;
    bool rounds = view->state != VIEW_STARTING;
    view_clear(view);
    view_past_begin(view, &present);
    for (int i = 0; i < transcript->n; i++) {
        const Entry *entry = &transcript->entries[i];
        switch (entry->kind) {
        case ENTRY_USER:
            shown = attach_shown(entry->text);
            view_user(view, shown ? shown : entry->text);
            free(shown);
            break;
        case ENTRY_ANSWER:
            tell_answer(view, &race, entry, transcript_continues(transcript, i), turn + i, rounds);
            break;
        case ENTRY_NOTE:
            view_old_note(view, entry->text);
            break;
        }
    }
    view->race = race;
    view_past_end(view, &present);
}

void screen_list_sessions(View *view, const Chat *chat)
{
    StoredSession *list;
    int n = chat_sessions(chat, &list, NULL);
    ViewSession *rows = n > 0 ? calloc((size_t)n, sizeof(*rows)) : NULL;
    for (int i = 0; rows && i < n; i++) {
        const SessionSummary *summary = &list[i].summary;
        ViewSession *row = &rows[i];
        session_when(summary->time, row->when);
        memcpy(row->name, list[i].name, sizeof(row->name));
        memcpy(row->first, summary->first, sizeof(row->first));
        memcpy(row->target, summary->target, sizeof(row->target));
        row->tokens = summary->tokens;
        row->named = !stored_is_dated(list[i].name);
        row->now = strcmp(list[i].name, chat->keep.store.name) == 0;
    }
    view_set_sessions(view, rows, rows ? n : 0);
    free(rows);
    free(list);
}

void screen_greet(View *view, const Chat *chat)
{
    char *text = NULL;
    size_t bytes = 0;
    StoredSession *list;
    int n = chat_sessions(chat, &list, NULL);
    FILE *out = n > 0 ? open_memstream(&text, &bytes) : NULL;
    if (out) {
        fprintf(out, "Your last chat%s (F9 opens one, /help lists commands):", n > 1 ? "s" : "");
        for (int i = 0; i < n && i < GREETED; i++) {
            char when[20], first[sizeof(list[i].summary.first)];
            session_when(list[i].summary.time, when);
            text_clean_line(list[i].summary.first, first, sizeof(first));
            text_truncate(first, 34);
            fprintf(out, "\n  %s  %s", when, first);
        }
        if (n > GREETED)
            fprintf(out, "\n  and %d more", n - GREETED);
        if (fclose(out) == 0)
            view_greet(view, text);
        free(text);
    }
    free(list);
}
