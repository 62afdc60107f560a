/* test_model.c - shapes from headers, weights from files, and files that lie about either. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/model/forward.h"
#include "tests/support/bad_files.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

typedef struct Fixture {
    Kernels *kernels;
    char folder[TEMP_BYTES], path[64];
} Fixture;

static int setup(void **state)
{
    static Fixture fixture;
    Err err = {0};
    temp_folder_make(fixture.folder);
    snprintf(fixture.path, sizeof fixture.path, "%s/m.gguf", fixture.folder);
    KernelsOptions options = {.device = "cpu", .threads = 2, .act_f32 = true};
    if (kernels_open(&fixture.kernels, &options, &err) != 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    f->kernels->close(f->kernels);
    unlink(f->path);
    return rmdir(f->folder);
}

static Model *open_tiny(Fixture *f, const TinyModel *tiny)
{
    Model *model;
    Err err = {0};
    assert_int_equal(tiny_model_write(tiny, f->path, &err), 0);
    if (model_open(&model, f->kernels, f->path, "tiny", NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    return model;
}

static void test_config(void **state)
{
    Fixture *f = *state;
    for (int arch = 0; arch < ARCH_COUNT; arch++) {
        TinyModel tiny = tiny_model_of((Arch)arch, QUANT_Q5_1);
        tiny.head_dim = 32; /* Q is not H */
        tiny.padding = 7;
        tiny.embed_type = QUANT_F16;
        Model *model = open_tiny(f, &tiny);
        const ModelConfig *c = &model->config;
        assert_int_equal(c->arch, arch);
        assert_int_equal(c->vocab, tokenizer_vocab(model->tokenizer) + 7);
        assert_true(c->hidden == 64 && c->layers == 4 && c->ffn == 96 && c->context == 1024);
        assert_true(c->heads == 4 && c->kv_heads == 2 && c->head_dim == 32);
        assert_true(c->norm_eps == 1e-5f && c->rope.base == 10000);
        assert_int_equal(c->rope.neox, arch_info((Arch)arch)->rope_neox);
        assert_true(c->rope.dims == 32);
        assert_true(c->embed_scale == (arch == ARCH_GRANITE ? 1.5f : arch == ARCH_GEMMA3 ? 8 : 1));
        assert_true(config_attention_scale(c) == (arch == ARCH_GRANITE ? 0.3f : 1 / sqrtf(32)));
        assert_int_equal(model->layers[2].rope, ROPE_MAIN);
        assert_int_equal(model->layers[3].rope, arch == ARCH_SMOLLM3 ? ROPE_NONE : ROPE_MAIN);
        assert_true((model->layers[3].q_norm != NULL) == arch_requires((Arch)arch, PART_Q_NORM));
        bool experts = arch == ARCH_QWEN3MOE;
        assert_int_equal(c->experts, experts ? 6 : 0);
        assert_true((model->layers[3].router != NULL) == experts);
        assert_true((model->layers[3].down != NULL) != experts);
        assert_true((c->token_bytes < c->weight_bytes / 2) == experts);
        assert_string_equal(c->quant, "Q5_1");
        assert_true(model->has_template);
        assert_string_equal(template_name(model->template.kind), "chatml");
        assert_true((model->layers[3].q_bias != NULL) == (arch == ARCH_QWEN2));
        assert_ptr_not_equal(model->head, model->embed);
        assert_true((model->rope[ROPE_MAIN].factors != NULL) == (arch == ARCH_MISTRAL3));
        model_close(model);
    }
}

/* What is odd about real files and harms nothing. */
static void test_odd_files(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = tiny_model(ARCH_QWEN2);
    Gguf *gguf;
    Err err = {0};
    ModelConfig config;
    tiny.by_layer = tiny.layers;
    Model *model = open_tiny(f, &tiny);
    assert_true(model->config.heads == 4 && model->config.kv_heads == 2 && model->config.ffn == 96);
    model_close(model);
    tiny.by_layer--;
    assert_int_equal(tiny_model_write(&tiny, f->path, &err), 0);
    assert_int_equal(gguf_open(&gguf, f->path, &err), 0);
    assert_int_equal(model_config(&config, gguf, &err), -1);
    assert_non_null(strstr(err.text, "has 3 elements, expected 4"));
    gguf_close(gguf);

    tiny.by_layer = 0;
    for (int biases = 0; biases < 8; biases++) {
        for (int i = 0; i < 3; i++)
            tiny.lacks = biases >> i & 1 ? tiny.lacks | 1u << (PART_Q_BIAS + i)
                                         : tiny.lacks & ~(1u << (PART_Q_BIAS + i));
        model = open_tiny(f, &tiny);
        const Layer *layer = &model->layers[3];
        const float *const bias[] = {layer->q_bias, layer->k_bias, layer->v_bias};
        for (int i = 0; i < 3; i++)
            assert_int_equal(bias[i] == NULL, biases >> i & 1);
        model_close(model);
    }
}

