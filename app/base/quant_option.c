/* quant_option.c - see quant_option.h. */
#include "app/base/quant_option.h"

#include <ctype.h>

#include "app/base/command_line.h"

enum { BLOCK_MOST = 32 };

int quant_option(const char *text, QuantType *type)
{
    const QuantInfo *info = quant_by_name(text);
    if (info == NULL || info->block > BLOCK_MOST)
        return -1;
    *type = info->type;
    return 0;
}

int quant_option_at(int index, char *text, size_t size)
{
    char names[256];
    quant_names(BLOCK_MOST, names, sizeof names);
    for (char *p = names; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return word_at(names, ", ", index, text, size);
}
