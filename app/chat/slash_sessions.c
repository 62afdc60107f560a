/* slash_sessions.c - see slash_sessions.h. */
#include "app/chat/slash_sessions.h"

#include <stdio.h>
#include <string.h>

int run_sessions(Chat *chat, const char *text, Err *err)
{
    (void)text;
    (void)err;
    chat->front->sessions(chat->user);
    return 0;
}

int run_save(Chat *chat, const char *text, Err *err)
{
    const char *name = *text ? text : chat->keep.store.name;
    if (!*name)
        return err_set(err, EXIT_USAGE, "/save NAME: this chat has no name yet");
    if (chat_save(chat, name, err) != 0)
        return -1;
    chat_notice(chat, "saved as %s", name);
    return 0;
}

int run_load(Chat *chat, const char *text, Err *err)
{
    if (!*text)
        return err_set(err, EXIT_USAGE, "/load NAME: which session? /sessions lists them");
    return chat_load(chat, text, err);
}

int run_rename(Chat *chat, const char *text, Err *err)
{
    char name[SESSION_NAME];
    size_t n = strcspn(text, " "), blanks = strspn(text + n, " ");
    if (n == 0 || n >= sizeof(name) || text[n + blanks] == '\0')
        return err_set(err, EXIT_USAGE, "/rename NAME NEW: a session, and its new name");
    memcpy(name, text, n);
    name[n] = '\0';
    if (chat_rename(chat, name, text + n + blanks, err) != 0)
        return -1;
    chat_notice(chat, "session %s is now %s", name, text + n + blanks);
    return 0;
}

int run_delete(Chat *chat, const char *text, Err *err)
{
    if (!*text)
        return err_set(err, EXIT_USAGE, "/delete NAME: which session? /sessions lists them");
    return chat_offer_delete(chat, text, err);
}
