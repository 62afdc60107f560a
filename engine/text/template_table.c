/* template_table.c - the chat templates, a row each. The strings are those of the models' own
 * templates: Qwen2.5 and SmolLM2 (ChatML), meta-llama's Llama-3-Instruct and Llama-2-chat,
 * HuggingFaceH4's zephyr-7b, FastChat's vicuna_v1.1, google's gemma-3-1b-it.
 */
#include "engine/text/template_table.h"

#include <stdio.h>
#include <string.h>

static const Template templates[] = {
    {.name = "chatml",
     .turns = {{.open = "<|im_start|>system\n", .after = "<|im_end|>\n"},
               {.open = "<|im_start|>user\n", .after = "<|im_end|>\n"},
               {.open = "<|im_start|>assistant\n", .after = "<|im_end|>\n"}}},
    {.name = "llama-3",
     .turns = {{.open = "<|start_header_id|>system<|end_header_id|>\n\n", .after = "<|eot_id|>"},
               {.open = "<|start_header_id|>user<|end_header_id|>\n\n", .after = "<|eot_id|>"},
               {.open = "<|start_header_id|>assistant<|end_header_id|>\n\n",
                .after = "<|eot_id|>"}},
     .trim = true,
     .bos = true},
    {.name = "zephyr",
     .turns = {{.open = "<|system|>\n", .eos = true, .after = "\n"},
               {.open = "<|user|>\n", .eos = true, .after = "\n"},
               {.open = "<|assistant|>\n", .eos = true, .after = "\n"}}},
    {.name = "llama-2",
     .turns = {{.open = "[INST] <<SYS>>\n", .close = "\n<</SYS>>\n\n", .bos = true},
               {.open = "[INST] ", .close = " [/INST]", .bos = true},
               {.lead = " ", .close = " ", .eos = true}},
     .trim = true,
     .system_inside = true},
    {.name = "vicuna",
     .turns = {{.close = " "},
               {.open = "USER: ", .close = " "},
               {.open = "ASSISTANT:", .lead = " ", .eos = true}},
     .trim = true,
     .bos = true,
     .system = "A chat between a curious user and an artificial intelligence assistant. The "
               "assistant gives helpful, detailed, and polite answers to the user's questions."},
    {.name = "gemma",
     .turns = {{.open = "<start_of_turn>user\n", .close = "\n\n"},
               {.open = "<start_of_turn>user\n", .after = "<end_of_turn>\n"},
               {.open = "<start_of_turn>model\n", .after = "<end_of_turn>\n"}},
     .trim = true,
     .bos = true,
     .system_inside = true,
     .trim_inside = true},
};

enum { N_TEMPLATES = sizeof templates / sizeof *templates };

int template_count(void)
{
    return N_TEMPLATES;
}

const Template *template_at(TemplateKind kind)
{
    return &templates[kind];
}

int template_by_name(TemplateKind *kind, const char *name)
{
    for (int i = 0; i < N_TEMPLATES; i++) {
        if (strcmp(templates[i].name, name) == 0) {
            *kind = i;
            return 0;
        }
    }
    return -1;
}

const char *template_name(TemplateKind kind)
{
    return templates[kind].name;
}

const char *template_names(const char *last, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < N_TEMPLATES && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0                 ? ""
                                 : i == N_TEMPLATES - 1 ? last
                                                        : ", ",
                                 templates[i].name);
    return text;
}
