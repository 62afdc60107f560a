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
        int most = chat->ready.n_targets > 0 ? chat->ready.n_targets : TARGETS_MAX;
        if (options_integer(text, "/target", 1, most, &number, NULL) != 0)
            return err_set(err, EXIT_USAGE, "there is no target %.20s; this profile has %d", text,
                           most);
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

/* What holds now is the engine's to say. */
static int not_loaded(Err *err)
{
    return err_set(err, EXIT_USAGE, "the models are still being loaded");
}

int run_drafter(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {0};
    DrafterChoice choice;
    char names[DRAFTER_NAMES_BYTES];
    if (!*text && !chat->was_ready)
        return not_loaded(err);
    if (!*text) {
        chat_note(chat, NOTE_PLAIN, "drafter %s; there are %s", chat->ready.drafter,
                  drafter_names(", ", names));
        return 0;
    }
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
    if (!*text && !chat->was_ready)
        return not_loaded(err);
    if (!*text) {
        chat_note(chat, NOTE_PLAIN, "tree %s", chat->ready.tree);
        return 0;
    }
    if (strlen(text) >= sizeof(set.tree) || tree_parse(text, &shape) != 0)
        return err_set(err, EXIT_USAGE,
                       "/tree: \"%.40s\" is neither auto nor off nor static nor DEPTHxWIDTHxNODES "
                       "(depth 1 to %d, width 1 to %d, nodes 1 to %d)",
                       text, DEPTH_MAX, TREE_WIDTH_MAX, NODES_MAX - 1);
    strcpy(set.tree, text);
    if (chat_set(chat, &set, err) != 0)
        return -1;
    chat_notice(chat, "tree %s from the next round on", text);
    return 0;
}

int run_spec(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {.has_spec = true};
    if (!*text && !chat->was_ready)
        return not_loaded(err);
    if (!*text) {
        chat_note(chat, NOTE_PLAIN, "speculation %s%s", spec_name(chat->ready.spec),
                  chat->ready.drafts ? "" : ", and the drafter is plain: nothing drafts");
        return 0;
    }
    if (spec_parse(text, &set.spec) != 0)
        return err_set(err, EXIT_USAGE, "/spec: \"%.40s\" is none of auto, on, off", text);
    return chat_set(chat, &set, err);
}

int run_think(Chat *chat, const char *text, Err *err)
{
    RequestSet set = {.has_think = true};
    const EventReady *ready = &chat->ready;
    if (!chat->was_ready)
        return not_loaded(err);
    if (*text && think_parse(text, &set.think) != 0)
        return err_set(err, EXIT_USAGE, "/think: \"%.40s\" is none of auto, on, off", text);
    if (!ready->thinking[0])
        return err_set(err, EXIT_USAGE, "/think: the template of %s cannot turn thinking on or off",
                       ready->target);
    if (!*text) {
        chat_note(chat, NOTE_PLAIN, "thinking %s", ready->thinking);
        return 0;
    }
    if (chat_set(chat, &set, err) != 0)
        return -1;
    chat_notice(chat, "thinking %s from the next answer on", text);
    return 0;
}

static int no_exits(Err *err)
{
    return err_set(err, EXIT_USAGE, "/tau: there is no draft with exits here");
}

static int show_thresholds(Chat *chat, Err *err)
{
    static const char *const from[] = {[THRESHOLDS_PROFILE] = "of the profile",
                                       [THRESHOLDS_TUNED] = "as s2d tune found them",
                                       [THRESHOLDS_HAND] = "set by hand",
                                       [THRESHOLDS_AUTO] = "as auto left them"};
    const EventReady *ready = &chat->ready;
    char text[EXITS_MAX * 24] = "";
    int n = 0;
    if (ready->n_exits == 0)
        return no_exits(err);
    for (int i = 0; i < ready->n_exits; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%d %.2f", i ? ", " : "",
                      ready->exits[i], (double)chat_thresholds(chat)[i]);
    chat_note(chat, NOTE_PLAIN, "thresholds after layers %s: %s", text,
              ready->auto_thresholds ? "auto" : from[ready->thresholds_from]);
    return 0;
}

