/* hub.h - a model of any repository of the Hugging Face hub, fetched into the models' place.
 *
 *   hub_find (name -> file list -> the files that were meant) -> hub_pull (fetch, verify, name)
 *
 * What is known of a file comes from the hub's API: only what has that size and that SHA-256 gets a
 * name. The files are those of the commit that the list is of.
 */
#ifndef S2D_APP_PULL_HUB_H
#define S2D_APP_PULL_HUB_H

#include "app/pull/hub_choose.h"
#include "app/pull/hub_name.h"
#include "app/pull/hub_place.h"

enum { HUB_REPO_BYTES = 2 * HUB_WORD_BYTES };

typedef struct Hub {
    HubPlace place;
    HubName name;
    char repo[HUB_REPO_BYTES]; /* "OWNER/REPO" */
    HubList list;
    HubSet set;
} Hub;

/* Asks the hub. stall_seconds: as HttpAccess has it. On success hub_close. */
int hub_find(Hub *hub, const char *name, int stall_seconds, Err *err);
void hub_close(Hub *hub);

/* Fetches what is not here yet; the caller has blocked the signals that ask to end (stops.h).
 * EXIT_INTERRUPTED: what came so far stays for the next time. */
int hub_pull(const Hub *hub, Err *err);

/* The name that a file gets in the models' place: its own, behind the repository's where it does not
 * begin with that; with_owner: behind the owner's as well. EXIT_DATA = too long. */
int hub_file_name(const HubName *name, const char *path, bool with_owner, char *text, size_t size,
                  Err *err);

#endif