/* Sizes for each layer run only where they are all the same. */
static void test_layers_differ(void **state)
{
    (void)state;
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    unsigned char *data;
    size_t bytes;
    Gguf *gguf;
    Err err = {0};
    ModelConfig config;
    tiny.by_layer = tiny.layers;
    assert_int_equal(tiny_model_bytes(&tiny, &data, &bytes, &err), 0);
    static const char key[] = "llama.attention.head_count_kv";
    unsigned char *at = memmem(data, bytes, key, sizeof key - 1);
    at[sizeof key - 1 + 4 + 4 + 8 + 2 * 4] = 4; /* layer 2's */
    assert_int_equal(gguf_open_memory(&gguf, data, bytes, "tiny", &err), 0);
    assert_int_equal(model_config(&config, gguf, &err), -1);
    assert_non_null(strstr(err.text, "is 2 in layer 0 and 4 in layer 2"));
    gguf_close(gguf);
    free(data);
}

/* Rows of a matrix as the backend holds it against the file's. */
static void assert_same_matrix(Model *model, const Gguf *gguf, const char *name,
                               const Matrix *matrix)
{
    Kernels *k = model->kernels;
    const GgufTensor *tensor = gguf_tensor(gguf, name);
    int cols = (int)tensor->dims[0], rows = (int)tensor->dims[1];
    const int ids[3] = {0, rows / 2, rows - 1};
    size_t row_bytes = quant_row_bytes(tensor->type, cols);
    float *device = k->buffer_alloc(k, 3 * (size_t)cols);
    float *got = malloc(3 * (size_t)cols * sizeof *got),
          *want = malloc((size_t)cols * sizeof *want);
    void *row = malloc(row_bytes);
    k->embed(k, matrix, ids, 3, 1, device);
    k->download(k, got, device, 3 * (size_t)cols);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gguf_read(gguf, tensor, row_bytes * (size_t)ids[i], row, row_bytes, NULL),
                         0);
        quant_to_float(tensor->type, row, want, cols);
        assert_memory_equal(got + i * cols, want, (size_t)cols * sizeof *want);
    }
    k->buffer_free(k, device);
    free(got);
    free(want);
    free(row);
}

static void assert_same_vector(Model *model, const Gguf *gguf, const char *name,
                               const float *vector)
{
    float got[256], want[256];
    const GgufTensor *tensor = gguf_tensor(gguf, name);
    assert_true(tensor->dims[0] <= 256);
    assert_int_equal(gguf_read(gguf, tensor, 0, want, tensor->bytes, NULL), 0);
    model->kernels->download(model->kernels, got, vector, (size_t)tensor->dims[0]);
    assert_memory_equal(got, want, tensor->bytes);
}

static void test_every_type(void **state)
{
    Fixture *f = *state;
    for (int i = 0; i < QUANT_TYPES; i++) {
        TinyModel tiny = tiny_model_of(i % 2 ? ARCH_LLAMA : ARCH_QWEN2, quant_types[i].type);
        tiny.tied = i % 3 == 0;
        tiny.vocab = i % 4 == 1 ? TINY_SPM : TINY_BPE;
        Model *m = open_tiny(f, &tiny);
        Gguf *gguf;
        assert_int_equal(gguf_open(&gguf, f->path, NULL), 0);
        assert_same_matrix(m, gguf, "token_embd.weight", m->embed);
        assert_same_matrix(m, gguf, tiny.tied ? "token_embd.weight" : "output.weight", m->head);
        assert_same_matrix(m, gguf, "blk.1.attn_q.weight", m->layers[1].q);
        assert_same_matrix(m, gguf, "blk.1.attn_k.weight", m->layers[1].k);
        assert_same_matrix(m, gguf, "blk.1.attn_v.weight", m->layers[1].v);
        assert_same_matrix(m, gguf, "blk.0.attn_output.weight", m->layers[0].o);
        assert_same_matrix(m, gguf, "blk.1.ffn_gate.weight", m->layers[1].gate);
        assert_same_matrix(m, gguf, "blk.0.ffn_up.weight", m->layers[0].up);
        assert_same_matrix(m, gguf, "blk.1.ffn_down.weight", m->layers[1].down);
        assert_same_vector(m, gguf, "output_norm.weight", m->output_norm);
        assert_same_vector(m, gguf, "blk.0.attn_norm.weight", m->layers[0].attn_norm);
        assert_same_vector(m, gguf, "blk.1.ffn_norm.weight", m->layers[1].ffn_norm);
        if (m->config.arch == ARCH_QWEN2) {
            assert_same_vector(m, gguf, "blk.0.attn_q.bias", m->layers[0].q_bias);
            assert_same_vector(m, gguf, "blk.1.attn_k.bias", m->layers[1].k_bias);
            assert_same_vector(m, gguf, "blk.1.attn_v.bias", m->layers[1].v_bias);
        }
        if (tiny.tied)
            assert_ptr_equal(m->head, m->embed);
        if (tiny.vocab == TINY_SPM) {
            assert_true(m->has_template);
            assert_string_equal(template_name(m->template.kind), "vicuna");
        }
        gguf_close(gguf);
        model_close(m);
    }
}

