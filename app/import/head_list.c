/* head_list.c - the tokens that an EAGLE-3 head scores: see head_parts.h.
 *
 * Row i of lm_head is token i + d2t[i]; t2d says of every token whether it has a row. Where every token
 * has one the authors' program reads neither, and files may hold them unfilled.
 */
#include <stdlib.h>

#include "app/import/head_parts.h"

static int64_t *read_all(const HeadImport *import, const Tensor *tensor, int64_t n, Err *err)
{
    if (tensor->n_dims != 1 || tensor->dims[0] != n) {
        head_refuse(import, err, "'%s' has %lld values, expected %lld", tensor->name,
                    (long long)tensor_values(tensor), (long long)n);
        return NULL;
    }
    int64_t *values = malloc((size_t)n * sizeof *values);
    if (values == NULL)
        err_set(err, EXIT_MEMORY, "%s: no memory for %lld numbers", import->path, (long long)n);
    else if (tensor_file_integers(import->file, tensor, values, err) == 0)
        return values;
    free(values);
    return NULL;
}

static int read_list(HeadImport *import, const Tensor *d2t, int n, Err *err)
{
    int64_t *offsets = read_all(import, d2t, n, err);
    if (offsets == NULL)
        return -1;
    import->ids = malloc((size_t)n * sizeof *import->ids);
    int result = import->ids ? 0 : err_set(err, EXIT_MEMORY, "%s: no memory", import->path);
    for (int i = 0, vocab = import->info.vocab; i < n && result == 0; i++) {
        if (offsets[i] < -i || offsets[i] >= vocab - i)
            result =
                head_refuse(import, err, "'%s' moves row %d by %lld, out of the vocabulary of %d",
                            d2t->name, i, (long long)offsets[i], vocab);
        else
            import->ids[i] = i + (int)offsets[i];
        if (result == 0 && i > 0 && import->ids[i] <= import->ids[i - 1])
            result = head_refuse(import, err,
                                 "'%s' makes rows %d and %d tokens %d and %d; they must ascend",
                                 d2t->name, i - 1, i, import->ids[i - 1], import->ids[i]);
    }
    free(offsets);
    return result;
}

static int check_marks(const HeadImport *import, const Tensor *t2d, int n, Err *err)
{
    int vocab = import->info.vocab, result = 0;
    int64_t *marks = read_all(import, t2d, vocab, err);
    if (marks == NULL)
        return -1;
    for (int token = 0, i = 0; token < vocab && result == 0; token++) {
        bool listed = i < n && import->ids[i] == token;
        i += listed;
        if ((marks[token] != 0) != listed)
            result = head_refuse(import, err, "'%s' and 'd2t' do not agree on token %d", t2d->name,
                                 token);
    }
    free(marks);
    return result;
}

int head_list(HeadImport *import, Err *err)
{
    const Tensor *output = head_find(import, "lm_head.weight");
    const Tensor *d2t = head_find(import, "d2t"), *t2d = head_find(import, "t2d");
    HeadInfo *info = &import->info;
    if (output == NULL)
        return head_refuse(import, err,
                           "'lm_head.weight' is missing: what the head says of tokens");
    int64_t rows = output->dims[0];
    int said = import->config.draft_vocab;
    if (rows < 1 || rows > info->vocab)
        return head_refuse(import, err, "'%s' has %lld rows; %s has %d tokens", output->name,
                           (long long)rows, import->ask->target_name, info->vocab);
    if (said > 0 && said != rows)
        return head_refuse(import, err, "'%s' has %lld rows, and config.json says %d tokens",
                           output->name, (long long)rows, said);
    if (rows == info->vocab)
        return 0;
    if (d2t == NULL)
        return head_refuse(import, err,
                           "'d2t' is missing: which of %d tokens the %lld rows of '%s' are",
                           info->vocab, (long long)rows, output->name);
    int n = (int)rows;
    if (read_list(import, d2t, n, err) != 0 || (t2d && check_marks(import, t2d, n, err) != 0))
        return -1;
    info->n_vocab = n;
    info->ids = import->ids;
    return 0;
}
