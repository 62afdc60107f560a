/* make_safetensors.c - writes the files of bad_safetensors.c into a folder: make_safetensors FOLDER. */
#include <stdio.h>

#include "tests/support/bad_checkpoints.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_safetensors FOLDER\n");
        return 64;
    }
    return bad_checkpoints_save(argv[1], bad_safetensors);
}
