/* head_shape.c - which kind of head a checkpoint holds, and of which sizes: see head_parts.h.
 *
 * Tensors say most. What they do not (how many heads attention has, by how much positions turn) is
 * config.json's to say; then what the authors' programs take where that is silent, for a file of
 * EAGLE's; then the target's own. What is both in the tensors and in config.json must agree.
 */
#include <string.h>

#include "app/import/head_parts.h"

enum { HEADS_MOST = 1024 };

/* ---- kinds ---- */

/* Of whatever the whole was a part. */
static void take_prefix(HeadImport *import)
{
    static const char *const known[] = {"hydra_head.", "medusa_head.", "model.", "module."};
    int n = tensor_file_count(import->file);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t old = strlen(import->prefix);
        int same = 0;
        snprintf(import->prefix + old, sizeof import->prefix - old, "%s", known[i]);
        size_t length = strlen(import->prefix);
        while (same < n &&
               strncmp(tensor_file_at(import->file, same)->name, import->prefix, length) == 0)
            same++;
        if (same == n && length < sizeof import->prefix / 2)
            i = (size_t)-1; /* and again */
        else
            import->prefix[old] = '\0';
    }
}

static bool has_begin(const HeadImport *import, const char *begin)
{
    for (int i = 0; i < tensor_file_count(import->file); i++)
        if (strncmp(head_name(import, tensor_file_at(import->file, i)), begin, strlen(begin)) == 0)
            return true;
    return false;
}

/* What is as high as the hidden size is wide. */
static const Tensor *find_kind(HeadImport *import)
{
    HeadInfo *info = &import->info;
    const Tensor *fc = head_find(import, "fc.weight");
    import->layer = has_begin(import, "midlayer.") ? "midlayer." : "layers.0.";
    if (fc) {
        bool three = fc->dims[1] / 3 == fc->dims[0] ||
                     head_find(import, "%shidden_norm.weight", import->layer) != NULL;
        info->kind = three ? HEAD_EAGLE3 : HEAD_EAGLE;
        return fc;
    }
    if (has_begin(import, "hydra_mlp.")) {
        info->kind = HEAD_HYDRA;
        import->layer = "prefix_embeding_layer.layers.0.";
        info->has_layer = has_begin(import, import->layer);
        for (import->first = 0; import->first < 2; import->first++) {
            fc = head_find(import, "hydra_mlp.0.%d.linear.weight", import->first);
            if (fc)
                return fc;
        }
    }
    info->kind = HEAD_MEDUSA;
    return head_find(import, "0.0.linear.weight");
}

/* ---- what config.json says besides ---- */

static int check_config(const HeadImport *import, Err *err)
{
    const HeadConfig *c = &import->config;
    const HeadInfo *info = &import->info;
    const char *target = import->ask->target_name;
    bool eagle = info->kind == HEAD_EAGLE || info->kind == HEAD_EAGLE3;
    const struct {
        const char *what;
        int said, expected;
    } sizes[] = {{"hidden_size", c->hidden, info->hidden},
                 {"target_hidden_size", c->target_hidden, info->hidden},
                 {"vocab_size", c->vocab, info->vocab}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].said > 0 && sizes[i].said != sizes[i].expected)
            return err_set(err, EXIT_DATA,
                           "%s: \"%s\" is %d, that of %s %d; name the target that "
                           "the head was made for",
                           import->config_path, sizes[i].what, sizes[i].said, target,
                           sizes[i].expected);
    if (eagle && c->layers > 1)
        return err_set(err, EXIT_DATA, "%s: a head of %d layers; s2d runs those of one",
                       import->config_path, c->layers);
    if (c->act[0] && strcmp(c->act, "silu") != 0 && strcmp(c->act, "swish") != 0)
        return err_set(err, EXIT_DATA, "%s: \"hidden_act\" is \"%s\", and s2d's heads have silu",
                       import->config_path, c->act);
    if (c->rope_scaling[0] && strcmp(c->rope_scaling, "default") != 0 && info->has_layer)
        return err_set(err, EXIT_DATA,
                       "%s: positions are scaled (\"%s\"), which s2d's heads do not do",
                       import->config_path, c->rope_scaling);
    bool bias = head_find(import, "fc.bias") != NULL;
    if (eagle && c->bias != SAID_NOTHING && bias != (c->bias == SAID_YES) &&
        info->kind == HEAD_EAGLE)
        return head_refuse(import, err, "'fc.bias' is %s, and config.json says that it is %s",
                           bias ? "there" : "missing", bias ? "not" : "there");
    return 0;
}

