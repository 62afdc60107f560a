/* slash_tune.h - the slash commands that change models, drafting and sampling. */
#ifndef S2D_APP_CHAT_SLASH_TUNE_H
#define S2D_APP_CHAT_SLASH_TUNE_H

#include "app/chat/chat.h"

int run_target(Chat *chat, const char *text, Err *err);
int run_draft(Chat *chat, const char *text, Err *err);
int run_profile(Chat *chat, const char *text, Err *err);
int run_drafter(Chat *chat, const char *text, Err *err);
int run_tau(Chat *chat, const char *text, Err *err);
int run_tree(Chat *chat, const char *text, Err *err);
int run_spec(Chat *chat, const char *text, Err *err);
int run_think(Chat *chat, const char *text, Err *err);
int run_set(Chat *chat, const char *text, Err *err);

/* slash_ab.c */
int run_ab(Chat *chat, const char *text, Err *err);
/* One setting of `/ab`, as what differs from what is set. */
int ab_setting(const Chat *chat, const char *text, RequestSet *set, Err *err);

#endif
