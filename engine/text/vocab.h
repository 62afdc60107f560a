/* vocab.h - the tokens of a model: their strings, their bytes, their types and how to find them.
 *
 * In: tokenizer.ggml.tokens and .token_type of a GGUF file. Out: tables of our own; the Gguf may be
 * closed. Two ways to find a token: by its exact string (a hash table with a secret seed, so that a
 * file cannot choose strings that collide), and the longest special token at a place in a text (a
 * sorted list, narrowed byte by byte). Nothing changes after vocab_open.
 */
#ifndef S2D_ENGINE_TEXT_VOCAB_H
#define S2D_ENGINE_TEXT_VOCAB_H

#include "engine/gguf/gguf.h"

#include <stddef.h>
#include <stdint.h>

typedef enum TokenType {                  /* the format's numbers */
                         TOKEN_UNDEFINED, /* of some files' padding: counts as TOKEN_UNUSED */
                         TOKEN_NORMAL,
                         TOKEN_UNKNOWN,
                         TOKEN_CONTROL,
                         TOKEN_USER, /* added by the model's makers; found in any text */
                         TOKEN_UNUSED,
                         TOKEN_BYTE,
} TokenType;

enum { TOKEN_MAX_BYTES = 4096 }; /* a longer token string is an error; real ones stay below 600 */

/* Strings one behind another: string i is bytes[start[i]] … bytes[start[i + 1] - 1]. */
typedef struct StringTable {
    char *bytes;
    size_t *start; /* [count + 1] */
} StringTable;

GgufString string_table_at(const StringTable *table, int index);

typedef struct Vocab {
    int count;
    StringTable pieces; /* as stored in the file */
    uint8_t *types;     /* [count] TokenType */
    int *slots;         /* [slot_mask + 1] open addressing: token id, -1 = free */
    uint32_t slot_mask;
    uint64_t seed;
    int *
        specials; /* [n_specials] ids that are not plain text, sorted by their strings: no empty ones */
    int n_specials;
    bool special_start[256]; /* some special token begins with this byte */
} Vocab;

/* Token ids, growing by realloc. */
typedef struct IdList {
    int *ids;
    int count;
    int capacity;
} IdList;

/* Appends one id; -1 when memory is out. */
int id_list_add(IdList *list, int id, Err *err);

/* Reads the tokens. All counts, types and lengths are checked; on failure everything is freed. */
int vocab_open(Vocab *vocab, const Gguf *gguf, Err *err);
void vocab_close(Vocab *vocab);

GgufString vocab_piece(const Vocab *vocab, int id);

/* The id of an exact string; -1 = none. Where a string occurs twice the last one counts. */
int vocab_find(const Vocab *vocab, const char *text, size_t bytes);

/* Is it one of the tokens that structure a chat? */
bool vocab_is_chat_token(GgufString piece);

/* Like vocab_find, but only for tokens that plain text may become: never a control token. */
int vocab_find_plain(const Vocab *vocab, const char *text, size_t bytes);

/* The longest special token at the beginning of text, -1 = none. Without `control` only the makers'
 * added tokens count, which are part of plain text too. */
int vocab_match_special(const Vocab *vocab, const char *text, size_t bytes, bool control);

#endif
