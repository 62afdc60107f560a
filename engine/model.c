/* model.c - loads the weights of one transformer from a GGUF file; see model.h.
 *
 * Header -> model_config's checks -> tokenizer and template -> does it fit? -> matrices through
 * kernels->matrix_open, vectors as floats. A NaN or an infinity in a weight would poison every
 * answer without a word: the backend looks for them in matrices, load_vector in vectors.
 */
#include "model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "model_parts.h"

/* One load: what is read now, and how far it has come. */
typedef struct Loader {
    Model *model;
    const Gguf *gguf;
    const ModelUse *use;
    const GgufTensor *tensor;
    Intake intake;    /* of the tensor, when it is a matrix */
    bool read_failed; /* the message in err is complete */
    uint64_t done_bytes, total_bytes, told_bytes;
    ModelProgress progress;
    void *user;
} Loader;

static int tensor_error(const Loader *l, int code, const char *problem, Err *err)
{
    return err_set(err, code, "%s: tensor '%.*s': %s", gguf_label(l->gguf),
                   (int)l->tensor->name.length, l->tensor->name.data, problem);
}

/* Counts bytes read and tells the caller in steps of half a percent; -1 = cancelled. */
static int advance(Loader *l, size_t bytes, Err *err)
{
    l->done_bytes += bytes;
    if (l->progress == NULL ||
        (l->done_bytes - l->told_bytes < l->total_bytes / 200 && l->done_bytes < l->total_bytes))
        return 0;
    l->told_bytes = l->done_bytes;
    if (l->progress(l->user, (float)((double)l->done_bytes / (double)l->total_bytes)))
        return err_set(err, EXIT_INTERRUPTED, "%s: loading was cancelled", gguf_label(l->gguf));
    return 0;
}

/* MatrixSource.read */
static int read_matrix(void *context, uint64_t offset, void *out, size_t bytes, Err *err)
{
    Loader *l = context;
    size_t row_bytes = quant_row_bytes(l->intake.type, l->intake.cols);
    int first = (int)(offset / row_bytes), rows = (int)(bytes / row_bytes);
    size_t file_bytes = rows * quant_row_bytes(l->tensor->type, l->intake.cols);
    assert(offset % row_bytes == 0 && bytes % row_bytes == 0);
    l->read_failed =
        intake_read(&l->intake, first, rows, out, err) != 0 || advance(l, file_bytes, err) != 0;
    return l->read_failed ? -1 : 0;
}

/* use: NULL = all of it, as it is. */
static int load_matrix(Loader *l, const GgufTensor *tensor, const ModelUse *use, Part part,
                       Matrix **matrix, Err *err)
{
    Kernels *k = l->model->kernels;
    l->tensor = tensor;
    l->read_failed = false;
    l->intake = intake_of(l->gguf, tensor, use, part);
    l->intake.threads = k->threads;
    MatrixSource source = {.type = l->intake.type,
                           .rows = l->intake.rows,
                           .cols = l->intake.cols,
                           .read = read_matrix,
                           .context = l};
    Err why = {0};
    if (k->matrix_open(k, matrix, &source, &why) == 0)
        return 0;
    *matrix = NULL;
    /* What the backend says lacks the file's and the tensor's name. */
    return l->read_failed ? err_set(err, why.code, "%s", why.text)
                          : tensor_error(l, why.code, why.text, err);
}

static int load_vector(Loader *l, const GgufTensor *tensor, float **vector, Err *err)
{
    Kernels *k = l->model->kernels;
    int count = (int)tensor->dims[0];
    l->tensor = tensor;
    void *raw = malloc(tensor->bytes);
    float *host = malloc((size_t)count * sizeof *host);
    *vector = k->buffer_alloc(k, (size_t)count);
    int result = -1;
    if (raw == NULL || host == NULL || *vector == NULL) {
        tensor_error(l, EXIT_MEMORY, "no memory for it; try a smaller model", err);
    } else if (gguf_read(l->gguf, tensor, 0, raw, tensor->bytes, err) == 0 &&
               advance(l, tensor->bytes, err) == 0) {
        quant_to_float(tensor->type, raw, host, count);
        k->upload(k, *vector, host, (size_t)count);
        result = quant_row_finite(tensor->type, raw, count)
                     ? 0
                     : tensor_error(l, EXIT_DATA, "NaN or Inf values; the file is damaged", err);
    }
    free(raw);
    free(host);
    return result;
}

