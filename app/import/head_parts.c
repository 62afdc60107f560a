/* head_parts.c - what the files of the import share: see head_parts.h. */
#include "app/import/head_parts.h"

#include <stdarg.h>
#include <string.h>

int head_refuse(const HeadImport *import, Err *err, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(err, EXIT_DATA, "%s: %s", import->path, text);
}

void head_note(HeadImport *import, const char *format, ...)
{
    va_list args;
    if (import->n_notes == NOTES_MAX)
        return;
    va_start(args, format);
    vsnprintf(import->notes[import->n_notes++], NOTE_BYTES, format, args);
    va_end(args);
}

const Tensor *head_find(const HeadImport *import, const char *format, ...)
{
    char name[PUBLISHED_BYTES];
    size_t length = strlen(import->prefix);
    va_list args;
    memcpy(name, import->prefix, length);
    va_start(args, format);
    vsnprintf(name + length, sizeof name - length, format, args);
    va_end(args);
    return tensor_file_find(import->file, name);
}

const char *head_name(const HeadImport *import, const Tensor *tensor)
{
    return tensor->name + strlen(import->prefix);
}
