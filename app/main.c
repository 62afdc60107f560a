/* main.c - what holds for every command: the standard streams, and the locale. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/base/locale.h"
#include "app/base/std_streams.h"
#include "app/commands.h"
#include "kernels/common/memory.h"

int main(int argc, char **argv)
{
    Err err = {0};
    if (std_streams_open(&err) != 0) {
        fprintf(stderr, "s2d: %s\n", err.text);
        return err.code;
    }
    json_set_alloc_funcs(memory_take, free);
    locale_open();
    return std_streams_close(dispatch(argc, argv));
}
