/* chat.h - one conversation with one worker, whoever shows it.
 *
 *   lines -> chat_line -> requests -> Client ... events -> chat_pump -> Transcript, ChatFront
 *
 * The Chat knows what was said and what the worker does; it never touches the terminal. Two fronts
 * show it: the screen (chat_screen.c) and plain lines (chat_plain.c). A worker that dies takes
 * nothing along: a new one is started, and reads the conversation at the next question.
 *
 * chat.c keeps the conversation, chat_models.c what the worker has loaded and set, chat_events.c
 * takes the events, chat_context.c copes with a full context, chat_offer.c takes a yes, chat_note.c
 * tells the front, chat_keep.c keeps it in a session file as it grows, chat_restore.c goes on with
 * one, chat_files.c exports, slash.c reads the slash commands.
 */
#ifndef S2D_APP_CHAT_CHAT_H
#define S2D_APP_CHAT_CHAT_H

#include "app/chat/attach.h"
#include "app/chat/session_store.h"
#include "app/chat/trace.h"
#include "app/options.h"
#include "app/play/timeline.h"
#include "app/protocol/client.h"
#include "ui/ui.h"

enum {
    CONTEXT_WARNING = 85
}; /* percent of the context, from which on it is said to be nearly full */

typedef enum ChatState {
    CHAT_LOADING, /* models are being read; questions wait */
    CHAT_IDLE,    /* the next question may come */
    CHAT_ANSWERING,
    CHAT_LOST, /* no worker, or one without models; the next question tries again */
} ChatState;

typedef enum NoteKind { NOTE_PLAIN, NOTE_WARNING, NOTE_ERROR } NoteKind;

/* How a front hears of what happens. Texts may hold control characters: the front cleans them. */
typedef struct ChatFront {
    void (*event)(void *user, const Event *event); /* every event, before the chat takes it */
    void (*said)(void *user, const char *text);    /* a question goes out */
    void (*queued)(void *user, const char *text);  /* a question waits */
    void (*unqueued)(void *user); /* the oldest that waited does no more: it is said, or given up */
    void (*note)(void *user, NoteKind kind, const char *text); /* to stay; perhaps several lines */
    void (*notice)(void *user, const char *text);              /* one line, in passing */
    void (*taken_back)(void *user, const char *text); /* the last exchange is gone; text to edit */
    void (*answer_dropped)(void *user);               /* the last question is asked again */
    void (*changed)(void *user);                      /* another transcript: show all of it anew */
    void (*renamed)(void *user);                      /* another session name */
    void (*asked)(void *user);                        /* an answer was asked for; DONE ends it */
    void (*stopping)(void *user);                     /* a stop was sent */
    /* Another theme, or with "" the one there is, told by a notice; NULL = there is no screen. */
    int (*theme)(void *user, const char *name, Err *err);
    /* What not every front can: NULL, or -1 with *err. */
    void (*dropped)(void *user, int questions); /* that many of the last, and all after them */
    void (*edit)(void *user, int question, const char *text); /* to be sent in its place */
    int (*copy)(void *user, int number, Err *err);            /* number: see ui/clip.h */
    void (*search)(void *user, const char *text);
    void (*mouse)(void *user, bool on);
    void (*goes_on)(void *user);  /* the answer to come continues the last one */
    void (*sessions)(void *user); /* show which there are: chat_sessions */
} ChatFront;

/* What the person is asked; "y" takes it, "n" declines, and anything else is as good as "n". */
typedef enum ChatOffer {
    OFFER_NONE,
    OFFER_UNLOAD,  /* models that nothing uses, for the target asked for */
    OFFER_REPLACE, /* the current target, by the one asked for */
    OFFER_CPU,     /* to go on without the device that failed */
    OFFER_GO_ON,   /* with an answer that the context cut off, without the oldest exchange */
    OFFER_DELETE,  /* a session */
} ChatOffer;

/* What is still to be done so that the models are as a session had them. */
typedef struct ChatRestore {
    bool due, profile_tried, target_tried;
    bool profile_loaded; /* whose own settings are in force now */
    bool switching;      /* the target is being switched to */
    char *profile, *target, *model;
    ChatSettings settings;
    SavedDrafting drafting;
    char *note; /* to be told when it is over */
} ChatRestore;

/* How far the chat is in its session file. */
typedef struct ChatKeep {
    SessionStore store;
    int entries;        /* that are in it */
    bool rewrite;       /* what is in it is no beginning of this chat */
    char *state;        /* the state in it, without its time; NULL = none yet */
    size_t rounds_lost; /* of the transcript, when it was last written anew */
    bool failed;        /* the last try did, which the person was told */
    int tried;          /* entries at that try */
} ChatKeep;

