/* hub_place.h - where the hub is and who asks, from the environment as the hub's own tools read it.
 *
 *   HF_ENDPOINT                      in place of https://huggingface.co
 *   HF_TOKEN, HUGGING_FACE_HUB_TOKEN the token, else what is in the file
 *   HF_TOKEN_PATH                    the file; else $HF_HOME/token
 *   HF_HOME                          else $XDG_CACHE_HOME/huggingface, ~/.cache/huggingface
 *   HF_HUB_DISABLE_IMPLICIT_TOKEN    true: without a token
 *
 * (huggingface_hub 1.x, constants.py and utils/_auth.py; blanks and line ends of a token do not
 * count.)
 */
#ifndef S2D_APP_PULL_HUB_PLACE_H
#define S2D_APP_PULL_HUB_PLACE_H

#include <stdbool.h>

#include "kernels/common/err.h"

enum { HUB_ENDPOINT_BYTES = 256, HUB_TOKEN_BYTES = 1024 };

typedef struct HubPlace {
    char endpoint[HUB_ENDPOINT_BYTES]; /* no slash at its end */
    char token[HUB_TOKEN_BYTES];       /* printable ASCII; "" = none */
    bool plain;                        /* the endpoint is http:// */
    bool withheld; /* there is a token, but unencrypted it would leave this machine */
} HubPlace;

/* EXIT_USAGE: the endpoint is no address, the token can be none; EXIT_IO: its file cannot be read. */
int hub_place(HubPlace *place, Err *err);

#endif
