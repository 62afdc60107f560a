/* make_request.c - seeds for fuzz_request: a line of each request, and some of each way to ask.
 * usage: make_request FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/requests.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return EXIT_USAGE;
    for (size_t i = 0; i < SAMPLE_REQUESTS; i++) {
        char *line = request_to_line(&sample_requests[i]);
        char path[4096];
        snprintf(path, sizeof path, "%s/%zu", argv[1], i);
        FILE *file = fopen(path, "w");
        if (!line || !file || fputs(line, file) == EOF || fclose(file) != 0) {
            perror(path);
            return EXIT_IO;
        }
        free(line);
    }
    return 0;
}
