/* small_vocab.c - see small_vocab.h. Trouble with memory or with these tools ends the test. */
#include "tests/support/small_vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "small_vocab: %s\n", what);
    abort();
}

static int open_memory(Tokenizer **tokenizer, const char *data, size_t bytes, Err *err)
{
    Gguf *gguf;
    if (gguf_open_memory(&gguf, data, bytes, "small.gguf", err) != 0)
        return -1;
    int rc = tokenizer_open(tokenizer, gguf, err);
    gguf_close(gguf);
    return rc;
}

static void write_keys(GgufWriter *writer, const SmallVocab *vocab)
{
    char key[64];
    gguf_write_string(writer, "general.architecture", "llama");
    if (vocab->model != NULL)
        gguf_write_string(writer, "tokenizer.ggml.model", vocab->model);
    if (vocab->pre != NULL)
        gguf_write_string(writer, "tokenizer.ggml.pre", vocab->pre);
    if (vocab->tokens != NULL)
        gguf_write_strings(writer, "tokenizer.ggml.tokens", vocab->tokens, vocab->n_tokens);
    if (vocab->types != NULL)
        gguf_write_array(writer, "tokenizer.ggml.token_type", GGUF_I32, vocab->types,
                         vocab->n_types);
    if (vocab->scores != NULL)
        gguf_write_array(writer, "tokenizer.ggml.scores", GGUF_F32, vocab->scores, vocab->n_scores);
    if (vocab->merges != NULL)
        gguf_write_strings(writer, "tokenizer.ggml.merges", vocab->merges, vocab->n_merges);
    if (vocab->no_space)
        gguf_write_bool(writer, "tokenizer.ggml.add_space_prefix", false);
    if (vocab->id_key != NULL) {
        snprintf(key, sizeof key, "tokenizer.ggml.%s", vocab->id_key);
        gguf_write_u32(writer, key, vocab->id);
    }
}

int small_vocab_open(Tokenizer **tokenizer, const SmallVocab *vocab, Err *err)
{
    char *data;
    size_t bytes;
    GgufWriter *writer = NULL;
    FILE *stream = open_memstream(&data, &bytes);
    demand(stream != NULL && gguf_write_open(&writer, stream, NULL) == 0, "no memory");
    write_keys(writer, vocab);
    demand(gguf_write_close(writer, NULL) == 0 && fclose(stream) == 0, "cannot write");
    int rc = open_memory(tokenizer, data, bytes, err);
    free(data);
    return rc;
}

void tiny_vocab_file(TinyVocab kind, char **data, size_t *bytes)
{
    GgufWriter *writer = NULL;
    FILE *stream = open_memstream(data, bytes);
    demand(stream != NULL && gguf_write_open(&writer, stream, NULL) == 0, "no memory");
    gguf_write_string(writer, "general.architecture", "llama");
    tiny_vocab_write(writer, kind, 0);
    demand(gguf_write_close(writer, NULL) == 0 && fclose(stream) == 0, "cannot write");
}

Tokenizer *tiny_vocab_open(TinyVocab kind)
{
    char *data;
    size_t bytes;
    Err err = {0};
    Tokenizer *tokenizer;
    tiny_vocab_file(kind, &data, &bytes);
    demand(open_memory(&tokenizer, data, bytes, &err) == 0, err.text);
    free(data);
    return tokenizer;
}

int encode_text(const Tokenizer *tokenizer, const char *text, size_t bytes, bool special, int **ids)
{
    Err err = {0};
    int count = 0, capacity = 0;
    *ids = NULL;
    demand(tokenizer_encode(tokenizer, text, bytes, special, ids, &count, &capacity, &err) == 0,
           err.text);
    return count;
}

int count_special(const Tokenizer *tokenizer, const int *ids, int count)
{
    int special = 0;
    for (int i = 0; i < count; i++)
        special += tokenizer_is_special(tokenizer, ids[i]);
    return special;
}

char *decode_ids(const Tokenizer *tokenizer, const int *ids, int count, size_t *bytes)
{
    char *text;
    FILE *stream = open_memstream(&text, bytes);
    demand(stream != NULL, "no memory");
    for (int i = 0; i < count; i++) {
        size_t n;
        const char *piece = tokenizer_text(tokenizer, ids[i], true, &n);
        fwrite(piece, 1, n, stream);
    }
    demand(fclose(stream) == 0, "cannot write");
    return text;
}
