/* fuzz_weights.c - any bytes as odd values among the weights of a tiny target, of its draft and of a
 * head, and as what is asked of them. A file that the loader takes answers to the end or, where the target has no
 * token, with one line; either way every drafter comes to what plain decoding comes to (promise 1), and
 * no figure of an event is infinite or no number. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/session/session.h"
#include "tests/fuzz/fuzz_weights.h"
#include "tests/support/tiny_head.h"

enum { CTX = 96, LENGTH_MAX = 24, PLACES = 32 };

static const float VALUES[WEIGHTS_VALUES] = {
    0,     -0.0f,  1,     -1,     1e-45f,  -1e-40f,  1e-38f,   6e-8f,     65504, -65504,
    1e19f, -2e19f, 1e30f, -1e37f, 3.4e38f, -3.4e38f, INFINITY, -INFINITY, NAN,   1000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- models ---- */

/* A model, or a head, as it was made. */
typedef struct Base {
    unsigned char *file;
    size_t bytes;
    Gguf *header;
} Base;

static TinyModel shape_of(int number)
{
    static const QuantType types[] = {QUANT_F32,  QUANT_Q8_0,   QUANT_Q4_1, QUANT_F16,
                                      QUANT_BF16, QUANT_IQ4_NL, QUANT_MXFP4};
    bool experts = number >= 14; /* of F32 and of Q8_0 */
    QuantType type = experts ? types[number - 14] : types[number / 2 % 7];
    TinyModel tiny = tiny_model_of(experts      ? ARCH_QWEN3MOE
                                   : number % 2 ? ARCH_QWEN2
                                                : ARCH_LLAMA,
                                   type);
    tiny.hidden = tiny.ffn = 32;
    tiny.heads = 2;
    tiny.kv_heads = 1;
    tiny.settle = 1;
    tiny.context = 256;
    tiny.tied = number / 2 % 7 == 2;
    tiny.rope_factors = number % 2 == 0 && !experts;
    return tiny;
}

static void base_open(Base *base)
{
    int status = gguf_open_memory(&base->header, base->file, base->bytes, "base", NULL);
    assert(status == 0);
}

/* Making one for each input would take most of the time. */
static const Base *base_of(int number)
{
    static Base bases[WEIGHTS_BASES];
    Base *base = &bases[number];
    if (base->file == NULL) {
        TinyModel tiny = shape_of(number);
        int status = tiny_model_bytes(&tiny, &base->file, &base->bytes, NULL);
        assert(status == 0);
        base_open(base);
    }
    return base;
}

static const Base *head_base_of(int number, HeadKind kind, int vocab)
{
    static Base bases[WEIGHTS_BASES][HEAD_KINDS];
    Base *base = &bases[number][kind];
    if (base->file == NULL) {
        TinyModel tiny = shape_of(number);
        HeadInfo info = tiny_head(kind, &tiny, vocab);
        int status = tiny_head_bytes(&info, &base->file, &base->bytes, NULL);
        assert(status == 0);
        base_open(base);
    }
    return base;
}