static void test_rope_factors(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    float plain[8], scaled[8], only[8];
    tiny.rope_factors = true;
    Model *model = open_tiny(f, &tiny);
    f->kernels->download(f->kernels, plain, model->rope[ROPE_MAIN].factors, 8);
    model_close(model);
    tiny.rope_scale = 4;
    model = open_tiny(f, &tiny);
    f->kernels->download(f->kernels, scaled, model->rope[ROPE_MAIN].factors, 8);
    model_close(model);
    tiny.rope_factors = false;
    model = open_tiny(f, &tiny);
    f->kernels->download(f->kernels, only, model->rope[ROPE_MAIN].factors, 8);
    model_close(model);
    for (int i = 0; i < 8; i++)
        assert_true(plain[i] > 0.5f && scaled[i] == 4 * plain[i] && only[i] == 4);
    /* A factor of 0 is some files' way to say that nothing is scaled. */
    static const char key[] = "llama.rope.scaling.factor";
    unsigned char *data;
    size_t bytes;
    Err err = {0};
    assert_int_equal(tiny_model_bytes(&tiny, &data, &bytes, &err), 0);
    unsigned char *at = memmem(data, bytes, key, sizeof key - 1);
    memset(at + sizeof key - 1 + 4, 0, 4);
    file_write(f->path, data, bytes);
    free(data);
    if (model_open(&model, f->kernels, f->path, "tiny", NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    assert_null(model->rope[ROPE_MAIN].factors);
    model_close(model);
}

static void assert_clean(const Err *err, const char *name)
{
    assert_int_not_equal(err->code, 0);
    assert_true(strlen(err->text) > 8 && strlen(err->text) < sizeof err->text - 1);
    if (strstr(err->text, name) == NULL)
        fail_msg("the message does not name the file: %s", err->text);
    for (const char *c = err->text; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20);
}

/* Each lie is found at the stage that can see it first, and by model_open in any case. */
static void test_bad_files(void **state)
{
    Fixture *f = *state;
    for (int i = 0; i < bad_file_count(); i++) {
        BadFile file;
        Err err = {0}, early = {0};
        Model *model = NULL;
        bad_file_make(&file, i);
        file_write(f->path, file.data, file.size);
        if (model_open(&model, f->kernels, f->path, file.name, NULL, NULL, &err) != -1 ||
            model != NULL)
            fail_msg("%s was loaded", file.name);
        assert_clean(&err, "s2d-test-");
        assert_int_equal(err.code, EXIT_DATA);
        if (file.says != NULL && strstr(err.text, file.says) == NULL)
            fail_msg("%s: expected '%s' in: %s", file.name, file.says, err.text);
        Gguf *gguf = NULL;
        ModelConfig config;
        Tokenizer *tokenizer = NULL;
        if (file.stage != BAD_HEADER) {
            assert_int_equal(gguf_open(&gguf, f->path, NULL), 0);
            int result = model_config(&config, gguf, &early);
            assert_int_equal(result, file.stage == BAD_CONFIG ? -1 : 0);
            if (file.stage == BAD_VOCAB)
                assert_int_equal(tokenizer_open(&tokenizer, gguf, &early), -1);
            assert_null(tokenizer);
            assert_int_equal(early.code, file.stage == BAD_WEIGHTS ? 0 : EXIT_DATA);
            gguf_close(gguf);
        }
        free(file.data);
    }
}

typedef struct Progress {
    float last;
    int calls, cancel_at; /* cancel_at: the call to cancel at; 0 = never */
    const char *cut;      /* file to cut short at the second call */
} Progress;

static bool on_progress(void *user, float fraction)
{
    Progress *p = user;
    assert_true(fraction >= p->last && fraction <= 1);
    p->last = fraction;
    p->calls++;
    if (p->calls == 2 && p->cut != NULL)
        assert_int_equal(truncate(p->cut, 50000), 0);
    return p->calls == p->cancel_at;
}

static void test_progress(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q8_0);
    Progress all = {.last = 0};
    Model *model;
    Err err = {0};
    assert_int_equal(tiny_model_write(&tiny, f->path, &err), 0);
    assert_int_equal(model_open(&model, f->kernels, f->path, "tiny", on_progress, &all, &err), 0);
    assert_true(all.last == 1 && all.calls > 10 && all.calls <= 202);
    assert_string_equal(model->name, "tiny");
    assert_string_equal(model->path, f->path);
    model_close(model);
    for (int at = 1; at <= all.calls; at++) {
        Progress some = {.cancel_at = at};
        Err why = {0};
        assert_int_equal(model_open(&model, f->kernels, f->path, "t", on_progress, &some, &why),
                         -1);
        assert_null(model);
        assert_int_equal(why.code, EXIT_INTERRUPTED);
        assert_int_equal(some.calls, at);
    }
}

static void test_cut_while_loading(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q8_0);
    Progress cut = {.cut = f->path};
    Model *model;
    Err err = {0};
    assert_int_equal(tiny_model_write(&tiny, f->path, &err), 0);
    assert_int_equal(model_open(&model, f->kernels, f->path, "tiny", on_progress, &cut, &err), -1);
    assert_null(model);
    assert_clean(&err, f->path);
    assert_int_equal(err.code, EXIT_DATA);
}

