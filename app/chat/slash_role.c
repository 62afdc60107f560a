/* slash_role.c - /role: the config file's system messages. See slash.h. */
#include "app/chat/slash_role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list_roles(Chat *chat)
{
    const Config *config = chat->options.config;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = config && config->n_roles > 0 ? open_memstream(&text, &bytes) : NULL;
    if (!out) {
        chat_note(chat, NOTE_PLAIN, "no roles: `roles:` in s2d.yaml names system messages");
        return 0;
    }
    for (int i = 0; i < config->n_roles; i++) {
        const ConfigRole *role = &config->roles[i];
        bool now = chat->system && strcmp(chat->system, role->system) == 0;
        fprintf(out, "%s%-14s %.*s", i > 0 ? "\n" : "", role->name,
                (int)strcspn(role->system, "\n"), role->system);
        fprintf(out, "%s", now ? "  (now)" : "");
    }
    if (fclose(out) == 0)
        chat_note(chat, NOTE_PLAIN, "%s", text);
    free(text);
    return 0;
}

int run_role(Chat *chat, const char *text, Err *err)
{
    static const Config none;
    if (!*text)
        return list_roles(chat);
    const Config *config = chat->options.config ? chat->options.config : &none;
    const ConfigRole *role = config_role(config, text, err);
    if (!role || chat_set_system(chat, role->system, err) != 0)
        return -1;
    chat_notice(chat, "the system message is the role %s's", role->name);
    return 0;
}
