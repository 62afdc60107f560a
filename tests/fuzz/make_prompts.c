/* make_prompts.c - files of prompts to start fuzzing from. */
#include <stdio.h>

int main(int argc, char **argv)
{
    static const char *const files[] = {
        "What is a tree?\n\n  Write quicksort in C.\r\n",
        "{\"prompt\":\"a\"}\n{\"turns\":[\"b\",\"c\"],\"category\":\"d\"}\n",
        "{\"prompt\":\"\\u00e9\"}\nno object\n",
        "{\"turns\":[]}\n",
    };
    for (int i = 0; argc == 2 && i < 4; i++) {
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
