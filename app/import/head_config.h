/* head_config.h - what the config.json beside a published head says that its tensors do not.
 *
 * Such files hold much that is nobody's business here: other keys are passed over. Those below are
 * read strictly, and null counts as not said.
 */
#ifndef S2D_APP_IMPORT_HEAD_CONFIG_H
#define S2D_APP_IMPORT_HEAD_CONFIG_H

#include <stdbool.h>

#include "kernels/common/bounds.h"
#include "kernels/common/err.h"

/* 0, "" or SAID_NOTHING: not said. */
typedef enum Said { SAID_NOTHING, SAID_NO, SAID_YES } Said;

typedef struct HeadConfig {
    bool given;        /* there is a file */
    int hidden, vocab; /* of the target, as all agree */
    int target_hidden; /* where the head's own is another */
    int layers;        /* of EAGLE; in other files, of the target */
    int heads, kv_heads, head_dim, ffn;
    int draft_vocab; /* tokens that EAGLE-3 scores */
    int medusa_heads, medusa_layers;
    int hydra_heads, hydra_layers;
    int hydra_offset; /* layers before the last, whose states Hydra reads */
    Said bias;        /* of EAGLE's fc */
    Said grounded;    /* Hydra's heads know the tokens before them */
    double rope_theta, norm_eps;
    char hydra_arch[32];          /* "mlp", "prefix-mlp" */
    char act[32];                 /* "silu" */
    char rope_scaling[32];        /* its kind */
    int n_aux, aux[FEATURES_MAX]; /* EAGLE-3's layers, as some programs count them */
    char base_name[64];           /* the target, as people call it */
} HeadConfig;

/* path NULL = there is none. EXIT_DATA when a key is not what it should be. */
int head_config_read(HeadConfig *config, const char *path, Err *err);

#endif