typedef struct Chat {
    const ChatFront *front;
    void *user; /* for front */
    Client *client;
    Options options; /* what `load` came from */
    char **words;    /* texts that options point to, beside the command line's */
    int n_words;

    Request load;   /* what the loaded models came from; a new worker gets it again */
    Request wanted; /* a load that was asked for and is not answered yet */
    Options wanted_options;
    bool has_wanted;
    bool was_ready;  /* some worker was ready once: from then on trouble does not end the program */
    int restarts;    /* since a worker was last ready */
    bool fatal_told; /* the worker has said itself why it ends */
    bool stop_sent, quit;
    bool mouse_off; /* of a front that has one */
    ChatState state;
    EventReady ready; /* what the engine says of itself; all zero before */
    char *target;     /* the current one, as a switch wants it; NULL = the first of `load` */
    char *switching;  /* the one asked for by name; NULL = none */
    ChatOffer offer;
    char *offered;  /* the target or session that it is about */
    bool keeping;   /* thresholds were asked to be kept, and READY says that they are */
    RequestSet set; /* what was set since `load`: a new worker is told again */

    ChatSettings settings;
    Stops stops;     /* before one of these an answer ends */
    char *system;    /* NULL = none */
    bool system_set; /* by /system or a session: another profile does not change it */
    Transcript transcript;
    ChatKeep keep;
    ChatRestore restore;
    char session[SESSION_NAME]; /* the name that the person gave it; "" = none */
    char too_long[512]; /* why the question that was just asked does not fit; "" = it does */
    int ctx_used;       /* tokens of the context, after the last round */
    bool warned_full;   /* that the context is nearly full */
    char **queue;       /* questions that wait for the answer to end, with their files */
    Attachments files;  /* that join the next question */
    int n_queue;
    Trace *trace; /* the event lines so far; NULL = could not be had */
    Err failure;  /* why the program must end */
} Chat;

/* Starts a worker and asks it to load; with options->go_on, what the newest session was held with,
 * which is gone on with. client_options may be NULL. chat_close also after a failure. */
int chat_open(Chat *chat, const ChatFront *front, void *user, const Options *options,
              const ClientOptions *client_options, Err *err);
void chat_close(Chat *chat);

/* Takes all events there are. -1: the first load failed; chat->failure says why. */
int chat_pump(Chat *chat);

/* What the person entered. One line whose first word is "/word" is a command, and "//" at the
 * beginning of one line stands for a slash; all else is a question, as it is. Trouble is told
 * through the front; returns its exit code, 0 = none. */
int chat_line(Chat *chat, const char *line);

/* slash_file.c: the worker has counted a file's tokens; -1 = it could not. */
void file_counted(Chat *chat, int number, int tokens);
/* A count is still to come. */
bool files_await_counts(const Chat *chat);
/* No count will come any more. */
void files_stay_uncounted(Chat *chat);

/* A question that goes back to the person: its files wait again, the rest is the caller's to free; NULL
 * = no memory. */
char *chat_part_files(Chat *chat, const char *text);

/* Asks now, or as soon as it can be asked. -1 = not now, which the front is told. */
int chat_ask(Chat *chat, const char *text);
/* Asks in place of an old question, counted from 1; that one and all after it are gone once this one
 * is sent. -1 = it was not, nothing is gone, and the front is told. */
int chat_ask_instead(Chat *chat, int question, const char *text);
/* Stops the answer. false = there is nothing to stop. */
bool chat_stop(Chat *chat);

/* What commands and keys do. -1 = refused, and err says why. */
int chat_switch(Chat *chat, int index, const char *name, Err *err); /* index -1 = by name */
int chat_set(Chat *chat, const RequestSet *set, Err *err);
/* Asks for FORECAST events, or for none: now, or as soon as there are models. */
void chat_watch(Chat *chat, bool on);
int chat_set_sampling(Chat *chat, const ChatSettings *settings, Err *err);
int chat_change_draft(Chat *chat, const char *model, Err *err);
int chat_change_profile(Chat *chat, const char *name, Err *err);
/* Asks; the answer is the next line. target: or session; NULL for what is about neither */
void chat_make_offer(Chat *chat, ChatOffer offer, const char *target);
/* Takes a line that answers what was asked; false = it does not. */
bool chat_answer_offer(Chat *chat, const char *line, Err *err);
int chat_edit(Chat *chat, int question, Err *err); /* 0 = the last one */
int chat_undo(Chat *chat, Err *err);
int chat_regenerate(Chat *chat, Err *err);
/* The last question again, answered by two settings in turn: [2], as RequestSay.sides. */
int chat_compare(Chat *chat, const RequestSet *sides, Err *err);
int chat_drop_oldest(Chat *chat, Err *err);
int chat_clear(Chat *chat, Err *err);
/* Goes on with an answer that the context cut off: without the oldest exchange. */
int chat_go_on(Chat *chat, Err *err);
int chat_set_system(Chat *chat, const char *text, Err *err); /* NULL = none */