static size_t little_memory(Kernels *k)
{
    (void)k;
    return 100000;
}

static void test_too_large(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q8_0);
    size_t (*memory_free)(Kernels *) = f->kernels->memory_free;
    Progress none = {.last = 0};
    Model *model;
    Err err = {0};
    assert_int_equal(tiny_model_write(&tiny, f->path, &err), 0);
    f->kernels->memory_free = little_memory;
    int result = model_open(&model, f->kernels, f->path, "tiny", on_progress, &none, &err);
    f->kernels->memory_free = memory_free;
    assert_int_equal(result, -1);
    assert_int_equal(err.code, EXIT_MEMORY);
    assert_int_equal(none.calls, 0); /* from the header alone */
    assert_clean(&err, f->path);
}

enum { TEXT = 64 };

/* The best token after each of TEXT random tokens, from the residual stream after `layers`
 * layers. */
static void best_tokens(Model *model, int layers, int best[TEXT], float *spread)
{
    Context c;
    Kernels *k = model->kernels;
    int ids[TEXT], slot[TEXT], prefix[TEXT];
    uint64_t mask[TEXT] = {0};
    float value[TEXT];
    uint32_t random = 7;
    for (int i = 0; i < TEXT; i++) {
        random = random * 1664525u + 1013904223u;
        ids[i] = (int)(random >> 16) % 300;
        slot[i] = i;
        prefix[i] = i + 1;
    }
    Batch batch = {.n = TEXT, .prompt = true, .slot = slot, .prefix = prefix, .mask = mask};
    assert_int_equal(context_open(&c, model, KV_F16, model->config.layers, TEXT, TEXT, NULL), 0);
    forward(&c, &batch, ids, 0, layers);
    head(&c, c.hidden, TEXT);
    k->top(k, c.logits, TEXT, model->config.vocab, 1, best, value, NULL);
    int vocab = model->config.vocab;
    float *logits = malloc((size_t)vocab * sizeof *logits);
    double sum = 0, squares = 0;
    k->download(k, logits, c.logits, (size_t)vocab);
    for (int i = 0; i < vocab; i++) {
        sum += (double)logits[i];
        squares += (double)logits[i] * (double)logits[i];
    }
    *spread = (float)sqrt(squares / vocab - sum / vocab * (sum / vocab));
    free(logits);
    context_close(&c);
}

static int agreements(const int a[TEXT], const int b[TEXT])
{
    int same = 0;
    for (int i = 0; i < TEXT; i++)
        same += a[i] == b[i];
    return same;
}

/* Tests of drafting rest on this: exits and relatives agree with the target sometimes, not
 * always. */
