/* hub_name.h - a repository of the Hugging Face hub as a person names it.
 *
 *   hf.co/OWNER/REPO[:PICK]   OWNER/REPO[:PICK]   huggingface.co/OWNER/REPO[:PICK]
 *   https://huggingface.co/OWNER/REPO, also with /tree/main, /blob/main/FILE, /resolve/main/FILE
 *   behind it, as a browser has them
 *
 * PICK is a quantisation, "Q4_K_M", or a file.
 */
#ifndef S2D_APP_PULL_HUB_NAME_H
#define S2D_APP_PULL_HUB_NAME_H

#include <stdbool.h>

#include "kernels/common/err.h"

enum { HUB_WORD_BYTES = 100, HUB_PICK_BYTES = 512 };

typedef struct HubName {
    char owner[HUB_WORD_BYTES], repo[HUB_WORD_BYTES]; /* letters, digits, - _ . */
    char pick[HUB_PICK_BYTES];                        /* "" = not given */
} HubName;

/* Whether a word can only be meant so: a catalog name has no slash. */
bool hub_name_is(const char *text);

/* endpoint: where the hub is, "https://huggingface.co"; may stand before OWNER too. EXIT_USAGE. */
int hub_name_parse(HubName *name, const char *text, const char *endpoint, Err *err);

#endif
