/* make_request.c - seeds for fuzz_request: a line of each request, and some of each way to ask.
 * usage: make_request FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/request.h"

static int ids[] = {0, 1, 2, 40, 50, 51};
static Message messages[] = {{.role = ROLE_SYSTEM, .text = "Be brief."},
                             {.role = ROLE_USER, .text = "Hello \xc3\xa9\n"},
                             {.role = ROLE_ASSISTANT, .text = ""}};

static const Request samples[] = {
    {.type = REQUEST_LOAD,
     .u.load = {.profile = {.name = "tiny",
                            .path = "/p/tiny.yaml",
                            .draft_base = "draft",
                            .draft_layers = 12,
                            .draft_ids = {ids, 6},
                            .draft_adapter = "/p/a.gguf",
                            .n_exits = 2,
                            .exits = {6, 12},
                            .n_targets = 2,
                            .targets = {{"one", 2, {0.7, 0.1}, "ngram", NULL},
                                        {"/two.gguf", 0, {0}, "", NULL}},
                            .tree_depth = 4,
                            .tree_width = 3,
                            .tree_nodes = 12,
                            .temperature = 0.8,
                            .top_p = 0.95,
                            .top_k = 40,
                            .seed = 7,
                            .system = "line\nline",
                            .context = 2048,
                            .kv = KV_Q8,
                            .threads = 3,
                            .device = "cpu"},
                .target_index = 1,
                .drafter = "exit:6",
                .tree = "4x3x12",
                .isa = "scalar"}},
    {.type = REQUEST_SAY,
     .u.say = {.messages = messages, .n_messages = 3, .max_tokens = 100, .seed = 1}},
    {.type = REQUEST_STOP},
    {.type = REQUEST_SWITCH, .u.swap = {.index = 1, .unload = true}},
    {.type = REQUEST_SWITCH, .u.swap = {.index = -1, .name = "coder"}},
    {.type = REQUEST_SET,
     .u.set = {.n_thresholds = 2,
               .thresholds = {0.5f, 0},
               .tree = "off",
               .drafter = "ngram+s2d",
               .has_sampling = true,
               .has_spec = true,
               .has_auto = true,
               .sampling = {.temperature = 1, .top_k = 20, .top_p = 0.9f, .seed = 3}}},
    {.type = REQUEST_QUIT},
};

int main(int argc, char **argv)
{
    if (argc != 2)
        return EXIT_USAGE;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char *line = request_to_line(&samples[i]);
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