/* ---- its layer ---- */

static void take_sizes(HeadImport *import, const ModelConfig *target)
{
    const HeadConfig *c = &import->config;
    ModelConfig *l = &import->info.layer;
    bool eagle = import->info.kind != HEAD_HYDRA && c->given;
    l->heads = c->heads ? c->heads : target->heads;
    l->kv_heads = c->kv_heads ? c->kv_heads : c->heads ? c->heads : target->kv_heads;
    l->head_dim = c->head_dim ? c->head_dim
                  : c->heads  ? import->info.hidden / c->heads
                              : target->head_dim;
    l->rope.base = c->rope_theta > 0 ? (float)c->rope_theta : eagle ? 10000 : target->rope.base;
    l->rope.dims = l->head_dim;
    l->norm_eps = c->norm_eps > 0 ? (float)c->norm_eps : eagle ? 1e-6f : target->norm_eps;
    const struct {
        const char *what;
        bool said, authors; /* it is the authors' where nothing is said */
    } values[] = {{"heads", c->heads > 0, false},
                  {"key/value heads", c->kv_heads > 0, c->heads > 0},
                  {"head size", c->head_dim > 0, c->heads > 0},
                  {"rope base", c->rope_theta > 0, eagle},
                  {"norm epsilon", c->norm_eps > 0, eagle}};
    for (int authors = 0; authors < 2; authors++) {
        char list[NOTE_BYTES / 2] = "";
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            if (!values[i].said && values[i].authors == authors)
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                         list[0] ? ", " : "", values[i].what);
        if (list[0])
            head_note(import, "%s: as %s, for %s", list,
                      authors ? "the authors' program has it" : "the target has it",
                      c->given ? "config.json does not say" : "there is no config.json");
    }
}

static int take_layer(HeadImport *import, const ModelConfig *target, Err *err)
{
    ModelConfig *l = &import->info.layer;
    const Tensor *gate = head_find(import, "%smlp.gate_proj.weight", import->layer);
    if (gate == NULL)
        return head_refuse(import, err, "'%s%smlp.gate_proj.weight' is missing", import->prefix,
                           import->layer);
    take_sizes(import, target);
    if (gate->dims[0] < 2 || gate->dims[0] > INT32_MAX / 2)
        return head_refuse(import, err, "'%s' has %lld rows, expected 2 or more", gate->name,
                           (long long)gate->dims[0]);
    l->ffn = (int)gate->dims[0];
    if (import->config.ffn > 0 && import->config.ffn != l->ffn)
        return head_refuse(import, err, "'%s' has %d rows, and config.json says %d", gate->name,
                           l->ffn, import->config.ffn);
    if (l->heads > HEADS_MOST || l->heads % l->kv_heads != 0 || l->head_dim % 2 != 0 ||
        l->head_dim < 2 || l->head_dim > DIM_MAX)
        return head_refuse(
            import, err,
            "%d heads of %d over %d of keys and values: the first must be a multiple "
            "of the last, the size even and at most %d",
            l->heads, l->head_dim, l->kv_heads, DIM_MAX);
    return 0;
}

/* ---- the features that EAGLE-3 reads ---- */

