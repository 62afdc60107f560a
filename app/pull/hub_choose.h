/* hub_choose.h - which of a repository's files make the model that was asked for. */
#ifndef S2D_APP_PULL_HUB_CHOOSE_H
#define S2D_APP_PULL_HUB_CHOOSE_H

#include "app/pull/hub_list.h"
#include "app/pull/hub_quant.h"

enum { HUB_PARTS_MAX = 256, HUB_NOTE_BYTES = 400 };

/* The parts of one model, in order; the files are the list's. */
typedef struct HubSet {
    const HubFile *files[HUB_PARTS_MAX];
    int n;
    uint64_t bytes;              /* of all of them */
    char label[HUB_LABEL_BYTES]; /* "" = their name says none */
    char note[HUB_NOTE_BYTES];   /* what a person should know of the choice; "" = nothing */
} HubSet;

/* pick: a quantisation or a file's name, in any case of letters; "" = Q4_K_M, or the nearest that is
 * there. EXIT_NOINPUT with what there is, EXIT_DATA when parts are missing. */
int hub_choose(HubSet *set, const HubList *list, const char *pick, const char *repo, Err *err);

#endif
