/* locale.c - see locale.h. */
#include "app/base/locale.h"

#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void locale_open(void)
{
    const char *all = getenv("LC_ALL");
    setlocale(LC_CTYPE, "");
    if (is_utf8())
        return;
    if (setlocale(LC_CTYPE, "C.UTF-8") && is_utf8())
        setenv(all && *all ? "LC_ALL" : "LC_CTYPE", "C.UTF-8", 1);
    else
        setlocale(LC_CTYPE, "");
}
