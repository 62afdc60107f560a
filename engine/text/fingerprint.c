/* fingerprint.c - see fingerprint.h. The sum is FNV-1a over 64 bits. */
#include "engine/text/fingerprint.h"

#include <stdlib.h>

#include "engine/text/vocab.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t add(uint64_t sum, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ at[i]) * FNV_PRIME;
    return sum;
}

static bool counts(int type, GgufString piece)
{
    if (piece.length == 0)
        return false;
    return type == TOKEN_NORMAL || type == TOKEN_USER || type == TOKEN_BYTE ||
           (type == TOKEN_CONTROL && vocab_is_chat_token(piece));
}

Fingerprint fingerprint_of(const Gguf *gguf)
{
    int n, n_types;
    if (gguf_get_array(gguf, "tokenizer.ggml.tokens", GGUF_STRING, &n, NULL) != 1 || n == 0)
        return 0;
    int32_t *types = NULL;
    if (gguf_get_array(gguf, "tokenizer.ggml.token_type", GGUF_I32, &n_types, NULL) == 1) {
        types = malloc(((size_t)n_types + 1) * sizeof *types);
        if (!types || n_types != n ||
            gguf_array_copy(gguf, "tokenizer.ggml.token_type", GGUF_I32, types, n, NULL) != 1) {
            free(types);
            return 0;
        }
    }
    uint64_t sum = FNV_START;
    for (int32_t id = 0; id < n; id++) {
        GgufString piece = gguf_array_string(gguf, "tokenizer.ggml.tokens", id);
        if (!counts(types ? types[id] : TOKEN_NORMAL, piece))
            continue;
        sum = add(sum, &id, sizeof id);
        sum = add(sum, piece.data, piece.length);
        sum = add(sum, "", 1);
    }
    free(types);
    return sum ? sum : 1;
}
