/* make_torch.c - writes the files of bad_torch.c into a folder: make_torch FOLDER. */
#include <stdio.h>

#include "tests/support/bad_checkpoints.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_torch FOLDER\n");
        return 64;
    }
    return bad_checkpoints_save(argv[1], bad_torch);
}
