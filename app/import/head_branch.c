/* head_branch.c - Medusa's and Hydra's branches in a checkpoint: see head_parts.h.
 *
 * Modules of a branch stand in a row, and their places are in the names. Hydra++ has modules without
 * weights (dropout) between them, so places are looked for. A block that Hydra applies several times
 * is one module in several places.
 */
#include <string.h>

#include "app/import/head_parts.h"

enum { PLACES_MAX = 64, BLOCKS_MOST = 16 };

static int count(HeadImport *import)
{
    int k = 0, medusa = import->info.kind == HEAD_MEDUSA;
    while (medusa ? head_find(import, "%d.0.linear.weight", k) != NULL
                  : head_find(import, "hydra_mlp.%d.%d.linear.weight", k, import->first) != NULL)
        k++;
    return k;
}

static int check_medusa(const HeadImport *import, Err *err)
{
    int blocks = 1;
    while (head_find(import, "0.%d.linear.weight", blocks) != NULL)
        blocks++;
    if (import->config.medusa_layers > blocks)
        blocks = import->config.medusa_layers;
    return blocks == 1
               ? 0
               : head_refuse(import, err,
                             "each head has %d residual blocks; s2d runs Medusa's of one", blocks);
}

/* How often the block is there in a branch; *at: first where. */
static int places(const HeadImport *import, int k, int *at)
{
    int n = 0;
    for (int i = import->first + 1; i < PLACES_MAX; i++) {
        if (head_find(import, "hydra_mlp.%d.%d.linear.weight", k, i) == NULL)
            continue;
        if (n++ == 0)
            *at = i;
    }
    return n;
}

static int check_hydra(HeadImport *import, Err *err)
{
    const HeadConfig *c = &import->config;
    HeadInfo *info = &import->info;
    bool known = !c->hydra_arch[0] || strcmp(c->hydra_arch, "mlp") == 0 ||
                 strcmp(c->hydra_arch, "prefix-mlp") == 0;
    if (!known)
        return err_set(err, EXIT_DATA,
                       "%s: \"hydra_head_arch\" is \"%s\"; s2d runs mlp, prefix-mlp",
                       import->config_path, c->hydra_arch);
    if (c->hydra_offset > 0)
        return err_set(err, EXIT_DATA,
                       "%s: it reads states of %d layers before the last; s2d's Hydra reads the "
                       "last one's",
                       import->config_path, c->hydra_offset);
    if (c->grounded == SAID_NO ||
        !head_find(import, "hydra_mlp.0.%d.res_connection.weight", import->first))
        return head_refuse(import, err,
                           "its heads do not know the tokens before them (they are not "
                           "\"grounded\"); s2d runs those that do");
    import->again = -1;
    int shown = places(import, 0, &import->again), said = c->hydra_layers - 1;
    info->blocks = shown == 1 && said > 1 ? said : shown; /* one is enough for all */
    if (shown == 1 && c->hydra_layers == 0)
        head_note(import, "its block is applied once, for nothing says how often");
    if (c->hydra_layers > 0 && info->blocks != said)
        return head_refuse(import, err, "its block is there %d times, and config.json says %d",
                           shown, said);
    if (info->blocks > BLOCKS_MOST)
        return head_refuse(import, err, "its block is applied %d times; s2d runs up to %d",
                           info->blocks, BLOCKS_MOST);
    for (int k = 1, at = -1; k < import->published; k++)
        if (places(import, k, &at) != shown || (shown > 0 && at != import->again))
            return head_refuse(import, err, "branches 0 and %d have other blocks", k);
    import->output = head_find(import, "hydra_lm_head.0.1.weight") ? "1." : "";
    return 0;
}

int head_branches(HeadImport *import, Err *err)
{
    const HeadAsk *ask = import->ask;
    HeadInfo *info = &import->info;
    bool medusa = info->kind == HEAD_MEDUSA;
    int said = medusa ? import->config.medusa_heads : import->config.hydra_heads;
    import->published = count(import);
    if (ask->branches > import->published)
        return err_set(err, EXIT_USAGE, "--heads %d: there are %d", ask->branches,
                       import->published);
    info->branches = ask->branches > 0 ? ask->branches : import->published;
    if (info->branches > BRANCHES_MAX)
        return head_refuse(import, err,
                           "%d heads, and s2d runs up to %d; take the first with "
                           "--heads %d",
                           info->branches, BRANCHES_MAX, BRANCHES_MAX);
    if (said > 0 && said != import->published)
        head_note(import, "config.json says %d heads, and there are %d", said, import->published);
    return medusa ? check_medusa(import, err) : check_hydra(import, err);
}
