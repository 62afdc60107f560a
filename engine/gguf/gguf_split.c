/* gguf_split.c - a model in several files: their names, and all of their tensors as those of one Gguf.
 *
 * Layout: llama.cpp, tools/gguf-split. NAME-00001-of-0000N.gguf holds the model's metadata, each part
 * tensors of its own and the keys split.no (from 0), split.count and split.tensors.count (of all parts).
 */
#include "engine/gguf/gguf_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 5, SUFFIX = 1 + DIGITS + 4 + DIGITS + 5 }; /* "-00001-of-00003.gguf" */

/* The number of exactly so many digits; -1 = there are others. */
static int five_digits(const char *text)
{
    int number = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = 10 * number + text[i] - '0';
    }
    return number;
}

int gguf_part_of(const char *path, int *part)
{
    size_t length = strlen(path);
    if (length < SUFFIX)
        return 0;
    const char *end = path + length - SUFFIX;
    int no = five_digits(end + 1), count = five_digits(end + 1 + DIGITS + 4);
    if (end[0] != '-' || memcmp(end + 1 + DIGITS, "-of-", 4) != 0 ||
        strcmp(end + 1 + DIGITS + 4 + DIGITS, ".gguf") != 0 || no < 1 || count < no)
        return 0;
    if (part)
        *part = no;
    return count;
}

int gguf_part_path(const char *path, int part, char *out, size_t size)
{
    size_t length = strlen(path);
    if (length >= size)
        return -1;
    memmove(out, path, length + 1);
    if (gguf_part_of(path, NULL) == 0)
        return 0;
    for (char *digit = out + length - SUFFIX + DIGITS; *digit != '-'; digit--, part /= 10)
        *digit = (char)('0' + part % 10);
    return 0;
}

static int part_error(const Gguf *gguf, const char *problem, Err *err)
{
    return err_set(err, EXIT_DATA, "%s: %s; the parts are not of one model, or damaged",
                   gguf->label, problem);
}

/* One of split.no, split.count, split.tensors.count, which a part must have. */
static int get_count(const Gguf *gguf, const char *key, uint32_t *value, Err *err)
{
    int found = gguf_get_u32(gguf, key, value, err);
    if (found < 0)
        return -1;
    char problem[64];
    snprintf(problem, sizeof problem, "a part of a model without the key '%s'", key);
    return found == 1 ? 0 : part_error(gguf, problem, err);
}

/* The place-th of `count` parts, from 0; tensors: what all of them have together. */
static int check_part(const Gguf *gguf, uint32_t place, uint32_t count, uint32_t tensors, Err *err)
{
    char problem[96];
    uint32_t no, parts, all;
    if (get_count(gguf, "split.no", &no, err) != 0 ||
        get_count(gguf, "split.count", &parts, err) != 0 ||
        get_count(gguf, "split.tensors.count", &all, err) != 0)
        return -1;
    if (no == place && parts == count && all == tensors)
        return 0;
    if (all != tensors)
        snprintf(problem, sizeof problem, "says that the parts have %u tensors, the first says %u",
                 all, tensors);
    else
        snprintf(problem, sizeof problem, "is part %u of %u by its header, expected %u of %u",
                 no + 1, parts, place + 1, count);
    return part_error(gguf, problem, err);
}

int gguf_split_count(const Gguf *gguf, int *count, Err *err)
{
    uint32_t parts = 1;
    if (gguf_get_u32(gguf, "split.count", &parts, err) < 0)
        return -1;
    if (parts > GGUF_PARTS_MAX)
        return err_set(err, EXIT_DATA, "%s: one of %u parts of a model; s2d reads up to %d",
                       gguf->label, parts, GGUF_PARTS_MAX);
    *count = parts > 1 ? (int)parts : 1; /* 0 is what a file has that was joined again */
    return 0;
}

/* The tensors of all parts behind each other, in the first one's table. */
static int merge_tensors(Gguf *gguf, uint32_t promised, Err *err)
{
    size_t total = 0;
    for (int i = 0; i < gguf->n_parts; i++)
        total += (size_t)gguf->parts[i]->n_tensors;
    if (total != promised) {
        char problem[96];
        snprintf(problem, sizeof problem, "%u tensors are promised and the parts have %zu",
                 promised, total);
        return part_error(gguf, problem, err);
    }
    GgufTensor *tensors = calloc(total + 1, sizeof *tensors);
    const GgufTensor **by_name = calloc(total + 1, sizeof *by_name);
    if (tensors == NULL || by_name == NULL) {
        free(tensors);
        free(by_name);
        return err_set(err, EXIT_MEMORY, "%s: no memory for the header", gguf->label);
    }
    int n = 0;
    for (int i = 0; i < gguf->n_parts; i++)
        for (int t = 0; t < gguf->parts[i]->n_tensors; t++) {
            tensors[n] = gguf->parts[i]->tensors[t];
            tensors[n++].part = i;
        }
    free(gguf->tensors);
    free(gguf->tensors_by_name);
    gguf->tensors = tensors;
    gguf->tensors_by_name = by_name;
    gguf->n_tensors = n;
    return gguf_index_tensors(gguf, err);
}

int gguf_join(Gguf *gguf, int count, GgufOpenPart *open, void *user, Err *err)
{
    uint32_t tensors;
    if (get_count(gguf, "split.tensors.count", &tensors, err) != 0 ||
        check_part(gguf, 0, (uint32_t)count, tensors, err) != 0)
        return -1;
    gguf->parts = calloc((size_t)count, sizeof(Gguf *));
    if (gguf->parts == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for its parts", gguf->label);
    gguf->parts[0] = gguf;
    gguf->n_parts = 1;
    for (int i = 1; i < count; i++) {
        if (open(&gguf->parts[i], gguf, i, user, err) != 0)
            return -1;
        gguf->n_parts = i + 1;
        if (check_part(gguf->parts[i], (uint32_t)i, (uint32_t)count, tensors, err) != 0)
            return -1;
    }
    return merge_tensors(gguf, tensors, err);
}
