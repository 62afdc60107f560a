/* make_train_data.c - seeds for fuzz_train_data: lines of every form, and those with a byte amiss.
 * usage: make_train_data FOLDER */
#include <string.h>

#include "tests/support/corpus.h"

int main(int argc, char **argv)
{
    static const char text[] =
        " {\"text\": \"some plain text, long enough to be cut in a few pieces by the target\"}";
    static const char messages[] =
        " {\"id\": 1, \"finish\": \"length\", \"messages\": [{\"role\": \"system\", \"content\": "
        "\"s\"}, {\"role\": \"user\", \"content\": \"a<|im_end|>\"}, {\"role\": \"assistant\", "
        "\"content\": \" one \"}, {\"role\": \"user\", \"content\": \"b\"}, {\"role\": "
        "\"assistant\", \"content\": \"</s>two\"}]}";
    static const char shared[] =
        " {\"conversations\": [{\"from\": \"human\", \"value\": \"a\"}, {\"from\": \"gpt\", "
        "\"value\": \"\\u00e9\"}]}";
    static const char *const lines[] = {text, messages, shared};
    int number = 0, failed = argc != 2;
    for (int l = 0; l < 3 && !failed; l++) {
        for (int first = 0; first < 4; first++) {
            char line[512];
            size_t bytes = strlen(lines[l]);
            memcpy(line, lines[l], bytes);
            line[0] = (char)first;
            failed |= corpus_put(argv[1], number++, line, bytes);
            for (size_t i = 2; i < bytes && !failed; i += 5) {
                char kept = line[i];
                line[i] = "\"0{[:,-\x01\xff"[i % 9];
                failed = corpus_put(argv[1], number++, line, i % 2 ? bytes : i);
                line[i] = kept;
            }
        }
    }
    return failed;
}
