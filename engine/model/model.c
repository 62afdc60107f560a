/* model.c - loads the weights of one transformer from a GGUF file; see model.h.
 *
 * Header -> model_config's checks -> tokenizer and template -> does it fit? -> its tensors, and
 * what an adapter adds to them, by load.c.
 */
#include "engine/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/adapter.h"
#include "engine/model/load.h"
#include "engine/model/model_parts.h"

/* exit: -1, or the index of an adapter's exit whose own layer it is. */
static int load_layer(Loader *l, Layer *layer, int index, int exit, Err *err)
{
    layer->rope = layer_rope_of(&l->model->config, index);
    layer->window = layer_window_of(&l->model->config, index);
    for (int i = 0; i < LAYER_PARTS; i++) {
        const LayerPart *part = &layer_parts[i];
        Origin origin = part_origin(l->gguf, &l->model->config, l->use->adapter, index, exit, i);
        if (origin.tensor == NULL)
            continue; /* a bias that this model does not have, or no feed-forward part */
        /* What training wrote stays as it was written. */
        const ModelUse *use = origin.gguf == l->gguf ? l->use : &as_it_is;
        void *field = (char *)layer + part->field;
        int result = part->rows == 0 ? load_vector(l, origin.gguf, origin.tensor, field, err)
                                     : load_matrix(l, &origin, use, part->quant_class, field, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* What was trained for the exits that this use has; where base layers changed, all of them were. */
static int load_exits(Loader *l, Err *err)
{
    Model *model = l->model;
    const Adapter *adapter = l->use->adapter;
    int kv = 0;
    for (int i = 0; i < adapter->info.n_exits; i++) {
        const GgufTensor *norm = adapter_norm(adapter, i);
        bool has_layer = adapter_has_layer(adapter, i);
        if (adapter->info.exits[i] > model->config.loaded ||
            (norm == NULL && !has_layer && !model->changed))
            continue;
        Exit *exit = &model->exits[model->n_exits++];
        exit->layer = adapter->info.exits[i];
        if (norm != NULL && load_vector(l, adapter->gguf, norm, &exit->norm, err) != 0)
            return -1;
        if (!has_layer)
            continue;
        exit->kv = kv++;
        exit->own = calloc(1, sizeof *exit->own);
        if (exit->own == NULL)
            return err_set(err, EXIT_MEMORY, "%s: no memory for a layer",
                           gguf_label(adapter->gguf));
        if (load_layer(l, exit->own, adapter->info.copy_of[i], i, err) != 0)
            return -1;
    }
    return 0;
}

static int load_rope(Loader *l, int which, Err *err)
{
    Model *model = l->model;
    const RopeConfig *config = &model->config.rope;
    const GgufTensor *tensor = gguf_tensor(l->gguf, rope_tensor(config, which));
    size_t count = (size_t)config->dims / 2;
    float *factors, *device = NULL;
    model->rope[which] = rope_plain(config);
    if (rope_factors(l->gguf, config, which, &factors, err) != 0)
        return -1;
    if (factors == NULL)
        return 0;
    int result = load_floats(l, factors, count, &device, err);
    model->rope[which].factors = device;
    free(factors);
    return result == 0 && tensor ? load_advance(l, tensor->bytes, err) : result;
}

static int load_weights(Loader *l, Err *err)
{
    Model *model = l->model;
    const GgufTensor *embed = gguf_tensor(l->gguf, "token_embd.weight");
    const GgufTensor *head = gguf_tensor(l->gguf, "output.weight");
    const GgufTensor *norm = gguf_tensor(l->gguf, "output_norm.weight");
    Origin from_embed = {.gguf = l->gguf, .tensor = embed};
    Origin from_head = {.gguf = l->gguf, .tensor = head ? head : embed};
    if (load_matrix(l, &from_embed, &as_it_is, QUANT_CLASS_HEAD, &model->embed, err) != 0)
        return -1;
    if (head == NULL)
        model->head = model->embed;
    else if (load_matrix(l, &from_head, l->use, QUANT_CLASS_HEAD, &model->head, err) != 0)
        return -1;
    if (l->use->ids != NULL &&
        load_matrix(l, &from_head, l->use, QUANT_CLASS_SHORT_HEAD, &model->short_head, err) != 0)
        return -1;
    model->rope[ROPE_LOCAL] = rope_plain(&model->config.rope); /* nothing divides it */
    model->rope[ROPE_LOCAL].base = model->config.rope.local_base;
    if (load_vector(l, l->gguf, norm, &model->output_norm, err) != 0 ||
        load_rope(l, ROPE_MAIN, err) != 0 ||
        (model->config.rope.has_long && load_rope(l, ROPE_LONG, err) != 0))
        return -1;
    for (int i = 0; i < model->config.loaded; i++)
        if (load_layer(l, &model->layers[i], i, -1, err) != 0)
            return -1;
    return l->use->adapter ? load_exits(l, err) : 0;
}

/* Refuses from the header what memory cannot hold. */
static int check_fits(Loader *l, Err *err)
{
    Kernels *k = l->model->kernels;
    size_t need = model_bytes(k, l->gguf, &l->model->config, l->use, &l->total_bytes);
    size_t free_bytes = k->memory_free(k);
    if (need <= free_bytes)
        return 0;
    return err_set(err, EXIT_MEMORY,
                   "%s: the weights take %.1f GB, but only %.1f GB are free on %s; "
                   "try a smaller model",
                   gguf_label(l->gguf), (double)need / 1e9, (double)free_bytes / 1e9, k->device);
}

/* A model without a template that s2d knows still runs, on raw text or with the profile's
 * `template:`. */
static int find_template(Model *model, const Gguf *gguf, Err *err)
{
    GgufString jinja;
    time_t now = time(NULL);
    struct tm today = {0};
    int found = gguf_get_string(gguf, "tokenizer.chat_template", &jinja, err);
    if (found < 0)
        return -1;
    if (found == 0) {
        err_set(&model->template_err, EXIT_DATA,
                "%s has no chat template; name one with `template:` in the profile", model->name);
        return 0;
    }
    model->template_text = malloc(jinja.length + 1);
    if (model->template_text == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the chat template", model->name);
    memcpy(model->template_text, jinja.data, jinja.length);
    model->template_bytes = jinja.length;
    localtime_r(&now, &today);
    model_set_date(model, &today);
    return 0;
}

void model_set_date(Model *model, const struct tm *date)
{
    if (model->template_text == NULL || (model->has_template && !model->template.dated))
        return;
    template_close(&model->template);
    model->has_template = template_read(&model->template, model->template_text,
                                        model->template_bytes, date, &model->template_err) == 0;
    model->date = *date;
}

/* Four bytes each, as a float takes. */
static int load_device_ids(Model *model, Err *err)
{
    Kernels *k = model->kernels;
    if (!k->draw)
        return 0;
    float *ids = k->buffer_alloc(k, (size_t)model->n_short);
    if (ids == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for a short list", model->name);
    k->upload(k, ids, (const float *)model->short_ids, (size_t)model->n_short);
    model->device_ids = (const int *)ids;
    return 0;
}

static int load(Model *model, const Gguf *gguf, const ModelUse *use, ModelProgress progress,
                void *user, Err *err)
{
    Loader loader = {.model = model, .gguf = gguf, .use = use, .progress = progress, .user = user};
    if (model_config(&model->config, gguf, err) != 0 ||
        model_narrow(&model->config, use, model->name, err) != 0)
        return -1;
    /* The vocabulary comes before the weights: it is quick, and may be what is wrong. */
    if (tokenizer_open(&model->tokenizer, gguf, err) != 0 || find_template(model, gguf, err) != 0)
        return -1;
    model->layers = calloc((size_t)model->config.loaded, sizeof *model->layers);
    if (model->layers == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for %d layers", gguf_label(gguf),
                       model->config.loaded);
    if (use->ids) {
        model->short_ids = malloc((size_t)use->n_ids * sizeof *use->ids);
        if (model->short_ids == NULL)
            return err_set(err, EXIT_MEMORY, "%s: no memory for a short list", gguf_label(gguf));
        memcpy(model->short_ids, use->ids, (size_t)use->n_ids * sizeof *use->ids);
        model->n_short = use->n_ids;
        if (load_device_ids(model, err) != 0)
            return -1;
    }
    model->requantised = use->requantise;
    if (use->adapter) {
        model->changed = adapter_changes_base(use->adapter);
        model->adapter = strdup(gguf_path(use->adapter->gguf));
        if (model->adapter == NULL)
            return err_set(err, EXIT_MEMORY, "%s: no memory to open it", gguf_label(gguf));
    }
    if (check_fits(&loader, err) != 0)
        return -1;
    return load_weights(&loader, err);
}

int model_open_draft(Model **out, Kernels *kernels, const char *path, const char *name,
                     const ModelUse *use, ModelProgress progress, void *user, Err *err)
{
    *out = NULL;
    Gguf *gguf;
    if (gguf_open(&gguf, path, err) != 0)
        return -1;
    Model *model = calloc(1, sizeof *model);
    if (model != NULL)
        model->path = strdup(path);
    if (model == NULL || model->path == NULL) {
        free(model);
        gguf_close(gguf);
        return err_set(err, EXIT_MEMORY, "%s: no memory to open the model", name);
    }
    model->kernels = kernels;
    snprintf(model->name, sizeof model->name, "%s", name);
    int result = load(model, gguf, use, progress, user, err);
    gguf_close(gguf);
    if (result != 0) {
        model_close(model);
        return -1;
    }
    *out = model;
    return 0;
}

const Exit *model_exit(const Model *model, int layer)
{
    for (int i = 0; i < model->n_exits; i++)
        if (model->exits[i].layer == layer)
            return &model->exits[i];
    return NULL;
}

int model_open(Model **out, Kernels *kernels, const char *path, const char *name,
               ModelProgress progress, void *user, Err *err)
{
    return model_open_draft(out, kernels, path, name, &as_it_is, progress, user, err);
}

static void matrix_free(Kernels *k, Matrix *matrix)
{
    if (matrix != NULL)
        k->matrix_close(k, matrix);
}

static void vector_free(Kernels *k, float *vector)
{
    if (vector != NULL)
        k->buffer_free(k, vector);
}

static void layer_free(Kernels *k, Layer *layer)
{
    for (int p = 0; p < LAYER_PARTS; p++) {
        void *field = (char *)layer + layer_parts[p].field;
        if (layer_parts[p].rows == 0)
            vector_free(k, *(float **)field);
        else
            matrix_free(k, *(Matrix **)field);
    }
}

void model_close(Model *model)
{
    if (model == NULL)
        return;
    Kernels *k = model->kernels;
    for (int i = 0; model->layers != NULL && i < model->config.loaded; i++)
        layer_free(k, &model->layers[i]);
    for (int i = 0; i < model->n_exits; i++) {
        vector_free(k, model->exits[i].norm);
        if (model->exits[i].own != NULL)
            layer_free(k, model->exits[i].own);
        free(model->exits[i].own);
    }
    free(model->layers);
    free(model->short_ids);
    free(model->adapter);
    if (model->head != model->embed)
        matrix_free(k, model->head);
    matrix_free(k, model->short_head);
    matrix_free(k, model->embed);
    vector_free(k, (float *)model->device_ids);
    vector_free(k, model->output_norm);
    for (int i = 0; i < ROPES; i++)
        vector_free(k, (float *)model->rope[i].factors);
    if (model->tokenizer != NULL)
        tokenizer_close(model->tokenizer);
    template_close(&model->template);
    free(model->template_text);
    free(model->path);
    free(model);
}