/* NULL = the loader refuses it. */
static Model *open_bytes(Kernels *kernels, const void *bytes, size_t n, const ModelUse *use)
{
    Model *model = NULL;
    Err err = {0};
    char path[32];
    int fd = memfd_create("model", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (model_open_draft(&model, kernels, path, "odd", use, NULL, NULL, &err) != 0) {
        assert(model == NULL && err.code == EXIT_DATA);
        assert(err.text[0] != '\0' && !strchr(err.text, '\n'));
    }
    close(fd);
    return model;
}

/* Of quantised blocks it is their scale. */
static void patch_file(const Base *base, unsigned char *file, const WeightsPatch *patch)
{
    const GgufTensor *tensor =
        gguf_tensor_at(base->header, patch->tensor % gguf_tensor_count(base->header));
    const QuantInfo *info = quant_info(tensor->type);
    QuantType type = info->block == 1 || tensor->type == QUANT_MXFP4 ? tensor->type : QUANT_F16;
    size_t n = tensor->bytes / (size_t)info->bytes;
    size_t at = (size_t)patch->first * (patch->flags & WEIGHTS_FAR ? 37 : 1);
    for (int i = 0; i <= patch->more && at < n; i++, at += (size_t)patch->step + 1) {
        unsigned char *place = file + tensor->offset + at * (size_t)info->bytes + info->d;
        float value = VALUES[patch->value % WEIGHTS_VALUES], was;
        if (type == QUANT_MXFP4) { /* a power of two, or what is none */
            *place = isfinite(value) && value != 0 ? (unsigned char)(128 + ilogbf(value)) : 255;
            continue;
        }
        quant_to_float(type, place, &was, 1);
        value *= patch->flags & WEIGHTS_TIMES ? was : 1;
        quant_from_float(type, &value, place, 1);
    }
}

/* Whose weights a patch is of: 0 = the target's. */
static int patched(const WeightsPatch *patch)
{
    return patch->flags & WEIGHTS_HEAD ? WEIGHTS_HEAD : patch->flags & WEIGHTS_DRAFT;
}

/* A copy of the base with its patches; free it. */
static unsigned char *patched_file(const Base *base, const WeightsPatch *patches, int n, int whose)
{
    unsigned char *file = malloc(base->bytes);
    assert(file);
    memcpy(file, base->file, base->bytes);
    for (int i = 0; i < n; i++)
        if (patched(&patches[i]) == whose)
            patch_file(base, file, &patches[i]);
    return file;
}

/* NULL = the loader refuses it. */
static Model *open_patched(Kernels *kernels, const WeightsCase *c, const WeightsPatch *patches,
                           int n, bool draft)
{
    enum { LISTED = 64 };
    const Base *base = base_of(c->base % WEIGHTS_BASES);
    int ids[LISTED];
    ModelUse use = {0};
    for (int i = 0; i < LISTED; i++)
        ids[i] = 5 * i;
    if (draft && c->flags & WEIGHTS_CUT)
        use = (ModelUse){.layers = 3, .ids = ids, .n_ids = LISTED, .requantise = true};
    unsigned char *file = patched_file(base, patches, n, draft ? WEIGHTS_DRAFT : 0);
    Model *model = open_bytes(kernels, file, base->bytes, &use);
    free(file);
    return model;
}

/* NULL = the case drafts by no head, or the loader refuses it. */
static Head *open_head(const Model *target, const WeightsCase *c, const WeightsPatch *patches,
                       int n)
{
    int kind = c->drafter % WEIGHTS_DRAFTERS - (WEIGHTS_DRAFTERS - HEAD_KINDS);
    if (kind < 0)
        return NULL;
    const Base *base = head_base_of(c->base % WEIGHTS_BASES, (HeadKind)kind, target->config.vocab);
    unsigned char *bytes = patched_file(base, patches, n, WEIGHTS_HEAD);
    HeadFile *file;
    Head *head;
    Err err = {0};
    int status = head_file_open_memory(&file, bytes, base->bytes, "head", &err);
    assert(status == 0);
    if (head_open(&head, file, target, &err) != 0)
        assert(head == NULL && err.code == EXIT_DATA && err.text[0] != '\0');
    head_file_close(file);
    free(bytes);
    return head;
}

/* ---- answers ---- */

typedef struct Answer {
    int tokens[CTX], n;
    int status;
    Err err;
} Answer;

static void probability(float p)
{
    assert(p >= 0 && p <= 1.0001f); /* not NaN either */
}

static void figure(double value)
{
    assert(isfinite(value) && value >= 0);
}

static void check_stats(const EventStats *s)
{
    const double figures[] = {s->mat,      s->tokens_per_s, s->plain_tokens_per_s,
                              s->draft_ms, s->verify_ms,    s->accept_ms,
                              s->other_ms, s->prefill_ms,   s->draft_prefill_ms};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        figure(figures[i]);
}

static void check_event(void *user, const Event *event)
{
    const EventRound *r = &event->u.round;
    (void)user;
    if (event->type == EVENT_STATS)
        check_stats(&event->u.stats);
    if (event->type == EVENT_DONE)
        check_stats(&event->u.done.totals);
    if (event->type != EVENT_ROUND)
        return;
    figure(r->predicted_gain);
    figure(r->draft_ms + r->verify_ms + r->accept_ms + r->other_ms);
    for (int i = 0; i < r->n_thresholds; i++)
        probability(r->thresholds[i]);
    for (int i = 0; i < r->n_nodes; i++) {
        probability(r->nodes[i].p);
        for (int v = 0; v < r->nodes[i].n_visited; v++)
            probability(r->nodes[i].visited[v].p);
    }
}

static void ask(Session *session, const WeightsCase *c, Answer *answer)
{
    static const int prompt[] = {72, 101, 65, 66, 67, 65, 66, 67, 65, 66};
    enum { PROMPT = sizeof prompt / sizeof *prompt };
    *answer = (Answer){0};
    AnswerOptions options = {
        .max_tokens = 1 + c->length % LENGTH_MAX, .ignore_eos = true, .seed = c->seed};
    answer->status = session_answer(session, prompt, PROMPT, &options, &answer->err);
    const int *tokens = session_tokens(session, &answer->n);
    assert(answer->n >= PROMPT && answer->n <= CTX);
    memcpy(answer->tokens, tokens, sizeof *tokens * (size_t)answer->n);
    if (answer->status != 0)
        assert(answer->status == -1 && answer->err.code == EXIT_DATA && answer->err.text[0] &&
               !strchr(answer->err.text, '\n'));
}

static void check_traces(Session *session)
{
    ExitTrace places[PLACES];
    int n = session_has_exits(session) ? session_trace_exits(session, 1, places, PLACES) : 0;
    EventReady ready = {0};
    session_describe(session, &ready);
    for (int i = 0; i < n; i++)
        for (int e = 0; e < ready.n_exits; e++)
            probability(places[i].p[e]);
}

static DraftConfig drafting_of(const WeightsCase *c)
{
    static const char *const drafters[WEIGHTS_DRAFTERS] = {
        "sd",        "exit:2", "s2d",    "s2d-frontier", "self", "ngram",
        "ngram+s2d", "eagle",  "eagle3", "medusa",       "hydra"};
    DraftConfig drafting = {.n_exits = 3, .exits = {1, 2, 3}, .n_thresholds = 3};
    for (int i = 0; i < 3; i++)
        drafting.thresholds[i] = (float)c->thresholds[i] / UINT8_MAX;
    int status = drafter_choose(drafters[c->drafter % WEIGHTS_DRAFTERS], &drafting);
    assert(status == 0);
    return drafting;
}

static Session *open_plain(const WeightsCase *c, Model *target, Model *draft)
{
    static const char *const trees[] = {"auto", "off", "3x1x3", "4x3x12"};
    Session *session;
    SessionConfig config = {
        .kernels = target->kernels,
        .target = target,
        .draft = draft,
        .spec = c->flags & WEIGHTS_AUTO ? SPEC_AUTO : SPEC_ON,
        .sampling = {.temperature = c->temperature, .top_k = c->top_k, .top_p = c->top_p},
        .kv = c->flags & WEIGHTS_Q8 ? KV_Q8 : KV_F16,
        .ctx = CTX,
        .emit = check_event};
    int status = tree_parse(trees[c->tree % 4], &config.tree);
    assert(status == 0);
    status = session_open(&session, &config, NULL);
    assert(status == 0);
    return session;
}

/* Plainly with one target and drafting with the other, or in one session, where they are the same:
 * then the second answer begins with what the first left in the caches. */
static void compare(const WeightsCase *c, Model *plain_target, Model *target, Model *draft,
                    Head *head)
{
    static Answer plain, drafted;
    Session *session = open_plain(c, plain_target, target == plain_target ? draft : NULL);
    ask(session, c, &plain);
    if (target != plain_target) {
        session_close(session);
        session = open_plain(c, target, draft);
    }
    DraftConfig drafting = drafting_of(c);
    drafting.head = head;
    int status = session_set_drafter(session, &drafting, NULL);
    assert(status == 0);
    ask(session, c, &drafted);
    assert(drafted.status == plain.status && drafted.n == plain.n);
    assert(memcmp(drafted.tokens, plain.tokens, sizeof(int) * (size_t)plain.n) == 0);
    assert(strcmp(drafted.err.text, plain.err.text) == 0);
    if (drafted.status == 0)
        check_traces(session);
    session_close(session);
}

static Kernels *open_kernels(bool scalar)
{
    KernelsOptions options = {.device = "cpu", .isa = scalar ? "scalar" : "auto", .threads = 1};
    Kernels *kernels;
    int status = kernels_open(&kernels, &options, NULL);
    assert(status == 0);
    return kernels;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WeightsCase c;
    WeightsPatch patches[WEIGHTS_PATCHES];
    if (size < sizeof c)
        return 0;
    memcpy(&c, data, sizeof c);
    int n = (int)((size - sizeof c) / sizeof *patches);
    n = n < WEIGHTS_PATCHES ? n : WEIGHTS_PATCHES;
    memcpy(patches, data + sizeof c, (size_t)n * sizeof *patches);
    /* As requests may ask for. */
    if (!(c.temperature >= 0 && c.temperature <= 10 && c.top_p >= 0 && c.top_p <= 1 &&
          c.top_k >= 0))
        return 0;

    Kernels *plain_kernels = open_kernels(c.flags & WEIGHTS_SCALAR), *kernels = plain_kernels;
    Model *plain_target = open_patched(kernels, &c, patches, n, false), *target = plain_target;
    if (c.flags & WEIGHTS_OTHER) {
        kernels = open_kernels(!(c.flags & WEIGHTS_SCALAR));
        target = open_patched(kernels, &c, patches, n, false);
        assert((target == NULL) == (plain_target == NULL));
    }
    Model *draft = target ? open_patched(kernels, &c, patches, n, true) : NULL;
    Head *head = draft ? open_head(target, &c, patches, n) : NULL;
    if (draft && (head || c.drafter % WEIGHTS_DRAFTERS < WEIGHTS_DRAFTERS - HEAD_KINDS))
        compare(&c, plain_target, target, draft, head);
    head_close(head);
    model_close(draft);
    if (target != plain_target)
        model_close(target);
    model_close(plain_target);
    if (kernels != plain_kernels)
        kernels->close(kernels);
    plain_kernels->close(plain_kernels);
    return 0;
}
