/* spm.c - see spm.h. */
#include "engine/text/spm.h"

#include "engine/text/merge.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

static const char scores_key[] = "tokenizer.ggml.scores";
static const char space_mark[] = "\xe2\x96\x81"; /* U+2581 */

enum { SPACE_MARK_BYTES = sizeof space_mark - 1 };

struct Spm {
    const Vocab *vocab;
    uint32_t *priorities; /* [vocab->count] lower goes first: falling with the score */
    int byte_ids[256];
};

/* The value of a token <0x00> … <0xFF>; -1 when it is not written so. */
static int byte_value(GgufString piece)
{
    if (piece.length != 6 || memcmp(piece.data, "<0x", 3) != 0 || piece.data[5] != '>')
        return -1;
    int value = 0;
    for (int i = 3; i < 5; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = piece.data[i];
        const char *digit = memchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c, 16);
        if (digit == NULL)
            return -1;
        value = value * 16 + (int)(digit - digits);
    }
    return value;
}

size_t spm_decode(GgufString piece, TokenType type, char *out)
{
    if (type == TOKEN_BYTE) {
        out[0] = (char)byte_value(piece);
        return 1;
    }
    size_t n = 0;
    for (size_t i = 0; i < piece.length;) {
        if (piece.length - i >= SPACE_MARK_BYTES &&
            memcmp(piece.data + i, space_mark, SPACE_MARK_BYTES) == 0) {
            out[n++] = ' ';
            i += SPACE_MARK_BYTES;
        } else {
            out[n++] = piece.data[i++];
        }
    }
    return n;
}

/* A number that falls as the score rises: the bits of a float order like the float once the sign is
 * folded in. */
static uint32_t score_priority(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 and 0 are one score */
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

static int read_scores(Spm *spm, const Gguf *gguf, Err *err)
{
    const char *path = gguf_path(gguf);
    int n = spm->vocab->count, count;
    int found = gguf_get_array(gguf, scores_key, GGUF_F32, &count, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return err_set(err, EXIT_DATA, "%s: no %s, which a llama vocabulary needs", path,
                       scores_key);
    if (count != n)
        return err_set(err, EXIT_DATA, "%s: %s has %d entries for %d tokens", path, scores_key,
                       count, n);
    float *scores = malloc((size_t)n * sizeof *scores);
    spm->priorities = malloc((size_t)n * sizeof *spm->priorities);
    int rc = 0;
    if (scores == NULL || spm->priorities == NULL)
        rc = err_set(err, EXIT_MEMORY, "%s: no memory for the vocabulary", path);
    else if (gguf_array_copy(gguf, scores_key, GGUF_F32, scores, count, err) < 0)
        rc = -1;
    for (int i = 0; rc == 0 && i < n; i++) {
        if (isnan(scores[i]))
            rc = err_set(err, EXIT_DATA, "%s: the score of token %d is not a number", path, i);
        else
            spm->priorities[i] = score_priority(scores[i]);
    }
    free(scores);
    return rc;
}

static int find_bytes(Spm *spm, const char *path, int unknown, Err *err)
{
    for (int byte = 0; byte < 256; byte++)
        spm->byte_ids[byte] = unknown;
    for (int i = 0; i < spm->vocab->count; i++) {
        if (spm->vocab->types[i] != TOKEN_BYTE)
            continue;
        GgufString piece = vocab_piece(spm->vocab, i);
        int value = byte_value(piece);
        if (value < 0)
            return err_set(err, EXIT_DATA, "%s: token %d, '%.*s', is no byte <0x00> to <0xFF>",
                           path, i, (int)(piece.length < 40 ? piece.length : 40), piece.data);
        spm->byte_ids[value] = i;
    }
    for (int byte = 0; byte < 256; byte++)
        if (spm->byte_ids[byte] < 0)
            return err_set(err, EXIT_DATA,
                           "%s: the vocabulary has no token <0x%02X> and no unknown token", path,
                           byte);
    return 0;
}

int spm_open(Spm **out, const Gguf *gguf, const Vocab *vocab, int unknown, Err *err)
{
    Spm *spm = calloc(1, sizeof *spm);
    if (spm == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the tokenizer", gguf_path(gguf));
    spm->vocab = vocab;
    if (read_scores(spm, gguf, err) != 0 || find_bytes(spm, gguf_path(gguf), unknown, err) != 0) {
        spm_close(spm);
        return -1;
    }
    *out = spm;
    return 0;
}

void spm_close(Spm *spm)
{
    if (spm == NULL)
        return;
    free(spm->priorities);
    free(spm);
}

static bool merge_rule(const void *user, const char *text, const Symbol *left, const Symbol *right,
                       uint32_t *priority, int *id)
{
    const Spm *spm = user;
    size_t bytes = (size_t)left->length + (size_t)right->length;
    *id = vocab_find_plain(spm->vocab, text + left->start, bytes);
    if (*id < 0)
        return false;
    *priority = spm->priorities[*id];
    return true;
}

/* Cuts the text into characters; a byte that is not UTF-8 is one by itself. */
static void add_characters(const Spm *spm, Merger *merger, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        ucs4_t code;
        int n = u8_mbtoucr(&code, (const uint8_t *)text + i, bytes - i);
        if (n <= 0)
            n = 1;
        merger_add(merger, (int)i, n, vocab_find_plain(spm->vocab, text + i, (size_t)n));
        i += (size_t)n;
    }
}

static int add_ids(const Spm *spm, const Merger *merger, const char *text, IdList *out, Err *err)
{
    for (int i = 0; i >= 0; i = merger->symbols[i].next) {
        const Symbol *symbol = &merger->symbols[i];
        if (symbol->id >= 0) {
            if (id_list_add(out, symbol->id, err) != 0)
                return -1;
            continue;
        }
        for (int k = 0; k < symbol->length; k++) {
            unsigned char byte = (unsigned char)text[symbol->start + k];
            if (id_list_add(out, spm->byte_ids[byte], err) != 0)
                return -1;
        }
    }
    return 0;
}

int spm_encode(const Spm *spm, const char *text, size_t bytes, bool space, IdList *out, Err *err)
{
    if (bytes == 0)
        return 0;
    if (bytes > INT_MAX / 8)
        return err_set(err, EXIT_DATA, "a text of %zu bytes is too long to tokenize", bytes);
    char *marked = malloc((bytes + 1) * SPACE_MARK_BYTES);
    if (marked == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to tokenize %zu bytes", bytes);
    size_t n = 0;
    for (size_t i = 0; i < bytes + space; i++) {
        char c = i < space ? ' ' : text[i - space];
        if (c == ' ') {
            memcpy(marked + n, space_mark, SPACE_MARK_BYTES);
            n += SPACE_MARK_BYTES;
        } else {
            marked[n++] = c;
        }
    }
    Merger merger = {0};
    int rc = merger_reserve(&merger, (int)n, err);
    if (rc == 0) {
        add_characters(spm, &merger, marked, n);
        merger_run(&merger, marked, merge_rule, spm);
        rc = add_ids(spm, &merger, marked, out, err);
    }
    merger_close(&merger);
    free(marked);
    return rc;
}
