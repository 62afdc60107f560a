/* head_names.c - which published tensor each of a head's is in, and which others may stand beside
 * them: see head_parts.h. */
#include <stdlib.h>
#include <string.h>

#include "app/import/head_parts.h"

/* Of a layer: s2d's name behind "blk.", the authors' behind the layer's. */
static const struct {
    const char *ours, *theirs;
    bool wide; /* EAGLE-3: one matrix for the token's half and the feature's */
} layer_names[] = {
    {"attn_norm.weight", "input_layernorm.weight", false},
    {"attn_q.weight", "self_attn.q_proj.weight", true},
    {"attn_k.weight", "self_attn.k_proj.weight", true},
    {"attn_v.weight", "self_attn.v_proj.weight", true},
    {"attn_q.bias", "self_attn.q_proj.bias", false},
    {"attn_k.bias", "self_attn.k_proj.bias", false},
    {"attn_v.bias", "self_attn.v_proj.bias", false},
    {"attn_output.weight", "self_attn.o_proj.weight", false},
    {"ffn_norm.weight", "post_attention_layernorm.weight", false},
    {"ffn_gate.weight", "mlp.gate_proj.weight", false},
    {"ffn_up.weight", "mlp.up_proj.weight", false},
    {"ffn_down.weight", "mlp.down_proj.weight", false},
};
enum { LAYER_NAMES = sizeof layer_names / sizeof *layer_names };

/* Where one is. */
typedef struct Place {
    char name[PUBLISHED_BYTES]; /* behind the prefix */
    int part, parts;            /* of its columns */
} Place;

#define NAME(...) snprintf(place->name, sizeof place->name, __VA_ARGS__)

static void in_layer(const HeadImport *import, const char *name, Place *place)
{
    for (int i = 0; i < LAYER_NAMES; i++)
        if (strcmp(layer_names[i].ours, name) == 0) {
            NAME("%s%s", import->layer, layer_names[i].theirs);
            place->parts = import->info.kind == HEAD_EAGLE3 && layer_names[i].wide ? 2 : 1;
        }
}

/* name: behind "K." */
static void in_branch(const HeadImport *import, int k, const char *name, Place *place)
{
    const char *dot = strrchr(name, '.');
    const char *what = dot ? dot + 1 : name; /* "weight" or "bias" */
    bool medusa = import->info.kind == HEAD_MEDUSA, skip = strncmp(name, "skip.", 5) == 0;
    if (strncmp(name, "output.", 7) == 0) {
        if (medusa)
            NAME("%d.1.%s", k, what);
        else
            NAME("hydra_lm_head.%d.%s%s", k, import->output, what);
    } else if (medusa) {
        NAME("%d.0.linear.%s", k, what);
    } else if (strncmp(name, "block.", 6) == 0) {
        NAME("hydra_mlp.%d.%d.linear.%s", k, import->again, what);
    } else {
        NAME("hydra_mlp.%d.%d.%s.%s", k, import->first, skip ? "res_connection" : "linear", what);
        if (strcmp(what, "weight") == 0) {
            place->part = atoi(strchr(name, '.') + 1);
            place->parts = k + 2;
        }
    }
}

static void find_place(const HeadImport *import, const char *ours, Place *place)
{
    const char *name = ours + strlen("head.");
    HeadKind kind = import->info.kind;
    *place = (Place){.parts = 1};
    if (strncmp(name, "blk.", 4) == 0) {
        in_layer(import, name + 4, place);
    } else if (name[0] >= '0' && name[0] <= '9') {
        in_branch(import, name[0] - '0', name + 2, place);
    } else if (strncmp(name, "hidden_", 7) == 0 && name[8] == '.') {
        NAME("%sself_attn.%c_proj.weight", import->layer, name[7]);
        place->part = 1;
        place->parts = 2;
    } else if (strcmp(name, "hidden_norm.weight") == 0) {
        NAME("%s%s", import->layer, name);
    } else if (strcmp(name, "norm.weight") == 0) {
        NAME("%s%s", kind == HEAD_HYDRA ? "prefix_embeding_layer." : "", name);
    } else if (strcmp(name, "output.weight") == 0) {
        NAME("lm_head.weight");
    } else if (strcmp(name, "fc.bias") == 0) {
        NAME("%s", name);
    } else { /* fc.N.weight */
        NAME("fc.weight");
        place->part = name[3] - '0';
        place->parts = kind == HEAD_EAGLE ? 2 : import->info.n_taps;
    }
}

static int check_tensor(const HeadImport *import, const Tensor *tensor, int rows, int cols,
                        Err *err)
{
    char expected[48];
    if (rows > 0)
        snprintf(expected, sizeof expected, "[%d, %d]", rows, cols);
    else
        snprintf(expected, sizeof expected, "[%d]", cols);
    int64_t first = rows > 0 ? rows : cols, second = rows > 0 ? cols : 1;
    if (tensor->n_dims != (rows > 0 ? 2 : 1) || tensor->dims[0] != first ||
        tensor->dims[1] != second)
        return head_refuse(import, err, "'%s' is of %d dimensions [%lld, %lld], expected %s",
                           tensor->name, tensor->n_dims, (long long)tensor->dims[0],
                           (long long)tensor->dims[1], expected);
    if (tensor->type > TENSOR_BF16)
        return head_refuse(import, err, "'%s' is %s, expected F32, F16, BF16 or F64", tensor->name,
                           tensor_type_name(tensor->type));
    return 0;
}

