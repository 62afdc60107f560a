/* hub_quant.c - see hub_quant.h. */
#include "app/pull/hub_quant.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The nearest to Q4_K_M first: of its size, then better ones, then ones that lose more. */
static const char *const by_rank[] = {
    "Q4_K_M",  "Q4_K_XL", "Q4_K_L",  "Q4_K_S", "Q4_K",    "IQ4_NL",  "IQ4_XS",  "Q4_1",   "Q4_0",
    "Q4",      "MXFP4",   "Q5_K_M",  "Q5_K_S", "Q5_K_L",  "Q5_K",    "Q5_K_XL", "Q5_1",   "Q5_0",
    "Q6_K",    "Q6_K_L",  "Q6_K_XL", "Q8_0",   "Q8_K_XL", "Q3_K_XL", "Q3_K_L",  "Q3_K_M", "Q3_K",
    "IQ3_M",   "Q3_K_S",  "IQ3_S",   "IQ3_XS", "IQ3_XXS", "BF16",    "F16",     "FP16",   "Q2_K_L",
    "Q2_K_XL", "Q2_K",    "Q2_K_S",  "IQ2_M",  "IQ2_S",   "IQ2_XS",  "IQ2_XXS", "F32",    "FP32",
};
enum { N_RANKS = sizeof by_rank / sizeof *by_rank };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of a quantisation that the text begins with, with all that belongs to its word: Q4_0_4_4 is
 * not Q4_0. 0 = none. */
static size_t label_at(const char *text)
{
    static const char *const words[] = {"BF16", "F16", "F32", "FP16", "FP32", "MXFP4", "NVFP4"};
    size_t length = 0, known = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    const char *digit =
        text + (text[0] == 'I' || text[0] == 'i' || text[0] == 'T' || text[0] == 't');
    if ((digit[0] == 'Q' || digit[0] == 'q') && is_digit(digit[1]) &&
        (digit[2] == '_' || !isalnum((unsigned char)digit[2])))
        return length;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        known = strlen(words[i]);
        if (strncasecmp(text, words[i], known) == 0 && !isalnum((unsigned char)text[known]))
            return length;
    }
    return 0;
}

void hub_label(const char *path, char label[HUB_LABEL_BYTES])
{
    label[0] = '\0';
    for (const char *at = path; *at; at++) {
        bool begins = at == path || strchr("-._/ ", at[-1]);
        size_t length = begins ? label_at(at) : 0;
        if (length == 0 || length + 3 >= HUB_LABEL_BYTES)
            continue;
        const char *from = at - path >= 3 && strncasecmp(at - 3, "UD-", 3) == 0 ? at - 3 : at;
        length += (size_t)(at - from);
        for (size_t i = 0; i < length; i++)
            label[i] = (char)toupper((unsigned char)from[i]);
        label[length] = '\0';
        at = from + length - 1; /* the rest of its word is no other one */
    }
}

int hub_label_rank(const char *label)
{
    bool own = strncmp(label, "UD-", 3) == 0;
    for (int i = 0; i < N_RANKS; i++)
        if (strcmp(label + (own ? 3 : 0), by_rank[i]) == 0)
            return 2 * i + own;
    return 2 * N_RANKS;
}

/* Five digits; -1 = something else. */
static int five(const char *text)
{
    int value = 0;
    for (int i = 0; i < 5; i++) {
        if (!is_digit(text[i]))
            return -1;
        value = 10 * value + text[i] - '0';
    }
    return value;
}

void hub_part(const char *path, HubPart *part)
{
    static const char pattern[] = "-00000-of-00000.gguf";
    size_t length = strlen(path), tail = sizeof pattern - 1;
    *part = (HubPart){1, 1, length};
    if (length <= tail)
        return;
    const char *end = path + length - tail;
    int number = end[0] == '-' ? five(end + 1) : -1;
    int of = number > 0 && strncmp(end + 6, "-of-", 4) == 0 ? five(end + 10) : -1;
    if (number > 0 && of >= number && strcasecmp(end + 15, ".gguf") == 0)
        *part = (HubPart){number, of, length - tail};
}
