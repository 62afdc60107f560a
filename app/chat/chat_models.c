/* chat_models.c - what the worker has loaded and how it is set, and how a new worker gets there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/chat/chat.h"

char *chat_word(Chat *chat, const char *text)
{
    char **words = realloc(chat->words, (chat->n_words + 1) * sizeof(*words));
    if (!words)
        return NULL;
    chat->words = words;
    char *copy = strdup(text);
    if (copy)
        chat->words[chat->n_words++] = copy;
    return copy;
}

void chat_take_profile(Chat *chat)
{
    const Profile *profile = &chat->load.u.load.profile;
    chat->settings = (ChatSettings){.temperature = profile->temperature,
                                    .top_k = profile->top_k,
                                    .top_p = profile->top_p,
                                    .seed = profile->seed,
                                    .max_tokens = profile->max_tokens};
    chat->stops = profile->stops;
    if (!chat->system_set) {
        free(chat->system);
        chat->system = profile->system ? strdup(profile->system) : NULL;
    }
}

int chat_send_load(Chat *chat, const Request *load, Err *err)
{
    if (client_send(chat->client, load, err) != 0)
        return -1;
    chat->state = CHAT_LOADING;
    return 0;
}

/* Which of the profile's targets is the current one; -1 = none of them. */
static int current_index(const Chat *chat)
{
    const Profile *profile = &chat->load.u.load.profile;
    for (int i = 0; chat->target && i < profile->n_targets; i++) {
        if (strcmp(profile->targets[i].model, chat->target) == 0)
            return i;
    }
    return chat->target ? -1 : chat->load.u.load.target_index;
}

int chat_revive(Chat *chat, Err *err)
{
    int index = current_index(chat);
    if (index >= 0)
        chat->load.u.load.target_index = index;
    if (client_pid(chat->client) < 0) {
        chat->fatal_told = false;
        if (client_restart(chat->client, err) != 0)
            return -1;
    }
    chat->restarts++;
    return chat_send_load(chat, &chat->load, err);
}

/* Asks for a load made from other options; they hold once it worked. */
static int change_models(Chat *chat, const Options *options, Err *err)
{
    Request load;
    if (chat->state == CHAT_ANSWERING || chat->state == CHAT_LOADING)
        return err_set(err, EXIT_USAGE,
                       chat->state == CHAT_LOADING ? "models are being loaded: wait for that"
                                                   : "an answer is coming: stop it first (Esc)");
    if (options_request(options, &load, err) != 0)
        return -1;
    if (client_pid(chat->client) < 0 && client_restart(chat->client, err) != 0) {
        request_free(&load);
        return -1;
    }
    if (chat_send_load(chat, &load, err) != 0) {
        request_free(&load);
        return -1;
    }
    chat->wanted = load;
    chat->wanted_options = *options;
    chat->has_wanted = true;
    return 0;
}

int chat_change_draft(Chat *chat, const char *model, Err *err)
{
    Options options = chat->options;
    options.draft = chat_word(chat, model);
    options.drafter = options.adapter = NULL;
    if (chat->target)
        options.target = chat_word(chat, chat->target);
    if (!options.draft || (chat->target && !options.target))
        return err_set(err, EXIT_MEMORY, "out of memory");
    return change_models(chat, &options, err);
}

int chat_change_profile(Chat *chat, const char *name, Err *err)
{
    Options options = {.config = chat->options.config,
                       .profile = chat_word(chat, name),
                       .device = chat->options.device,
                       .isa = chat->options.isa,
                       .host = chat->options.host,
                       .act_f32 = chat->options.act_f32,
                       .has_threads = chat->options.has_threads,
                       .threads = chat->options.threads};
    if (!options.profile)
        return err_set(err, EXIT_MEMORY, "out of memory");
    return change_models(chat, &options, err);
}

static int no_models(const Chat *chat, Err *err)
{
    if (chat->state == CHAT_LOST)
        return err_set(err, EXIT_USAGE, "there is no worker; the next question starts one");
    if (!chat->was_ready)
        return err_set(err, EXIT_USAGE, "the models are still being loaded");
    return 0;
}

int chat_ask_switch(Chat *chat, int index, const char *name, bool unload, Err *err)
{
    Request request = {.type = REQUEST_SWITCH, .u.swap.unload = unload};
    if (no_models(chat, err) != 0)
        return -1;
    if (!name && (index < 0 || index >= chat->ready.n_targets))
        return err_set(err, EXIT_USAGE, "there is no target %d; this profile has %d", index + 1,
                       chat->ready.n_targets);
    char *copy = name ? strdup(name) : NULL;
    if (name && !copy)
        return err_set(err, EXIT_MEMORY, "out of memory");
    request.u.swap.index = name ? -1 : index;
    request.u.swap.name = copy;
    if (client_send(chat->client, &request, err) != 0) {
        free(copy);
        return -1;
    }
    free(chat->switching);
    chat->switching = copy;
    return 0;
}