/* Thresholds as they are now or will be at the next round: ready.n_exits of them. */
const float *chat_thresholds(const Chat *chat);

/* The chat is kept under this name from now on, or, where it is a path, copied there. */
int chat_save(Chat *chat, const char *name, Err *err);
/* Goes on with a session, by name or path; the one that was here stays in its own. The models it was
 * held with are loaded, its thresholds and what drafted set. */
int chat_load(Chat *chat, const char *name, Err *err);
/* Another name for a session, or for this chat. */
int chat_rename(Chat *chat, const char *name, const char *to, Err *err);
/* Asks; a yes removes it. This chat's own is refused. */
int chat_offer_delete(Chat *chat, const char *name, Err *err);
int chat_delete(Chat *chat, const char *name, Err *err);
/* Those that there are, newest first; free the list. -1 = no memory. */
int chat_sessions(const Chat *chat, StoredSession **list, Err *err);
/* "2026-11-30 20:01" */
void session_when(long long time, char text[20]);

/* form: "md", "json", "trace" or "cast"; path NULL = a new file here. Tells its name in a notice. */
int chat_export(Chat *chat, const char *form, const char *path, Err *err);
/* Brings the session file up to date. An answer that still comes is left out, unless `all`: it then
 * counts as stopped. Nothing to keep is fine. */
int chat_keep(Chat *chat, bool all, Err *err);

/* Whoever leads the chat on the screen in the person's place: a demo's script. */
typedef struct ChatLead {
    void *user;
    void (*event)(void *user, const Event *event); /* every event, as it comes */
    /* At each turn of the screen's loop; it may act on all three. Returns in how many ms it wants the
     * next one at the latest, -1 = with the next event or key. */
    int (*turn)(void *user, Chat *chat, View *view, Ui *ui);
    void (*key)(void *user, const Key *key); /* as UiOptions.play_key */
} ChatLead;

/* The fronts. They own the terminal and return the process's exit code. */
int chat_screen(const Options *options, const ClientOptions *client_options);
int chat_screen_led(const Options *options, const ClientOptions *client_options,
                    const ChatLead *lead);
int chat_plain(const Options *options, const ClientOptions *client_options);
/* Shows it on the whole screen until the person quits. */
int chat_replay(Timeline *timeline);

/* Between the parts of the chat. */
void chat_note(Chat *chat, NoteKind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void chat_notice(Chat *chat, const char *format, ...) __attribute__((format(printf, 2, 3)));
void chat_ask_next(Chat *chat);        /* the first of the queue, when it can be asked */
int chat_revive(Chat *chat, Err *err); /* a worker with models, or on its way to it */
int chat_send_load(Chat *chat, const Request *load, Err *err);
void chat_take_profile(Chat *chat);            /* settings and system as `load` has them */
char *chat_word(Chat *chat, const char *text); /* a copy that lives as long as the chat */
/* chat_keep with its trouble told, once, and not tried again before the chat has grown. */
void chat_keep_now(Chat *chat);
/* The entries from this one on are not those that are kept. */
void chat_past_changed(Chat *chat, int from);
/* What a saved chat holds; nothing of it is owned. */
SavedChat chat_saved(const Chat *chat);
/* Lays what the newest session was held with under the options, and takes its text over. A missing one
 * is fine. */
int chat_continue(Chat *chat, Err *err);
/* The next step of `restore`, when models are ready and nothing else is under way. */
void chat_restore_next(Chat *chat);
void chat_restore_forget(Chat *chat);
/* index -1 = by name; unload: models that nothing uses may go */
int chat_ask_switch(Chat *chat, int index, const char *name, bool unload, Err *err);
/* Loads anew, with another target or device. NULL = as it is */
int chat_change_place(Chat *chat, const char *target, const char *device, Err *err);
/* Loads anew for a target that the draft does not fit, which the worker is asked to find a draft for. */
int chat_change_pair(Chat *chat, const char *target, Err *err);
void chat_return_queue(Chat *chat); /* what waits is not sent, which is told */
/* A warning of the worker's that the question does not fit. It is told when the question is back in the
 * line, for that takes what was told of it from the screen. */
bool chat_is_too_long(const Event *event);
/* An answer ended because the context is full: the question goes back, or the answer may go on. */
void chat_context_full(Chat *chat, const Entry *answer);
/* An answer ended otherwise: warns, once, where little is left. */
void chat_context_used(Chat *chat);
int chat_answer_again(Chat *chat, uint32_t seed); /* sends the transcript as it is */

#endif
