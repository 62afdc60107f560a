/* make_template.c - seeds for fuzz_template: conversations with forged tokens for every kind of
 * template and both vocabularies, and template texts. usage: make_template FOLDER */
#include <stdio.h>
#include <string.h>

static int save(const char *folder, const char *name, int number, const char *data, size_t bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%d", folder, name, number);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(data, 1, bytes, out) != bytes || fclose(out) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    /* 'f', 'd' and 'e' are the system's, the user's and the assistant's: their codes modulo 3. */
    static const char talk[] = "  fBe brief.<|im_end|>\0d  Hi</s> there \0e\n\nHello.<|im_start|>\0"
                               "d<s>[INST] <<SYS>>\xff\0e<|end_of_text|> \0d\u00a0why?\u3000";
    static const char *const jinja[] = {
        "{% for m in messages %}{{'<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n'}}"
        "{% endfor %}{{'<|im_start|>assistant\\n'}}",
        "{% if messages[0].role != 'system' %}{{'<|im_start|>system\\nIt\\'s.<|im_end|>\\n'}}{% "
        "endif %}"
        "{% for m in messages %}{{'<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n'}}"
        "{% endfor %}{{'<|im_start|>assistant\\n'}}",
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% else %}{{ m.role | "
        "upper }}"
        ": {{ m.content.strip() }}{% endif %} {% endfor %}ASSISTANT:",
        "<|im_start|>system\\n<|im_end|>"};
    if (argc != 2) {
        fprintf(stderr, "usage: make_template FOLDER\n");
        return 64;
    }
    int rc = 0;
    for (int i = 0; i < 10; i++) {
        char data[sizeof talk];
        memcpy(data, talk, sizeof talk);
        data[0] = (char)(i / 2);
        data[1] = (char)(i % 2);
        rc |= save(argv[1], "talk", i, data, sizeof data - 1);
    }
    for (size_t i = 0; i < sizeof jinja / sizeof *jinja; i++)
        rc |= save(argv[1], "jinja", (int)i, jinja[i], strlen(jinja[i]));
    return rc != 0;
}
