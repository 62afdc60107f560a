/* tiny_vocab.c - see tiny_vocab.h. */
#include "tests/support/tiny_vocab.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS_MAX = 480, MERGES_MAX = 96, PIECE_BYTES = 32 };

typedef enum TokenType {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,
    TOKEN_CONTROL = 3,
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6
} TokenType;

typedef struct Tokens {
    char text[TOKENS_MAX][PIECE_BYTES];
    int type[TOKENS_MAX];
    float score[TOKENS_MAX];
    int count;
} Tokens;

/* Left and right part in the order of their rank; '_' stands for a space. Each part is one
 * character or the result of an earlier line. */
static const char *const merges[][2] = {
    {"_", "t"},   {"h", "e"},  {"i", "n"},     {"_", "a"},   {"e", "r"},  {"o", "n"},
    {"_t", "he"}, {"r", "e"},  {"_", "s"},     {"a", "t"},   {"e", "n"},  {"o", "r"},
    {"_", "w"},   {"i", "s"},  {"_", "o"},     {"_", "c"},   {"a", "n"},  {"n", "d"},
    {"e", "s"},   {"in", "g"}, {"_a", "nd"},   {"o", "u"},   {"_", "is"}, {"_o", "f"},
    {"_t", "o"},  {"_", "in"}, {"l", "l"},     {"e", "d"},   {"a", "l"},  {"_", "b"},
    {"_", "m"},   {"_", "f"},  {"i", "t"},     {"a", "r"},   {"_", "p"},  {"l", "e"},
    {"_", "h"},   {"_", "d"},  {"_", "y"},     {"_y", "ou"}, {"_", "re"}, {"v", "er"},
    {"_", "1"},   {"_", "2"},  {"_c", "an"},   {"_w", "or"}, {"l", "d"},  {"_wor", "ld"},
    {"ll", "o"},  {"_h", "e"}, {"_he", "llo"},
};

enum { N_MERGES = sizeof merges / sizeof *merges };

static void add(Tokens *tokens, const char *text, TokenType type, float score)
{
    assert(tokens->count < TOKENS_MAX && strlen(text) < PIECE_BYTES);
    strcpy(tokens->text[tokens->count], text);
    tokens->type[tokens->count] = (int)type;
    tokens->score[tokens->count++] = score;
}

static void add_pads(Tokens *tokens, int pads)
{
    char text[PIECE_BYTES];
    for (int i = 0; i < pads; i++) {
        snprintf(text, sizeof text, "[PAD%d]", i);
        add(tokens, text, TOKEN_UNUSED, 0);
    }
}

/* The part of a merge with its space written as the vocabulary does. */
static void spell(char out[PIECE_BYTES], const char *part, const char *space)
{
    out[0] = '\0';
    if (*part == '_')
        strcpy(out, space);
    strcat(out, part + (*part == '_'));
}

/* GPT-2's way to show a byte as a character: printable ones as themselves, the others from U+0100
 * on. */
static void byte_character(char out[PIECE_BYTES], int byte, int *next)
{
    bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    int code = printable ? byte : 256 + (*next)++;
    if (code < 0x80)
        snprintf(out, PIECE_BYTES, "%c", code);
    else
        snprintf(out, PIECE_BYTES, "%c%c", 0xc0 | code >> 6, 0x80 | (code & 0x3f));
}

static void write_tokens(GgufWriter *w, const Tokens *tokens, bool scores)
{
    const char *texts[TOKENS_MAX];
    for (int i = 0; i < tokens->count; i++)
        texts[i] = tokens->text[i];
    gguf_write_strings(w, "tokenizer.ggml.tokens", texts, tokens->count);
    gguf_write_array(w, "tokenizer.ggml.token_type", GGUF_I32, tokens->type, tokens->count);
    if (scores)
        gguf_write_array(w, "tokenizer.ggml.scores", GGUF_F32, tokens->score, tokens->count);
}

static int write_bpe(GgufWriter *w, int pads)
{
    static const char space[] = "\xc4\xa0"; /* U+0120 */
    Tokens tokens = {.count = 0};
    char piece[PIECE_BYTES], lines[N_MERGES][2 * PIECE_BYTES];
    const char *line[N_MERGES];
    int next = 0;
    for (int byte = 0; byte < 256; byte++) {
        byte_character(piece, byte, &next);
        add(&tokens, piece, TOKEN_NORMAL, 0);
    }
    for (int i = 0; i < N_MERGES; i++) {
        char left[PIECE_BYTES], right[PIECE_BYTES];
        spell(left, merges[i][0], space);
        spell(right, merges[i][1], space);
        snprintf(lines[i], sizeof lines[i], "%s %s", left, right);
        line[i] = lines[i];
        add(&tokens, strcat(left, right), TOKEN_NORMAL, 0);
    }
    add(&tokens, "<|endoftext|>", TOKEN_CONTROL, 0);
    add(&tokens, "<|im_start|>", TOKEN_CONTROL, 0);
    add(&tokens, "<|im_end|>", TOKEN_CONTROL, 0);
    int im_end = tokens.count - 1;
    add_pads(&tokens, pads);
    gguf_write_string(w, "tokenizer.ggml.model", "gpt2");
    gguf_write_string(w, "tokenizer.ggml.pre", "qwen2");
    write_tokens(w, &tokens, false);
    gguf_write_strings(w, "tokenizer.ggml.merges", line, N_MERGES);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", (uint32_t)im_end - 2);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", (uint32_t)im_end);
    gguf_write_bool(w, "tokenizer.ggml.add_bos_token", false);
    gguf_write_string(w, "tokenizer.chat_template",
                      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
                      "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
                      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}");
    return tokens.count;
}

static int write_spm(GgufWriter *w, int pads)
{
    static const char space[] = "\xe2\x96\x81"; /* U+2581 */
    Tokens tokens = {.count = 0};
    char piece[2 * PIECE_BYTES];
    add(&tokens, "<unk>", TOKEN_UNKNOWN, 0);
    add(&tokens, "<s>", TOKEN_CONTROL, 0);
    add(&tokens, "</s>", TOKEN_CONTROL, 0);
    for (int byte = 0; byte < 256; byte++) {
        snprintf(piece, PIECE_BYTES, "<0x%02X>", byte);
        add(&tokens, piece, TOKEN_BYTE, 0);
    }
    for (int i = 0; i < N_MERGES; i++) {
        char right[PIECE_BYTES];
        spell(piece, merges[i][0], space);
        spell(right, merges[i][1], space);
        add(&tokens, strcat(piece, right), TOKEN_NORMAL, (float)-i);
    }
    add(&tokens, space, TOKEN_NORMAL, -1000);
    for (int c = '!'; c <= '~'; c++)
        add(&tokens, (char[]){(char)c, '\0'}, TOKEN_NORMAL, (float)(-1000 - c));
    add_pads(&tokens, pads);
    gguf_write_string(w, "tokenizer.ggml.model", "llama");
    write_tokens(w, &tokens, true);
    gguf_write_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", 1);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", 2);
    gguf_write_bool(w, "tokenizer.ggml.add_bos_token", true);
    gguf_write_string(
        w, "tokenizer.chat_template",
        "{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ 'USER: ' + message['content'] | trim + ' ' }}{% elif message['role'] == 'assistant' %}"
        "{{ 'ASSISTANT: ' + message['content'] | trim + eos_token }}{% else %}"
        "{{ message['content'] + ' ' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}");
    return tokens.count;
}

int tiny_vocab_write(GgufWriter *writer, TinyVocab kind, int pads)
{
    return kind == TINY_BPE ? write_bpe(writer, pads) : write_spm(writer, pads);
}
