/* tensor_read.c - the values of a checkpoint's tensors, as floats or integers; see tensor_file.h. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "app/import/tensor_parts.h"
#include "kernels/quant.h"

enum { PIECE_BYTES = 1 << 15 }; /* read at a time; whole values of each type */

static bool is_float(TensorType type)
{
    return type == TENSOR_F64 || type == TENSOR_F32 || type == TENSOR_F16 || type == TENSOR_BF16;
}

static void to_floats(TensorType type, const unsigned char *bytes, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        uint32_t single;
        double number;
        switch (type) {
        case TENSOR_F64:
            memcpy(&number, bytes + i * 8, 8);
            out[i] = (float)number;
            break;
        case TENSOR_F32:
            memcpy(&out[i], bytes + i * 4, 4);
            break;
        case TENSOR_F16:
            memcpy(&half, bytes + i * 2, 2);
            out[i] = half_to_float(half);
            break;
        default:
            assert(type == TENSOR_BF16);
            memcpy(&half, bytes + i * 2, 2);
            single = (uint32_t)half << 16;
            memcpy(&out[i], &single, 4);
            break;
        }
    }
}

static void to_integers(TensorType type, const unsigned char *bytes, size_t n, int64_t *out)
{
    for (size_t i = 0; i < n; i++) {
        int32_t small;
        switch (type) {
        case TENSOR_I64:
            memcpy(&out[i], bytes + i * 8, 8);
            break;
        case TENSOR_I32:
            memcpy(&small, bytes + i * 4, 4);
            out[i] = small;
            break;
        case TENSOR_U8:
            out[i] = bytes[i];
            break;
        default:
            assert(type == TENSOR_BOOL);
            out[i] = bytes[i] != 0;
            break;
        }
    }
}

static int read_bytes(TensorFile *file, const TensorPlace *place, uint64_t at, void *out,
                      size_t bytes, Err *err)
{
    if (place->entry < 0)
        return byte_source_read(&file->source, place->at + at, out, bytes, err);
    return torch_zip_read(file->zip, place->entry, place->at + at, out, bytes, err);
}

/* Values first to first + n - 1, into one of the two. */
static int read_values(TensorFile *file, const Tensor *tensor, int64_t first, int64_t n,
                       float *floats, int64_t *integers, Err *err)
{
    const TensorPlace *place = (const TensorPlace *)tensor;
    size_t each = tensor_type_bytes(tensor->type);
    for (int64_t done = 0; done < n;) {
        unsigned char piece[PIECE_BYTES];
        size_t left = (size_t)(n - done), some = sizeof piece / each;
        if (some > left)
            some = left;
        uint64_t at = (uint64_t)(first + done) * each;
        if (read_bytes(file, place, at, piece, some * each, err) != 0)
            return -1;
        if (floats != NULL)
            to_floats(tensor->type, piece, some, floats + done);
        else
            to_integers(tensor->type, piece, some, integers + done);
        done += (int64_t)some;
    }
    return 0;
}

int tensor_file_floats(TensorFile *file, const Tensor *tensor, int64_t first, int64_t rows,
                       float *out, Err *err)
{
    if (!is_float(tensor->type))
        return err_set(err, EXIT_DATA, "%s: '%s' is %s, expected F32, F16, BF16 or F64",
                       file->source.label, tensor->name, tensor_type_name(tensor->type));
    if (first < 0 || rows < 0 || first > tensor->dims[0] || rows > tensor->dims[0] - first)
        return err_set(err, EXIT_DATA, "%s: '%s' has %lld rows; %lld from row %lld on are wanted",
                       file->source.label, tensor->name, (long long)tensor->dims[0],
                       (long long)rows, (long long)first);
    int64_t row = tensor_row_values(tensor);
    return read_values(file, tensor, first * row, rows * row, out, NULL, err);
}

int tensor_file_integers(TensorFile *file, const Tensor *tensor, int64_t *out, Err *err)
{
    if (is_float(tensor->type))
        return err_set(err, EXIT_DATA, "%s: '%s' is %s, expected I64, I32, U8 or BOOL",
                       file->source.label, tensor->name, tensor_type_name(tensor->type));
    return read_values(file, tensor, 0, tensor_values(tensor), NULL, out, err);
}
