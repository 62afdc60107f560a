/* model_window.c - layers whose rows see the last positions only: the header's keys. */
#include "engine/model/model_check.h"

int layer_window_of(const ModelConfig *config, int layer)
{
    const WindowConfig *window = &config->window;
    if (layer < 0)
        return 0;
    return window->layers[layer / 64] >> layer % 64 & 1 ? window->size : 0;
}

void window_every(WindowConfig *window, int layers, int period)
{
    for (int l = 0; l < layers; l++)
        if (l % period != period - 1)
            window->layers[l / 64] |= UINT64_C(1) << l % 64;
}

/* The pattern by layer, where it is written so. */
static int read_pattern(Check *c, const char *key)
{
    uint8_t of_layer[LAYERS_MAX];
    int count, layers = c->config->layers;
    if (gguf_get_array(c->gguf, key, GGUF_BOOL, &count, c->err) < 0)
        return -1;
    if (count != layers)
        return check_fail(c, "key '%s' has %d entries for %d layers", key, count, layers);
    if (gguf_array_copy(c->gguf, key, GGUF_BOOL, of_layer, count, c->err) < 0)
        return -1;
    for (int l = 0; l < layers; l++)
        if (of_layer[l])
            c->config->window.layers[l / 64] |= UINT64_C(1) << l % 64;
    return 0;
}

int check_window(Check *c)
{
    static const char pattern[] = "attention.sliding_window_pattern";
    WindowConfig *window = &c->config->window;
    int period = arch_info(c->arch)->window_period, count;
    char key[TENSOR_NAME_BYTES];
    uint32_t given;
    if (period == 0)
        return 0;
    int found =
        gguf_get_u32(c->gguf, arch_key(key, c->arch, "attention.sliding_window"), &given, c->err);
    if (found <= 0)
        return found;
    if (check_size(c, "attention.sliding_window", INT32_MAX, 0, &window->size) != 0)
        return -1;
    if (gguf_get_array(c->gguf, arch_key(key, c->arch, pattern), GGUF_BOOL, &count, NULL) == 1)
        return read_pattern(c, key);
    if (check_size(c, pattern, LAYERS_MAX, period, &period) != 0)
        return -1;
    window_every(window, c->config->layers, period);
    return 0;
}
