/* template_table.c - the chat templates, a row each. The strings are those of the models' own
 * templates: Qwen2.5 and SmolLM2 (ChatML), meta-llama's Llama-3-Instruct and Llama-2-chat,
 * HuggingFaceH4's zephyr-7b, FastChat's vicuna_v1.1, google's gemma-3-1b-it, Mistral's of tekken's third
 * version, IBM's Granite 3 and 4, Microsoft's Phi 3.5, 4 and 4 mini.
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
     .bos = true},
    {.name = "gemma",
     .turns = {{0},
               {.open = "<start_of_turn>user\n", .after = "<end_of_turn>\n"},
               {.open = "<start_of_turn>model\n", .after = "<end_of_turn>\n"}},
     .trim = true,
     .system_first = true,
     .bos = true},
    {.name = "mistral",
     .turns = {{.open = "[SYSTEM_PROMPT]", .close = "[/SYSTEM_PROMPT]"},
               {.open = "[INST]", .close = "[/INST]"},
               {.eos = true}},
     .bos = true},
    {.name = "granite",
     .turns = {{.open = "<|start_of_role|>system<|end_of_role|>", .after = "<|end_of_text|>\n"},
               {.open = "<|start_of_role|>user<|end_of_role|>", .after = "<|end_of_text|>\n"},
               {.open = "<|start_of_role|>assistant<|end_of_role|>",
                .after = "<|end_of_text|>\n"}}},
    {.name = "phi-3",
     .turns = {{.open = "<|system|>\n", .after = "<|end|>\n"},
               {.open = "<|user|>\n", .after = "<|end|>\n"},
               {.open = "<|assistant|>\n", .after = "<|end|>\n"}}},
    {.name = "phi-4-mini",
     .turns = {{.open = "<|system|>", .after = "<|end|>"},
               {.open = "<|user|>", .after = "<|end|>"},
               {.open = "<|assistant|>", .after = "<|end|>"}}},
    {.name = "phi-4",
     .turns = {{.open = "<|im_start|>system<|im_sep|>", .after = "<|im_end|>"},
               {.open = "<|im_start|>user<|im_sep|>", .after = "<|im_end|>"},
               {.open = "<|im_start|>assistant<|im_sep|>", .after = "<|im_end|>"}}},
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

TemplateForm template_plain(TemplateKind kind)
{
    const Template *row = &templates[kind];
    TemplateWords words = {.lead = ""};
    return (TemplateForm){.kind = kind,
                          .trims = row->trim,
                          .system_place = row->system_first ? SYSTEM_FIRST : SYSTEM_TURN,
                          .system_trim = row->trim && !row->system_inside && !row->system_first
                                             ? TRIM_BOTH
                                             : TRIM_NONE,
                          .words = {words, words}};
}

static const char *const think_names[] = {
    [THINK_AUTO] = "auto", [THINK_ON] = "on", [THINK_OFF] = "off"};

int think_parse(const char *text, ThinkMode *mode)
{
    for (int i = THINK_AUTO; i <= THINK_OFF; i++) {
        if (strcmp(text, think_names[i]) == 0) {
            *mode = (ThinkMode)i;
            return 0;
        }
    }
    return -1;
}

const char *think_name(ThinkMode mode)
{
    return think_names[mode];
}

bool template_thinks(const TemplateForm *form, ThinkMode mode)
{
    return form->has_switch && mode != THINK_AUTO ? mode == THINK_ON : form->thinks;
}

int template_date(struct tm *date, const char *text)
{
    struct tm found = {0}, same;
    int used = 0;
    if (strlen(text) != 10 ||
        sscanf(text, "%4d-%2d-%2d%n", &found.tm_year, &found.tm_mon, &found.tm_mday, &used) != 3 ||
        used != 10)
        return -1;
    found.tm_year -= 1900;
    found.tm_mon -= 1;
    found.tm_hour = 12; /* of no day that is put forward or back */
    found.tm_isdst = -1;
    same = found;
    if (found.tm_year < 0 || mktime(&found) == (time_t)-1 || found.tm_mon != same.tm_mon ||
        found.tm_mday != same.tm_mday || found.tm_year != same.tm_year)
        return -1;
    *date = found;
    return 0;
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
