/* make_found_cache.c - files of remembered headers to start fuzzing from. */
#include <string.h>

#include "tests/support/corpus.h"

int main(int argc, char **argv)
{
    static const char good[] =
        "{\"v\":1,\"models\":[{\"path\":\"/m/one.gguf\",\"bytes\":1000,\"inode\":7,\"changed\":"
        "1700000000000000000,\"arch\":\"llama\",\"type\":\"Q4_K\",\"context\":8192,\"weights\":900,"
        "\"weight_bytes\":800,\"vocabulary\":\"f00d\"},{\"path\":\"/m/two.gguf\",\"bytes\":5,"
        "\"inode\":8,\"changed\":1,\"arch\":\"qwen2\",\"type\":\"Q8_0\",\"context\":1,\"weights\":"
        "1,"
        "\"weight_bytes\":1,\"vocabulary\":\"1\"}]}";
    return argc == 2 ? corpus_spoil(argv[1], good, strlen(good)) : 2;
}
