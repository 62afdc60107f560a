/* tensor_file.c - opens checkpoints, by the format that their first bytes say; see tensor_file.h. */
#include <stdlib.h>
#include <string.h>

#include "app/import/tensor_parts.h"

/* By its first bytes: by the format, or for a line that says what it is instead. */
static int read_header(TensorFile *file, Err *err)
{
    static const char lfs[] = "version https://git-lfs";
    static const char old_torch[] = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    const char *label = file->source.label;
    unsigned char head[32] = {0};
    size_t n = file->source.bytes < sizeof head ? file->source.bytes : sizeof head;
    if (byte_source_read(&file->source, 0, head, n, err) != 0)
        return -1;
    if (memcmp(head, "PK\3\4", 4) == 0)
        return torch_read_header(file, err);
    if (memcmp(head, lfs, sizeof lfs - 1) == 0)
        return err_set(err, EXIT_DATA,
                       "%s: only a pointer of Git LFS, not the file itself; fetch that", label);
    if (memcmp(head, "GGUF", 4) == 0)
        return err_set(err, EXIT_DATA, "%s: a GGUF file; s2d loads those without an import", label);
    if (memcmp(head, old_torch, sizeof old_torch - 1) == 0)
        return err_set(err, EXIT_DATA,
                       "%s: in PyTorch's format before 1.6; load it and save it again with a newer "
                       "PyTorch",
                       label);
    if (n > 8 && head[8] == '{')
        return safetensors_read_header(file, err);
    return err_set(err, EXIT_DATA,
                   "%s: neither safetensors nor a zip by torch.save; name the checkpoint's "
                   ".safetensors, .pt or .bin",
                   label);
}

/* Takes the file's source over. */
static int open_file(TensorFile **out, TensorFile *file, Err *err)
{
    if (read_header(file, err) != 0 || tensor_file_sort(file, err) != 0) {
        tensor_file_close(file);
        return -1;
    }
    *out = file;
    return 0;
}

static TensorFile *new_file(const char *name, Err *err)
{
    TensorFile *file = calloc(1, sizeof *file);
    if (file == NULL)
        err_set(err, EXIT_MEMORY, "%s: no memory to open the file", name);
    else
        file->source.fd = -1;
    return file;
}

int tensor_file_open(TensorFile **out, const char *path, Err *err)
{
    *out = NULL;
    TensorFile *file = new_file(path, err);
    if (file == NULL)
        return -1;
    if (byte_source_open(&file->source, path, err) != 0) {
        tensor_file_close(file);
        return -1;
    }
    return open_file(out, file, err);
}

int tensor_file_open_memory(TensorFile **out, const void *data, size_t bytes, const char *name,
                            Err *err)
{
    *out = NULL;
    TensorFile *file = new_file(name, err);
    if (file == NULL)
        return -1;
    byte_source_memory(&file->source, data, bytes, name);
    return open_file(out, file, err);
}

void tensor_file_close(TensorFile *file)
{
    if (file == NULL)
        return;
    torch_zip_close(file->zip);
    for (int i = 0; i < file->n; i++)
        free(file->places[i].name);
    free(file->places);
    free(file->by_name);
    byte_source_close(&file->source);
    free(file);
}
