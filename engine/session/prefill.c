/* prefill.c - the target reads text: what its cache does not hold of it yet. */
#include <string.h>

#include "engine/session/session_state.h"

bool session_asked_to_stop(Session *s)
{
    return s->config.poll && s->config.poll(s->config.user);
}

int session_prefill(Session *s, int upto, bool in_switch)
{
    double start = clock_ms();
    if (!context_holds(&s->target, s->cached))
        s->cached = 0;
    int first = s->cached;
    while (s->cached < upto) {
        if (!in_switch && session_asked_to_stop(s))
            return 1;
        int slot[ROWS_MAX], prefix[ROWS_MAX];
        uint64_t mask[ROWS_MAX] = {0};
        int n = upto - s->cached < ROWS_MAX ? upto - s->cached : ROWS_MAX;
        for (int i = 0; i < n; i++) {
            slot[i] = s->cached + i;
            prefix[i] = slot[i] + 1;
        }
        double before = kernels_ms(s->config.kernels);
        Batch batch = {.n = n, .prompt = true, .slot = slot, .prefix = prefix, .mask = mask};
        forward(&s->target, &batch, s->tokens + s->cached, 0, s->config.target->config.layers);
        s->cached += n;
        if (!in_switch) {
            s->config.kernels->wait(s->config.kernels);
            cost_prefill(&s->cost, n, kernels_ms(s->config.kernels) - before);
            report_prefill(s, s->cached - first, upto - first, clock_ms() - start, 0);
        }
        if (s->cached == upto)
            head(&s->target, s->target.hidden + (size_t)(n - 1) * s->config.target->config.hidden,
                 1);
    }
    return 0;
}

void session_read_again(Session *s)
{
    int cached = s->cached;
    s->cached = 0;
    session_prefill(s, cached, true);
}

/* Where the conversation in the cache stops being the one asked for. The prompt's last token is
 * always read again: its logits are the first token of the answer. */
void session_take_prompt(Session *s, const int *prompt, int n)
{
    int same = 0;
    int known = s->cached < n - 1 ? s->cached : n - 1;
    while (same < known && s->tokens[same] == prompt[same])
        same++;
    s->cached = same;
    memcpy(s->tokens + same, prompt + same, sizeof(int) * (size_t)(n - same));
    s->n = n;
}