/* Programs disagree whether the layers that config.json names are counted before or behind. */
static int check_aux(const HeadImport *import, const int *taps, Err *err)
{
    const HeadConfig *c = &import->config;
    int before = 0, behind = 0;
    for (int i = 0; i < c->n_aux; i++) {
        before += c->aux[i] == taps[i];
        behind += c->aux[i] + 1 == taps[i];
    }
    if (c->n_aux == 0 || (c->n_aux == FEATURES_MAX && (before == c->n_aux || behind == c->n_aux)))
        return 0;
    return err_set(err, EXIT_DATA,
                   "%s: it reads other layers than the authors' %d, %d and %d; say with --taps how "
                   "many are done before each",
                   import->config_path, taps[0], taps[1], taps[2]);
}

static int take_taps(HeadImport *import, Err *err)
{
    const HeadAsk *ask = import->ask;
    HeadInfo *info = &import->info;
    int L = info->layers, authors[FEATURES_MAX] = {2, L / 2, L - 3};
    const int *taps = ask->n_taps > 0 ? ask->taps : authors;
    info->n_taps = ask->n_taps > 0 ? ask->n_taps : FEATURES_MAX;
    memcpy(info->taps, taps, sizeof *taps * (size_t)info->n_taps);
    for (int i = 0; i < info->n_taps; i++)
        if (taps[i] > L || (i > 0 && taps[i] <= taps[i - 1]))
            return err_set(err, EXIT_USAGE,
                           "its features are of layers that ascend up to %d, the number that %s "
                           "has; name them with --taps",
                           L, ask->target_name);
    return ask->n_taps > 0 ? 0 : check_aux(import, taps, err);
}

/* ---- all of it ---- */

static int take_kind(HeadImport *import, Err *err)
{
    const HeadAsk *ask = import->ask;
    HeadInfo *info = &import->info;
    switch (info->kind) {
    case HEAD_EAGLE3:
        if (take_taps(import, err) != 0 || head_list(import, err) != 0)
            return -1;
        break;
    case HEAD_EAGLE:
        break;
    default:
        if (head_branches(import, err) != 0)
            return -1;
    }
    if (ask->n_taps > 0 && info->kind != HEAD_EAGLE3)
        return err_set(err, EXIT_USAGE,
                       "--taps: only EAGLE-3 reads several layers, and %s holds %s", import->path,
                       head_kind_name(info->kind));
    if (ask->branches > 0 && info->branches == 0)
        return err_set(err, EXIT_USAGE,
                       "--heads: only Medusa and Hydra have several, and %s holds "
                       "%s",
                       import->path, head_kind_name(info->kind));
    return 0;
}

int head_shape(HeadImport *import, Err *err)
{
    const HeadAsk *ask = import->ask;
    HeadInfo *info = &import->info;
    take_prefix(import);
    *info = (HeadInfo){.hidden = ask->target->hidden,
                       .vocab = ask->target->vocab,
                       .layers = ask->target->layers,
                       .n_taps = 1,
                       .taps = {-1}};
    const Tensor *key = find_kind(import);
    if (key == NULL)
        return head_refuse(import, err,
                           "no head that s2d knows: neither 'fc.weight' (EAGLE) nor "
                           "'0.0.linear.weight' (Medusa) nor 'hydra_mlp.0.0.linear.weight' is "
                           "there, but '%s'",
                           tensor_file_at(import->file, 0)->name);
    if (key->dims[0] != info->hidden)
        return head_refuse(import, err,
                           "the hidden size is %lld, that of %s %d; name the target that the head "
                           "was made for",
                           (long long)key->dims[0], ask->target_name, info->hidden);
    info->has_layer |= info->kind == HEAD_EAGLE || info->kind == HEAD_EAGLE3;
    info->layer = (ModelConfig){.arch = ARCH_LLAMA, .layers = 1, .loaded = 1, .rope.neox = true};
    info->layer.hidden = info->hidden;
    snprintf(info->base_name, sizeof info->base_name, "%s", import->config.base_name);
    if (check_config(import, err) != 0 || take_kind(import, err) != 0 ||
        (info->has_layer && take_layer(import, ask->target, err) != 0))
        return -1;
    info->layer.vocab = head_scored(info);
    return 0;
}