/* The exit that is called so, as "12" or "e12"; -1 = none is, and err says which there are. */
static int exit_named(const Chat *chat, const char *name, Err *err)
{
    char exits[EXITS_MAX * 12] = "", own[16];
    int n = 0;
    for (int i = 0; i < chat->ready.n_exits; i++) {
        n += snprintf(exits + n, sizeof(exits) - (size_t)n, "%s%d", i ? ", " : "",
                      chat->ready.exits[i]);
        snprintf(own, sizeof(own), "%d", chat->ready.exits[i]);
        if (strcmp(name[0] == 'e' ? name + 1 : name, own) == 0)
            return i;
    }
    return err_set(err, EXIT_USAGE, "/tau: the draft has no exit after layer %s, but after %s",
                   name, exits);
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
    size_t n = strcspn(text, " \t");
    const char *rest = text + n + strspn(text + n, " \t");
    if (!*text)
        return chat->was_ready ? show_thresholds(chat, err) : not_loaded(err);
    if (strcmp(text, "auto") == 0 || strcmp(text, "auto off") == 0)
        return set_auto(chat, !*rest, err);
    if (n == 0 || n >= sizeof(exit) || !*rest)
        return err_set(err, EXIT_USAGE,
                       "/tau EXIT|all VALUE, for example /tau 12 0.6; or /tau auto, /tau auto off");
    memcpy(exit, text, n);
    bool all = strcmp(exit, "all") == 0;
    if (options_number(rest, "/tau", 0, 1, &value, err) != 0)
        return -1;
    if (chat->ready.n_exits == 0)
        return no_exits(err);
    int chosen = all ? 0 : exit_named(chat, exit, err);
    if (chosen < 0)
        return -1;
    memcpy(set.thresholds, chat_thresholds(chat), sizeof(set.thresholds));
    for (int i = 0; i < chat->ready.n_exits; i++)
        if (all || i == chosen)
            set.thresholds[i] = (float)value;
    return chat_set(chat, &set, err);
}

static void show_settings(Chat *chat)
{
    const ChatSettings *s = &chat->settings;
    char stops[STOPS_TEXT];
    const char *mouse = !chat->front->mouse ? ""
                        : chat->mouse_off   ? "\nmouse off: it is the terminal's"
                                            : "\nmouse on: the wheel scrolls, Shift selects";
    chat_note(chat, NOTE_PLAIN,
              "temperature %g\ntop_k %d%s\ntop_p %g\nseed %d\nmax_tokens %d%s\nstop %s%s",
              s->temperature, s->top_k, s->top_k ? "" : " (all)", s->top_p, s->seed, s->max_tokens,
              s->max_tokens ? "" : " (until the context is full)",
              options_stops_text(&chat->stops, stops), mouse);
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

static int set_mouse(Chat *chat, const char *value, Err *err)
{
    bool on = strcmp(value, "on") == 0;
    if (!chat->front->mouse)
        return err_set(err, EXIT_USAGE, "/set mouse: there is none here; it is the screen's");
    if (!on && strcmp(value, "off") != 0)
        return err_set(err, EXIT_USAGE, "/set mouse: \"%.40s\" is neither on nor off", value);
    chat->mouse_off = !on;
    chat->front->mouse(chat->user, on);
    chat_notice(chat, on ? "mouse on: the wheel scrolls the chat, Shift selects"
                         : "mouse off: it is the terminal's");
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
    if (strcmp(name, "mouse") == 0)
        return set_mouse(chat, value, err);
    if (strcmp(name, "temperature") == 0)
        status = options_number(value, name, 0, 10, &s.temperature, err);
    else if (strcmp(name, "top_k") == 0)
        status = options_integer(value, name, 0, INT_MAX, &s.top_k, err);
    else if (strcmp(name, "top_p") == 0)
        status = options_number(value, name, 0, 1, &s.top_p, err);
    else if (strcmp(name, "seed") == 0)
        status = options_integer(value, name, 0, INT_MAX, &s.seed, err);
    else if (strcmp(name, "max_tokens") == 0)
        status = options_integer(value, name, 0, chat->ready.ctx > 0 ? chat->ready.ctx : 1 << 20,
                                 &s.max_tokens, err);
    else
        status = err_set(err, EXIT_USAGE,
                         "/set NAME VALUE: the names are temperature, top_k, top_p, seed, "
                         "max_tokens, stop, mouse");
    if (status != 0)
        return -1;
    if (strcmp(name, "max_tokens") == 0)
        chat->settings = s; /* goes with each question: the worker need not know */
    else if (chat_set_sampling(chat, &s, err) != 0)
        return -1;
    chat_notice(chat, "%s %s", name, value);
    return 0;
}
