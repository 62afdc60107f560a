/* session_store.h - the files of sessions in the data folder: each one is written by one chat alone.
 *
 * A chat holds its file open and locked (flock) as long as it goes on; another one that asks for it is
 * told that it is taken. Whoever takes a lock, renames or removes holds the folder's lock meanwhile, so
 * that nothing comes between. Where the file system has no locks nothing is locked.
 */
#ifndef S2D_APP_CHAT_SESSION_STORE_H
#define S2D_APP_CHAT_SESSION_STORE_H

#include "app/chat/session_file.h"

typedef struct SessionStore {
    char name[SESSION_NAME]; /* "" = has no file yet */
    int fd;                  /* of the file, locked, where `open` */
    bool open;
    long long bytes; /* of what is whole in it */
} SessionStore;

/* A new file with this text, by this name, or by the date where that is NULL. EXIT_DATA: there is a
 * session of that name. */
int stored_create(SessionStore *store, const char *name, const char *text, Err *err);
/* The file gets this text in place of all that was in it: the old or the new one is there, whole. */
int stored_rewrite(SessionStore *store, const char *text, Err *err);
/* Appends and syncs. On failure the file is as it was, or may have a rest at its end: rewrite it. */
int stored_append(SessionStore *store, const char *text, Err *err);

/* Opens an existing session to go on with. 1 = another chat has it: nothing is opened. */
int stored_open(SessionStore *store, const char *name, Err *err);
/* Gives the file up; the store is as new. */
void stored_close(SessionStore *store);

/* The session of the store gets another name. */
int stored_rename_own(SessionStore *store, const char *name, Err *err);
/* The file of the store is removed, and the store as new. */
int stored_remove_own(SessionStore *store, Err *err);
/* Any session that no chat has open. EXIT_USAGE: one has. */
int stored_rename(const char *name, const char *to, Err *err);
int stored_remove(const char *name, Err *err);
/* 0 = there is none of that name; EXIT_DATA: there is. */
int stored_is_free(const char *name, Err *err);

/* Whether a name is one that was made of a date, and not a person's choice. */
bool stored_is_dated(const char *name);

typedef struct StoredSession {
    char name[SESSION_NAME];
    SessionSummary summary;
    long long changed_ns; /* the file, since 1970 */
} StoredSession;

/* The sessions that hold a question, newest first; free the list. Returns how many, -1 = no memory. What
 * cannot be read is left out. */
int stored_list(StoredSession **list, Err *err);

#endif
