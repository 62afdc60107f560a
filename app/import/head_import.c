/* head_import.c - see head_import.h. */
#include "app/import/head_import.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/head_parts.h"

/* ---- rows ---- */

static int read_row(void *user, int row, float *out, Err *err)
{
    const HeadOrigin *o = user;
    HeadImport *import = o->import;
    const Tensor *tensor = o->tensor;
    bool vector = tensor->n_dims == 1;
    int64_t first = vector ? 0 : row, rows = vector ? o->cols : 1;
    if (tensor_file_floats(import->file, tensor, first, rows, import->row, err) != 0)
        return -1;
    memcpy(out, import->row + (size_t)o->part * (size_t)o->cols, sizeof *out * (size_t)o->cols);
    for (int i = 0; i < o->cols; i++)
        if (!isfinite(out[i]))
            return head_refuse(import, err,
                               "'%s' holds a value that is NaN or infinite, in row %d; a head with "
                               "it is not written",
                               tensor->name, row);
    return 0;
}

static int take_room(HeadImport *import, Err *err)
{
    size_t most = 1;
    for (int i = 0; i < import->n_tensors; i++) {
        const Tensor *tensor = import->origin[i].tensor;
        size_t n = (size_t)(tensor->n_dims == 1 ? tensor->dims[0] : tensor_row_values(tensor));
        most = n > most ? n : most;
        import->tensors[i].read = read_row;
    }
    import->row = malloc(most * sizeof *import->row);
    return import->row ? 0 : err_set(err, EXIT_MEMORY, "%s: no memory for a row", import->path);
}

int head_import_write(FILE *stream, void *user, Err *err)
{
    const HeadImport *import = user;
    return head_write(stream, &import->info, import->tensors, import->n_tensors, err);
}

/* ---- open, close ---- */

int head_import_open(HeadImport **out, const HeadAsk *ask, Err *err)
{
    HeadImport *import = calloc(1, sizeof *import);
    *out = NULL;
    if (import == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to read a head");
    import->ask = ask;
    if (head_source(import, err) != 0 || head_shape(import, err) != 0 ||
        head_names(import, err) != 0 || take_room(import, err) != 0) {
        head_import_close(import);
        return -1;
    }
    import->ask = NULL;
    *out = import;
    return 0;
}

void head_import_close(HeadImport *import)
{
    if (import == NULL)
        return;
    tensor_file_close(import->file);
    free(import->ids);
    free(import->row);
    free(import);
}

/* ---- what it is ---- */

const HeadInfo *head_import_info(const HeadImport *import)
{
    return &import->info;
}

const char *head_import_path(const HeadImport *import)
{
    return import->path;
}

const char *head_import_from(const HeadImport *import)
{
    int64_t values[TENSOR_TYPES] = {0};
    int most = 0;
    for (int i = 0; i < import->n_tensors; i++)
        values[import->origin[i].tensor->type] += tensor_values(import->origin[i].tensor);
    for (int type = 1; type < TENSOR_TYPES; type++)
        most = values[type] > values[most] ? type : most;
    return tensor_type_name((TensorType)most);
}

int head_import_tensors(const HeadImport *import)
{
    return import->n_tensors;
}

const char *head_import_note(const HeadImport *import, int index)
{
    return index < import->n_notes ? import->notes[index] : NULL;
}