static int load_layer(Loader *l, int index, Err *err)
{
    char *layer = (char *)&l->model->layers[index];
    for (int i = 0; i < LAYER_PARTS; i++) {
        const LayerPart *part = &layer_parts[i];
        const GgufTensor *tensor = layer_tensor(l->gguf, index, part);
        if (tensor == NULL)
            continue; /* a bias that this model does not have */
        void *field = layer + part->field;
        int result = part->rows == 0 ? load_vector(l, tensor, field, err)
                                     : load_matrix(l, tensor, l->use, part->part, field, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* Divisors of the rotary frequencies: the file's own (Llama 3) times linear scaling. */
static int load_rope(Loader *l, Err *err)
{
    Model *model = l->model;
    Kernels *k = model->kernels;
    const GgufTensor *tensor = gguf_tensor(l->gguf, "rope_freqs.weight");
    float scale = rope_scale(l->gguf, model->config.arch);
    size_t count = (size_t)shape_size(&model->config, 'R');
    if (tensor != NULL && load_vector(l, tensor, &model->rope_factors, err) != 0)
        return -1;
    if (scale == 1)
        return 0;
    float *host = malloc(count * sizeof *host);
    if (host != NULL && model->rope_factors == NULL)
        model->rope_factors = k->buffer_alloc(k, count);
    if (host == NULL || model->rope_factors == NULL) {
        free(host);
        return err_set(err, EXIT_MEMORY, "%s: no memory for the rotary factors",
                       gguf_label(l->gguf));
    }
    if (tensor != NULL)
        k->download(k, host, model->rope_factors, count);
    for (size_t i = 0; i < count; i++)
        host[i] = tensor != NULL ? host[i] * scale : scale;
    k->upload(k, model->rope_factors, host, count);
    free(host);
    return 0;
}

static int load_weights(Loader *l, Err *err)
{
    static const ModelUse whole = {0};
    Model *model = l->model;
    const GgufTensor *embed = gguf_tensor(l->gguf, "token_embd.weight");
    const GgufTensor *head = gguf_tensor(l->gguf, "output.weight");
    if (load_matrix(l, embed, &whole, PART_HEAD, &model->embed, err) != 0)
        return -1;
    if (head == NULL)
        model->head = model->embed;
    else if (load_matrix(l, head, l->use, PART_HEAD, &model->head, err) != 0)
        return -1;
    if (l->use->ids != NULL &&
        load_matrix(l, head ? head : embed, l->use, PART_SHORT_HEAD, &model->short_head, err) != 0)
        return -1;
    if (load_vector(l, gguf_tensor(l->gguf, "output_norm.weight"), &model->output_norm, err) != 0 ||
        load_rope(l, err) != 0)
        return -1;
    for (int i = 0; i < model->config.loaded; i++)
        if (load_layer(l, i, err) != 0)
            return -1;
    return 0;
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
    int found = gguf_get_string(gguf, "tokenizer.chat_template", &jinja, err);
    if (found < 0)
        return -1;
    if (found == 0)
        err_set(&model->template_err, EXIT_DATA,
                "%s has no chat template; name one with `template:` in the profile", model->name);
    else
        model->has_template =
            template_detect(&model->template, jinja.data, jinja.length, &model->template_err) == 0;
    if (model->has_template)
        template_default_system(model->template, jinja.data, jinja.length, model->default_system,
                                sizeof model->default_system);
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
    }
    model->requantised = use->requantise;
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

int model_open(Model **out, Kernels *kernels, const char *path, const char *name,
               ModelProgress progress, void *user, Err *err)
{
    static const ModelUse whole = {0};
    return model_open_draft(out, kernels, path, name, &whole, progress, user, err);
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

void model_close(Model *model)
{
    if (model == NULL)
        return;
    Kernels *k = model->kernels;
    for (int i = 0; model->layers != NULL && i < model->config.loaded; i++)
        for (int p = 0; p < LAYER_PARTS; p++) {
            void *field = (char *)&model->layers[i] + layer_parts[p].field;
            if (layer_parts[p].rows == 0)
                vector_free(k, *(float **)field);
            else
                matrix_free(k, *(Matrix **)field);
        }
    free(model->layers);
    free(model->short_ids);
    if (model->head != model->embed)
        matrix_free(k, model->head);
    matrix_free(k, model->short_head);
    matrix_free(k, model->embed);
    vector_free(k, model->output_norm);
    vector_free(k, model->rope_factors);
    if (model->tokenizer != NULL)
        tokenizer_close(model->tokenizer);
    free(model->path);
    free(model);
}
