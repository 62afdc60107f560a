/* make_ollama.c - manifests to start fuzzing from: a good one, and that one with a byte amiss. */
#include <string.h>

#include "tests/support/corpus.h"

int main(int argc, char **argv)
{
    static const char good[] =
        "{\"schemaVersion\":2,\"mediaType\":\"application/"
        "vnd.docker.distribution.manifest.v2+json\","
        "\"config\":{\"digest\":\"sha256:00\",\"size\":485},\"layers\":[{\"mediaType\":"
        "\"application/"
        "vnd.ollama.image.model\",\"digest\":\"sha256:0123456789abcdef0123456789abcdef"
        "0123456789abcdef0123456789abcdef\",\"size\":98362432},{\"mediaType\":"
        "\"application/vnd.ollama.image.template\",\"digest\":\"sha256:../x\",\"size\":1}]}";
    return argc == 2 ? corpus_spoil(argv[1], good, strlen(good)) : 2;
}