static int take(HeadImport *import, const HeadTensor *ours, Err *err)
{
    Place place;
    find_place(import, ours->name, &place);
    const Tensor *tensor = head_find(import, "%s", place.name);
    if (tensor == NULL)
        return ours->optional
                   ? 0
                   : head_refuse(import, err, "'%s%s' is missing; the file is no complete %s head",
                                 import->prefix, place.name, head_kind_name(import->info.kind));
    if (check_tensor(import, tensor, ours->rows, ours->cols * place.parts, err) != 0)
        return -1;
    int i = import->n_tensors++;
    import->origin[i] = (HeadOrigin){import, tensor, place.part, ours->cols};
    AdapterTensor *to = &import->tensors[i];
    *to = (AdapterTensor){.rows = ours->rows, .cols = ours->cols, .user = &import->origin[i]};
    to->type = ours->rows > 0 ? quant_fitting(import->ask->type, ours->cols) : QUANT_F32;
    _Static_assert(sizeof to->name == sizeof ours->name, "names");
    memcpy(to->name, ours->name, sizeof to->name);
    return 0;
}

/* ---- the others ---- */

/* One of a branch that was not asked for? */
static bool of_no_branch(const HeadImport *import, const char *name)
{
    static const char *const begins[] = {"", "hydra_mlp.", "hydra_lm_head."};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(begins[i]);
        if (strncmp(name, begins[i], length) != 0 || name[length] < '0' || name[length] > '9')
            continue;
        int k = atoi(name + length);
        return k >= import->info.branches && k < import->published;
    }
    return false;
}

/* The block of a Hydra branch in another place; what it must be equal to, or NULL. */
static const Tensor *same_block(const HeadImport *import, const char *name)
{
    int k, i, end = 0;
    if (import->info.blocks == 0 || sscanf(name, "hydra_mlp.%d.%d.linear.%n", &k, &i, &end) != 2 ||
        end == 0 || i <= import->again)
        return NULL;
    return head_find(import, "hydra_mlp.%d.%d.linear.%s", k, import->again, name + end);
}

static int check_equal(HeadImport *import, const Tensor *a, const Tensor *b, Err *err)
{
    int64_t n = tensor_row_values(a);
    if (check_tensor(import, a, b->n_dims == 2 ? (int)b->dims[0] : 0,
                     (int)(b->n_dims == 2 ? b->dims[1] : b->dims[0]), err) != 0)
        return -1;
    float *rows = malloc(2 * (size_t)n * sizeof *rows);
    int result = rows ? 0 : err_set(err, EXIT_MEMORY, "%s: no memory", import->path);
    for (int64_t r = 0; r < a->dims[0] && result == 0; r++) {
        if (tensor_file_floats(import->file, a, r, 1, rows, err) != 0 ||
            tensor_file_floats(import->file, b, r, 1, rows + n, err) != 0)
            result = -1;
        else if (memcmp(rows, rows + n, (size_t)n * sizeof *rows) != 0)
            result = head_refuse(import, err,
                                 "'%s' and '%s' are not equal; s2d's Hydra applies one block again",
                                 b->name, a->name);
    }
    free(rows);
    return result;
}

static int check_other(HeadImport *import, const Tensor *tensor, Err *err)
{
    static const char end[] = "rotary_emb.inv_freq";
    const char *name = head_name(import, tensor);
    HeadInfo *info = &import->info;
    bool eagle3 = info->kind == HEAD_EAGLE3, hydra = info->kind == HEAD_HYDRA;
    size_t length = strlen(name);
    const Tensor *block = hydra ? same_block(import, name) : NULL;
    if (block)
        return check_equal(import, tensor, block, err);
    if (length >= sizeof end - 1 && strcmp(name + length - (sizeof end - 1), end) == 0)
        return 0;
    if ((!hydra && info->branches == 0 && strcmp(name, "embed_tokens.weight") == 0) ||
        (hydra && (strcmp(name, "input_embed_fn.weight") == 0 ||
                   strcmp(name, "prefix_embeding_layer.embed_tokens.weight") == 0)))
        return check_tensor(import, tensor, info->vocab, info->hidden, err);
    if ((eagle3 && (strcmp(name, "d2t") == 0 || strcmp(name, "t2d") == 0)) ||
        (info->branches > 0 && of_no_branch(import, name)))
        return 0;
    return head_refuse(import, err, "'%s' belongs to no %s head that s2d knows", tensor->name,
                       head_kind_name(info->kind));
}

int head_names(HeadImport *import, Err *err)
{
    HeadTensor ours[HEAD_TENSORS_MAX];
    int n = head_tensors(&import->info, NULL, ours);
    for (int i = 0; i < n; i++)
        if (take(import, &ours[i], err) != 0)
            return -1;
    for (int t = 0; t < tensor_file_count(import->file); t++) {
        const Tensor *tensor = tensor_file_at(import->file, t);
        int i = 0;
        while (i < import->n_tensors && import->origin[i].tensor != tensor)
            i++;
        if (i == import->n_tensors && check_other(import, tensor, err) != 0)
            return -1;
    }
    return 0;
}
