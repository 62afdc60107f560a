/* slash_ab.c - `/ab`: which two settings are compared.
 *
 *   "/ab plain"  "/ab now e6=.7,e12=.8"  "/ab drafter=sd,tree=off drafter=ngram+s2d"
 *
 * A setting is a name or a list of what differs from what is set now; alone it is compared with that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/slash_tune.h"

static int bad(const char *part, Err *err)
{
    return err_set(err, EXIT_USAGE,
                   "/ab: \"%.40s\" is none of now, plain, profile, tuned, eN=VALUE, all=VALUE, "
                   "tree=TREE, drafter=KIND, target=TARGET",
                   part);
}

static int take_thresholds(const Chat *chat, const char *name, RequestSet *set, Err *err)
{
    const EventReady *ready = &chat->ready;
    bool tuned = strcmp(name, "tuned") == 0;
    int n = tuned ? ready->n_tuned : ready->n_profile;
    if (n == 0)
        return err_set(err, EXIT_USAGE,
                       tuned ? "/ab: no thresholds are tuned for this draft and target"
                             : "/ab: there is no draft with exits here");
    set->n_thresholds = n;
    memcpy(set->thresholds, tuned ? ready->tuned_thresholds : ready->profile_thresholds,
           sizeof set->thresholds);
    return 0;
}

/* name: "e6", "6" or "all". */
static int set_threshold(const Chat *chat, const char *name, const char *value, RequestSet *set,
                         Err *err)
{
    const EventReady *ready = &chat->ready;
    bool all = strcmp(name, "all") == 0, found = false;
    double threshold;
    int layer = 0;
    if (options_number(value, "/ab", 0, 1, &threshold, err) != 0 ||
        (!all && options_integer(name[0] == 'e' ? name + 1 : name, "/ab", 1, 1 << 20, &layer, err)))
        return -1;
    if (set->n_thresholds == 0) {
        set->n_thresholds = ready->n_exits;
        memcpy(set->thresholds, chat_thresholds(chat), sizeof set->thresholds);
    }
    for (int i = 0; i < ready->n_exits; i++)
        if (all || ready->exits[i] == layer) {
            set->thresholds[i] = (float)threshold;
            found = true;
        }
    if (!found)
        return err_set(err, EXIT_USAGE, "/ab: the draft has no exit %s", name);
    return 0;
}

/* One of the profile's, by number or name. */
static int set_target(const Chat *chat, const char *value, RequestSet *set, Err *err)
{
    const EventReady *ready = &chat->ready;
    int number = 0;
    if (options_integer(value, "/ab", 1, TARGETS_MAX, &number, NULL) != 0)
        for (int i = 0; i < ready->n_targets; i++)
            if (strcmp(ready->targets[i], value) == 0)
                number = i + 1;
    if (number < 1 || number > ready->n_targets)
        return err_set(err, EXIT_USAGE,
                       "/ab: there is no target %.60s here; /target names them, and loads others",
                       value);
    set->has_target = number - 1 != ready->target_index;
    set->target = number - 1;
    return 0;
}

static int take_part(const Chat *chat, char *part, RequestSet *set, Err *err)
{
    char *value = strchr(part, '=');
    DrafterChoice choice;
    TreeShape shape;
    if (!value) {
        if (strcmp(part, "profile") == 0 || strcmp(part, "tuned") == 0)
            return take_thresholds(chat, part, set, err);
        if (strcmp(part, "plain") == 0) {
            set->has_spec = true;
            set->spec = SPEC_OFF;
            return 0;
        }
        return strcmp(part, "now") == 0 ? 0 : bad(part, err);
    }
    *value++ = '\0';
    if (strcmp(part, "target") == 0)
        return set_target(chat, value, set, err);
    if (strcmp(part, "tree") == 0) {
        if (strlen(value) >= sizeof set->tree || tree_parse(value, &shape) != 0)
            return err_set(err, EXIT_USAGE, "/ab: \"%.40s\" is no tree: auto, off, static or DxWxN",
                           value);
        strcpy(set->tree, value);
        return 0;
    }
    if (strcmp(part, "drafter") == 0) {
        if (drafter_parse(value, &choice) != 0)
            return err_set(err, EXIT_USAGE, "/ab: \"%.40s\" is no drafter; /drafter names them",
                           value);
        strcpy(set->drafter, value);
        return 0;
    }
    if (strcmp(part, "all") == 0 || part[strspn(part, "e0123456789")] == '\0')
        return set_threshold(chat, part, value, set, err);
    return bad(part, err);
}

int ab_setting(const Chat *chat, const char *text, RequestSet *set, Err *err)
{
    *set = (RequestSet){0};
    char *copy = strdup(text), *rest = copy, *part;
    int status = copy ? 0 : err_set(err, EXIT_MEMORY, "out of memory");
    bool named = false;
    while (status == 0 && (part = strsep(&rest, ","))) {
        named = named || strcmp(part, "profile") == 0 || strcmp(part, "tuned") == 0;
        status = take_part(chat, part, set, err);
    }
    free(copy);
    if (status == 0 && set->has_target && named)
        return err_set(err, EXIT_USAGE,
                       "/ab: profile and tuned are those of the target that is loaded");
    if (status == 0 && set->drafter[0] && set->n_thresholds > 0)
        return err_set(err, EXIT_USAGE,
                       "/ab: another drafter comes with its own thresholds: name it alone");
    return status;
}

int run_ab(Chat *chat, const char *text, Err *err)
{
    static const char blanks[] = " \t";
    RequestSet sides[2];
    size_t n = strcspn(text, blanks);
    const char *second = text + n + strspn(text + n, blanks);
    if (n == 0 || second[strcspn(second, blanks)] != '\0')
        return err_set(err, EXIT_USAGE,
                       "/ab SETTING [SETTING], for example /ab plain or /ab now e6=.7,tree=off");
    char *first = strndup(text, n);
    if (!first)
        return err_set(err, EXIT_MEMORY, "out of memory");
    bool two = *second != '\0';
    int status = ab_setting(chat, two ? first : "now", &sides[0], err);
    if (status == 0)
        status = ab_setting(chat, two ? second : first, &sides[1], err);
    free(first);
    if (status == 0 && sides[0].has_target && sides[1].has_target)
        return err_set(err, EXIT_USAGE,
                       "/ab: one of the two has to have the target that is loaded; /target changes "
                       "it");
    return status == 0 ? chat_compare(chat, sides, err) : -1;
}