int chat_switch(Chat *chat, int index, const char *name, Err *err)
{
    return chat_ask_switch(chat, index, name, false, err);
}

int chat_change_place(Chat *chat, const char *target, const char *device, Err *err)
{
    Options options = chat->options;
    const char *draft = chat->load.u.load.profile.draft_base;
    target = target ? target : chat->target;
    if (target)
        options.target = chat_word(chat, target);
    if (draft) /* a target that the profile does not name keeps it */
        options.draft = chat_word(chat, draft);
    if (device)
        options.device = device;
    if ((target && !options.target) || (draft && !options.draft))
        return err_set(err, EXIT_MEMORY, "out of memory");
    return change_models(chat, &options, err);
}

int chat_change_pair(Chat *chat, const char *target, Err *err)
{
    Options options = chat->options;
    options.profile = options.draft = options.adapter = options.drafter = NULL;
    options.target = chat_word(chat, target);
    if (!options.target)
        return err_set(err, EXIT_MEMORY, "out of memory");
    return change_models(chat, &options, err);
}

void chat_make_offer(Chat *chat, ChatOffer offer, const char *target)
{
    char *copy = target ? strdup(target) : NULL;
    if (target && !copy)
        return;
    free(chat->offered);
    chat->offered = copy;
    chat->offer = offer;
    switch (offer) {
    case OFFER_NONE:
        break;
    case OFFER_CPU:
        chat_note(chat, NOTE_WARNING, "go on with the CPU? y or n");
        break;
    case OFFER_UNLOAD:
        chat_note(chat, NOTE_WARNING, "unload what is not in use, and load %s? y or n", target);
        break;
    case OFFER_REPLACE:
        chat_note(chat, NOTE_WARNING, "unload the current target, and load %s? y or n", target);
        break;
    case OFFER_GO_ON:
        chat_note(chat, NOTE_WARNING,
                  "the context of %d tokens is full in the middle of the answer: go on with it, "
                  "without the oldest question and its answer? y or n",
                  chat->ready.ctx);
        break;
    case OFFER_DELETE:
        chat_note(chat, NOTE_WARNING, "delete session %s for good? y or n", target);
        break;
    }
}

/* Lays what is set now over what was set before. */
static void remember(RequestSet *all, const RequestSet *set)
{
    if (set->n_thresholds) {
        all->n_thresholds = set->n_thresholds;
        memcpy(all->thresholds, set->thresholds, sizeof(all->thresholds));
        all->has_auto = false;
    }
    if (set->has_auto) {
        all->has_auto = all->auto_thresholds = set->auto_thresholds;
        all->n_thresholds = 0; /* they are as the worker has moved them */
    }
    if (set->has_forecasts)
        all->has_forecasts = all->forecasts = set->forecasts; /* off is how a worker begins */
    if (set->tree[0])
        memcpy(all->tree, set->tree, sizeof(all->tree));
    if (set->drafter[0])
        memcpy(all->drafter, set->drafter, sizeof(all->drafter));
    if (set->has_sampling) {
        all->has_sampling = true;
        all->sampling = set->sampling;
    }
    if (set->date[0])
        memcpy(all->date, set->date, sizeof(all->date));
    if (set->has_think) {
        all->has_think = true;
        all->think = set->think;
    }
    if (set->has_spec) {
        all->has_spec = true;
        all->spec = set->spec;
    }
}

int chat_set(Chat *chat, const RequestSet *set, Err *err)
{
    Request request = {.type = REQUEST_SET, .u.set = *set};
    if (no_models(chat, err) != 0 || client_send(chat->client, &request, err) != 0)
        return -1;
    remember(&chat->set, set);
    chat->keeping = chat->keeping || set->keep;
    return 0;
}

void chat_watch(Chat *chat, bool on)
{
    RequestSet set = {.has_forecasts = true, .forecasts = on};
    Err none = {0};
    if (chat_set(chat, &set, &none) != 0)
        remember(&chat->set, &set); /* a worker that is ready is told what was set */
}

int chat_set_sampling(Chat *chat, const ChatSettings *settings, Err *err)
{
    RequestSet set = {.has_sampling = true,
                      .sampling = {.temperature = (float)settings->temperature,
                                   .top_k = settings->top_k,
                                   .top_p = (float)settings->top_p,
                                   .seed = (uint32_t)settings->seed}};
    /* Before a worker is ready it is enough to remember: it is told with all else that was set. */
    if (chat->state == CHAT_LOST || !chat->was_ready)
        remember(&chat->set, &set);
    else if (chat_set(chat, &set, err) != 0)
        return -1;
    chat->settings = *settings;
    return 0;
}

const float *chat_thresholds(const Chat *chat)
{
    if (chat->set.n_thresholds == chat->ready.n_exits)
        return chat->set.thresholds;
    return chat->ready.thresholds;
}
