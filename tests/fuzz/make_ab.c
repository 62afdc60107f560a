/* make_ab.c - settings of `/ab` to start fuzzing from. */
#include <stdio.h>

int main(int argc, char **argv)
{
    static const char *const files[] = {
        "now",
        "plain",
        "profile",
        "e6=.25,12=1,tree=4x3x12",
        "drafter=exit:6,tree=off",
        "all=2",
        "=",
        "target=2,plain",
        "target=b",
        "target=3",
    };
    enum { FILES = sizeof files / sizeof *files };
    for (int i = 0; argc == 2 && i < FILES; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%d", argv[1], i);
        FILE *file = fopen(path, "w");
        if (!file || fputs(files[i], file) == EOF || fclose(file) != 0) {
            perror(path);
            return 1;
        }
    }
    return argc == 2 ? 0 : 2;
}
