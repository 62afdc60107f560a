/* gguf_write.h - writes GGUF files (version 3) to a stream, in order: keys, tensors, their data.
 *
 *   gguf_write_open -> gguf_write_u32 … -> gguf_write_tensor … -> gguf_write_data … ->
 * gguf_write_close
 *
 * The header goes out with the first data; a tensor's data may come in any number of pieces, so a
 * model larger than memory can be written. Failures stick and are reported by gguf_write_close.
 */
#ifndef S2D_ENGINE_GGUF_GGUF_WRITE_H
#define S2D_ENGINE_GGUF_GGUF_WRITE_H

#include <stdio.h>

#include "engine/gguf/gguf.h"

typedef struct GgufWriter GgufWriter;

/* The stream stays the caller's (a file, or memory by open_memstream). */
int gguf_write_open(GgufWriter **writer, FILE *stream, Err *err);

void gguf_write_u32(GgufWriter *writer, const char *key, uint32_t value);
void gguf_write_f32(GgufWriter *writer, const char *key, float value);
void gguf_write_bool(GgufWriter *writer, const char *key, bool value);
void gguf_write_string(GgufWriter *writer, const char *key, const char *value);
/* An array of i32 or f32. */
void gguf_write_array(GgufWriter *writer, const char *key, GgufType type, const void *values,
                      int count);
void gguf_write_strings(GgufWriter *writer, const char *key, const char *const *values, int count);
/* A value as gguf_raw_value gives it. */
void gguf_write_raw(GgufWriter *writer, GgufString key, GgufType type, const void *value,
                    size_t bytes);

/* Announces the next tensor. rows 0: a vector of `cols` values. */
void gguf_write_tensor(GgufWriter *writer, const char *name, QuantType type, int rows, int cols);

/* The same of `stack` matrices, one after another. */
void gguf_write_stack(GgufWriter *writer, const char *name, QuantType type, int stack, int rows,
                      int cols);

/* The next bytes of the announced tensors, in their order; padding between them is added here. */
void gguf_write_data(GgufWriter *writer, const void *data, size_t bytes);

/* Checks that all was written, frees the writer. The stream is flushed, not closed. */
int gguf_write_close(GgufWriter *writer, Err *err);

#endif
