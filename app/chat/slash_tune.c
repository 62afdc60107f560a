/* slash_tune.c - see slash_tune.h. The worker has the last word: what it refuses comes back as
 * an error, and what it took as READY. */
#include "app/chat/slash_tune.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static int list_targets(Chat *chat)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return 0;
    for (int i = 0; i < chat->ready.n_targets; i++)
        fprintf(out, "%s%d  %s%s", i ? "\n" : "", i + 1, chat->ready.targets[i],
                i == chat->ready.target_index ? "  (current)" : "");
    if (fclose(out) == 0)
        chat_note(chat, NOTE_PLAIN, "%s", text);
    free(text);
    return 0;
}

int run_target(Chat *chat, const char *text, Err *err)
{
    int number;
    if (!*text)
        return list_targets(chat);
    if (is_number(text)) {
        if (options_integer(text, "/target", 1, TARGETS_MAX, &number, err) != 0)
            return -1;
        return chat_switch(chat, number - 1, NULL, err);
    }
    for (int i = 0; i < chat->ready.n_targets; i++) {
        if (strcmp(chat->ready.targets[i], text) == 0)
            return chat_switch(chat, i, NULL, err);
    }
    return chat_switch(chat, -1, text, err);
}

int run_draft(Chat *chat, const char *text, Err *err)
{
    if (!*text) {
        chat_note(chat, NOTE_PLAIN, "draft: %s",
                  chat->ready.draft[0] ? chat->ready.draft : "(none)");
        return 0;
    }
    return chat_change_draft(chat, text, err);
}

int run_profile(Chat *chat, const char *text, Err *err)
{
    if (!*text) {
        const Profile *profile = &chat->load.u.load.profile;
        chat_note(chat, NOTE_PLAIN, "profile: %s (%s)", profile->name,
                  profile->path ? profile->path : "built in");
        return 0;
    }
    return chat_change_profile(chat, text, err);
}

int run_drafter(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {0};
    DrafterChoice choice;
    char names[DRAFTER_NAMES_BYTES];
    if (drafter_parse(text, &choice) != 0)
        return err_set(err, EXIT_USAGE, "/drafter: \"%.40s\" is none of %s", text,
                       drafter_names(", ", names));
    strcpy(set.drafter, text);
    return chat_set(chat, &set, err);
}

int run_tree(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {0};
    TreeShape shape;
    if (strlen(text) >= sizeof(set.tree) || tree_parse(text, &shape) != 0)
        return err_set(err, EXIT_USAGE,
                       "/tree: \"%.40s\" is neither auto nor off nor DEPTHxWIDTHxNODES (depth 1 to "
                       "%d, nodes 1 to %d)",
                       text, DEPTH_MAX, NODES_MAX - 1);
    strcpy(set.tree, text);
    if (chat_set(chat, &set, err) != 0)
        return -1;
    chat_notice(chat, "tree %s from the next round on", text);
    return 0;
}

int run_spec(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {.has_spec = true};
    if (spec_parse(text, &set.spec) != 0)
        return err_set(err, EXIT_USAGE, "/spec: \"%.40s\" is none of auto, on, off", text);
    return chat_set(chat, &set, err);
}

static int no_exits(Err *err)
{
    return err_set(err, EXIT_USAGE, "/tau: there is no draft with exits here");
}

static int set_auto(Chat *chat, bool on, Err *err)
{
    RequestSet set = {.has_auto = true, .auto_thresholds = on};
    if (chat->ready.n_exits == 0)
        return no_exits(err);
    if (chat_set(chat, &set, err) != 0)
        return -1;
    chat_notice(chat, on ? "automatic thresholds from the next round on"
                         : "the thresholds stay as they are");
    return 0;
}

int run_tau(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {.n_thresholds = chat->ready.n_exits};
    char exit[16] = "";
    double value;
    int layer = 0;
    size_t n = strcspn(text, " \t");
    const char *rest = text + n + strspn(text + n, " \t");
    if (strcmp(text, "auto") == 0 || strcmp(text, "auto off") == 0)
        return set_auto(chat, !*rest, err);
    if (n == 0 || n >= sizeof(exit) || !*rest)
        return err_set(err, EXIT_USAGE,
                       "/tau EXIT|all VALUE, for example /tau 12 0.6; or /tau auto, /tau auto off");
    memcpy(exit, text, n);
    bool all = strcmp(exit, "all") == 0;
    if (options_number(rest, "/tau", 0, 1, &value, err) != 0 ||
        (!all &&
         options_integer(exit[0] == 'e' ? exit + 1 : exit, "/tau", 1, INT_MAX, &layer, err) != 0))
        return -1;
    if (chat->ready.n_exits == 0)
        return no_exits(err);
    memcpy(set.thresholds, chat_thresholds(chat), sizeof(set.thresholds));
    bool found = false;
    for (int i = 0; i < chat->ready.n_exits; i++) {
        if (all || chat->ready.exits[i] == layer) {
            set.thresholds[i] = (float)value;
            found = true;
        }
    }
    if (!found)
        return err_set(err, EXIT_USAGE, "/tau: the draft has no exit after layer %d", layer);
    return chat_set(chat, &set, err);
}

static void show_settings(Chat *chat)
{
    const ChatSettings *s = &chat->settings;
    char stops[STOPS_TEXT];
    chat_note(chat, NOTE_PLAIN,
              "temperature %g\ntop_k %d%s\ntop_p %g\nseed %d\nmax_tokens %d%s\nstop %s",
              s->temperature, s->top_k, s->top_k ? "" : " (all)", s->top_p, s->seed, s->max_tokens,
              s->max_tokens ? "" : " (until the context is full)",
              options_stops_text(&chat->stops, stops));
}

/* Goes with each question: the worker need not know. */
static int set_stop(Chat *chat, const char *text, Err *err)
{
    char stops[STOPS_TEXT];
    if (options_stop(&chat->stops, text, "/set stop", err) != 0)
        return -1;
    chat_notice(chat, "stop %s", options_stops_text(&chat->stops, stops));
    return 0;
}

int run_set(Chat *chat, const char *text, Err *err)
{
    ChatSettings s = chat->settings;
    char name[16] = "";
    size_t n = strcspn(text, " \t");
    const char *value = text + n + strspn(text + n, " \t");
    if (!*text) {
        show_settings(chat);
        return 0;
    }
    if (n < sizeof(name))
        memcpy(name, text, n);
    if (strcmp(name, "stop") == 0)
        return set_stop(chat, value, err);
    int status;
    if (strcmp(name, "temperature") == 0)
        status = options_number(value, name, 0, 10, &s.temperature, err);
    else if (strcmp(name, "top_k") == 0)
        status = options_integer(value, name, 0, INT_MAX, &s.top_k, err);
    else if (strcmp(name, "top_p") == 0)
        status = options_number(value, name, 0, 1, &s.top_p, err);
    else if (strcmp(name, "seed") == 0)
        status = options_integer(value, name, 0, INT_MAX, &s.seed, err);
    else if (strcmp(name, "max_tokens") == 0)
        status = options_integer(value, name, 0, 1 << 20, &s.max_tokens, err);
    else
        status = err_set(
            err, EXIT_USAGE,
            "/set NAME VALUE: the names are temperature, top_k, top_p, seed, max_tokens, stop");
    if (status != 0)
        return -1;
    if (strcmp(name, "max_tokens") == 0)
        chat->settings = s; /* goes with each question: the worker need not know */
    else if (chat_set_sampling(chat, &s, err) != 0)
        return -1;
    chat_notice(chat, "%s %s", name, value);
    return 0;
}