static void test_planted_exits(void **state)
{
    Fixture *f = *state;
    for (int tied = 0; tied < 2; tied++) {
        TinyModel tiny = tiny_model(ARCH_QWEN2);
        int last[TEXT], exit[TEXT], before = 0;
        float spread;
        tiny.tied = tied;
        tiny.layers = 8;
        tiny.settle = 2;
        Model *target = open_tiny(f, &tiny);
        best_tokens(target, 8, last, &spread);
        assert_true(spread > 1 && spread < 8);
        for (int layers = 2; layers <= 6; layers += 2) {
            best_tokens(target, layers, exit, &spread);
            int same = agreements(last, exit);
            assert_true(same >= before && same >= TEXT / 8 && same < TEXT);
            before = same;
        }
        model_close(target);

        tiny.layers = 4; /* the target's first layers */
        Model *draft = open_tiny(f, &tiny);
        best_tokens(draft, 4, exit, &spread);
        int nested = agreements(last, exit);
        model_close(draft);
        assert_true(nested >= TEXT / 8 && nested < TEXT);

        tiny.layers = 8;
        tiny.perturb = 0.1f;
        Model *relative = open_tiny(f, &tiny);
        best_tokens(relative, 8, exit, &spread);
        int related = agreements(last, exit);
        model_close(relative);
        assert_true(related >= TEXT / 8 && related < TEXT);
    }
}

static void test_real_models(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        ModelConfig config;
    } models[] = {
        {"SmolLM2-135M-Instruct.Q4_1.gguf",
         {.arch = ARCH_LLAMA,
          .vocab = 49152,
          .hidden = 576,
          .layers = 30,
          .ffn = 1536,
          .heads = 9,
          .kv_heads = 3,
          .head_dim = 64,
          .context = 8192,
          .norm_eps = 1e-5f,
          .rope = {.base = 1e5f, .neox = false},
          .quant = "Q4_1",
          .weight_bytes = 96576768,
          .loaded = 30}},
        {"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
         {.arch = ARCH_QWEN2,
          .vocab = 151936,
          .hidden = 896,
          .layers = 24,
          .ffn = 4864,
          .heads = 14,
          .kv_heads = 2,
          .head_dim = 64,
          .context = 32768,
          .norm_eps = 1e-6f,
          .rope = {.base = 1e6f, .neox = true},
          .quant = "Q5_0",
          .weight_bytes = 485452288,
          .loaded = 24}},
        {"qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
         {.arch = ARCH_QWEN2,
          .vocab = 151936,
          .hidden = 1536,
          .layers = 28,
          .ffn = 8960,
          .heads = 12,
          .kv_heads = 2,
          .head_dim = 128,
          .context = 32768,
          .norm_eps = 1e-6f,
          .rope = {.base = 1e6f, .neox = true},
          .quant = "Q4_K",
          .weight_bytes = 1111370240,
          .loaded = 28}},
    };
    int seen = 0;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char path[4096];
        const char *home = getenv("HOME");
        Gguf *gguf;
        ModelConfig config;
        snprintf(path, sizeof path, "%s/.cache/s2d/%s", home ? home : "", models[i].file);
        if (access(path, R_OK) != 0)
            continue;
        seen++;
        Err err = {0};
        if (gguf_open(&gguf, path, &err) != 0 || model_config(&config, gguf, &err) != 0)
            fail_msg("%s", err.text);
        const ModelConfig *want = &models[i].config;
        assert_true(config.arch == want->arch && config.vocab == want->vocab);
        assert_true(config.hidden == want->hidden && config.layers == want->layers);
        assert_true(config.ffn == want->ffn && config.heads == want->heads);
        assert_true(config.kv_heads == want->kv_heads && config.head_dim == want->head_dim);
        assert_true(config.context == want->context && config.norm_eps == want->norm_eps);
        assert_true(config.rope.base == want->rope.base && config.rope.neox == want->rope.neox);
        assert_string_equal(config.quant, want->quant);
        assert_true(config.loaded == want->loaded);
        assert_true(config.weight_bytes == want->weight_bytes);
        gguf_close(gguf);
    }
    if (seen == 0) {
        print_message("no default model in ~/.cache/s2d: s2d pull fetches them\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),        cmocka_unit_test(test_odd_files),
        cmocka_unit_test(test_layers_differ), cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_rope_factors),  cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_progress),      cmocka_unit_test(test_cut_while_loading),
        cmocka_unit_test(test_too_large),     cmocka_unit_test(test_planted_exits),
        cmocka_unit_test(test_real_models),
    };
    return cmocka_run_group_tests_name("model", tests, setup, teardown);
}
