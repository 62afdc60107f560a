/* template.c - see template.h. One row of a table per kind; the same code writes all of them.
 *
 * The strings are those of the models' own templates: Qwen2.5 and SmolLM2 (ChatML), FastChat's
 * vicuna_v1.1, meta-llama's Llama-2-chat and Llama-3-Instruct, HuggingFaceH4's zephyr-7b.
 */
#include "engine/text/template.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

/* How one role's turn is written: [BOS] open [lead] text close [EOS] after. NULL = nothing. */
typedef struct Turn {
    const char *open;
    const char *lead; /* not before ids that were generated: they hold it */
    const char *close;
    const char *after;
    bool bos;
    bool eos;
} Turn;

typedef struct Form {
    const char *name;
    Turn turns[3];      /* by Role */
    bool trim;          /* white space around a message's text is dropped */
    bool bos;           /* begins with BOS, whatever the tokenizer does by itself */
    bool system_inside; /* the system prompt is part of the user's turn, and opens it */
} Form;

static const Form forms[] = {
    [TEMPLATE_CHATML] = {.name = "chatml",
                         .turns = {{.open = "<|im_start|>system\n", .after = "<|im_end|>\n"},
                                   {.open = "<|im_start|>user\n", .after = "<|im_end|>\n"},
                                   {.open = "<|im_start|>assistant\n", .after = "<|im_end|>\n"}}},
    [TEMPLATE_VICUNA] = {.name = "vicuna",
                         .turns = {{.close = " "},
                                   {.open = "USER: ", .close = " "},
                                   {.open = "ASSISTANT:", .lead = " ", .eos = true}},
                         .trim = true,
                         .bos = true},
    [TEMPLATE_LLAMA2] =
        {.name = "llama-2",
         .turns = {{.open = "[INST] <<SYS>>\n", .close = "\n<</SYS>>\n\n", .bos = true},
                   {.open = "[INST] ", .close = " [/INST]", .bos = true},
                   {.lead = " ", .close = " ", .eos = true}},
         .trim = true,
         .system_inside = true},
    [TEMPLATE_LLAMA3] = {.name = "llama-3",
                         .turns = {{.open = "<|start_header_id|>system<|end_header_id|>\n\n",
                                    .after = "<|eot_id|>"},
                                   {.open = "<|start_header_id|>user<|end_header_id|>\n\n",
                                    .after = "<|eot_id|>"},
                                   {.open = "<|start_header_id|>assistant<|end_header_id|>\n\n",
                                    .after = "<|eot_id|>"}},
                         .trim = true,
                         .bos = true},
    [TEMPLATE_ZEPHYR] = {.name = "zephyr",
                         .turns = {{.open = "<|system|>\n", .eos = true, .after = "\n"},
                                   {.open = "<|user|>\n", .eos = true, .after = "\n"},
                                   {.open = "<|assistant|>\n", .eos = true, .after = "\n"}}},
};

enum { N_FORMS = sizeof forms / sizeof *forms };

int template_by_name(TemplateKind *kind, const char *name)
{
    for (int i = 0; i < N_FORMS; i++) {
        if (strcmp(forms[i].name, name) == 0) {
            *kind = (TemplateKind)i;
            return 0;
        }
    }
    return -1;
}

const char *template_name(TemplateKind kind)
{
    return forms[kind].name;
}

/* A text in the making: template text and messages, not encoded yet, behind ids that are. */
typedef struct Writer {
    const Tokenizer *tokenizer;
    TextSpan *spans;
    int n_spans, spans_capacity;
    int *ids;
    int count, capacity;
    Err *err;
} Writer;

static int add_span(Writer *writer, const char *text, size_t bytes, bool special)
{
    if (bytes == 0)
        return 0;
    if (writer->n_spans == writer->spans_capacity) {
        int capacity = writer->spans_capacity < 16 ? 16 : 2 * writer->spans_capacity;
        TextSpan *spans = realloc(writer->spans, (size_t)capacity * sizeof *spans);
        if (spans == NULL)
            return err_set(writer->err, EXIT_MEMORY, "no memory for the conversation");
        writer->spans = spans;
        writer->spans_capacity = capacity;
    }
    writer->spans[writer->n_spans++] = (TextSpan){text, bytes, special};
    return 0;
}

/* Adds template text: special tokens in it count. */
static int add_fixed(Writer *writer, const char *text)
{
    return text == NULL ? 0 : add_span(writer, text, strlen(text), true);
}

/* Encodes what has been added: no token will reach over this place. */
static int flush(Writer *writer)
{
    int rc = tokenizer_encode_spans(writer->tokenizer, writer->spans, writer->n_spans, &writer->ids,
                                    &writer->count, &writer->capacity, writer->err);
    writer->n_spans = 0;
    return rc;
}

static int add_ids(Writer *writer, const int *ids, int n)
{
    if (flush(writer) != 0)
        return -1;
    if (n > writer->capacity - writer->count) {
        size_t capacity = (size_t)writer->count + (size_t)n + 64;
        int *grown = capacity > INT32_MAX ? NULL : realloc(writer->ids, capacity * sizeof *grown);
        if (grown == NULL)
            return err_set(writer->err, EXIT_MEMORY, "no memory for %zu token ids", capacity);
        writer->ids = grown;
        writer->capacity = (int)capacity;
    }
    for (int i = 0; i < n; i++) {
        if (ids[i] < 0 || ids[i] >= tokenizer_vocab(writer->tokenizer))
            return err_set(writer->err, EXIT_DATA,
                           "a message holds token id %d; the model's vocabulary ends at %d", ids[i],
                           tokenizer_vocab(writer->tokenizer) - 1);
        writer->ids[writer->count++] = ids[i];
    }
    return 0;
}

static int add_id(Writer *writer, int id)
{
    return id < 0 ? 0 : add_ids(writer, &id, 1);
}

/* Adds what someone said, without the white space around it where that is asked for. */
static int add_said(Writer *writer, const char *text, bool trim_left, bool trim_right)
{
    const uint8_t *begin = (const uint8_t *)text, *end = begin + strlen(text);
    ucs4_t code;
    while (trim_left && begin < end) {
        int n = u8_mbtoucr(&code, begin, (size_t)(end - begin));
        if (n <= 0 || !uc_is_property_white_space(code))
            break;
        begin += n;
    }
    while (trim_right && begin < end) {
        const uint8_t *before = u8_prev(&code, end, begin);
        if (before == NULL || !uc_is_property_white_space(code))
            break;
        end = before;
    }
    return add_span(writer, (const char *)begin, (size_t)(end - begin), false);
}

static bool ends_in_space(const Writer *writer)
{
    size_t bytes;
    const char *text =
        tokenizer_text(writer->tokenizer, writer->ids[writer->count - 1], false, &bytes);
    return bytes > 0 && text[bytes - 1] == ' ';
}

static int write_end(Writer *writer, const Turn *turn)
{
    if (add_fixed(writer, turn->close) != 0)
        return -1;
    if (turn->eos && add_id(writer, tokenizer_eos(writer->tokenizer)) != 0)
        return -1;
    return add_fixed(writer, turn->after);
}

/* What the assistant says is encoded by itself, because it was written behind encoded text. */
static int write_answer(Writer *writer, const Form *form, const Message *message)
{
    Turn turn = form->turns[ROLE_ASSISTANT];
    if (add_fixed(writer, turn.open) != 0 || flush(writer) != 0)
        return -1;
    if (message->ids != NULL) {
        if (add_ids(writer, message->ids, message->n_ids) != 0)
            return -1;
        if (turn.close != NULL && message->n_ids > 0 && ends_in_space(writer))
            turn.close = NULL; /* the model has written it */
    } else if (add_fixed(writer, turn.lead) != 0 ||
               add_said(writer, message->text, form->trim, form->trim) != 0) {
        return -1;
    }
    return write_end(writer, &turn);
}

static int write_message(Writer *writer, const Form *form, const Message *message,
                         bool after_system)
{
    if (message->role == ROLE_ASSISTANT)
        return write_answer(writer, form, message);
    const Turn *turn = &form->turns[message->role];
    bool inside = form->system_inside && after_system && message->role == ROLE_USER;
    if (!inside && turn->bos && add_id(writer, tokenizer_bos(writer->tokenizer)) != 0)
        return -1;
    if (!inside && add_fixed(writer, turn->open) != 0)
        return -1;
    bool whole = form->system_inside && message->role == ROLE_SYSTEM;
    if (add_said(writer, message->text, form->trim && !inside && !whole, form->trim && !whole) != 0)
        return -1;
    return write_end(writer, turn);
}

int template_encode(TemplateKind kind, const Tokenizer *tokenizer, const Message *messages,
                    int n_messages, int **ids, int *count, Err *err)
{
    assert((int)kind >= 0 && (int)kind < N_FORMS);
    const Form *form = &forms[kind];
    Writer writer = {.tokenizer = tokenizer, .err = err};
    int rc = 0;
    /* Llama-2 begins each of the user's turns with BOS. */
    if (form->bos || (tokenizer_adds_bos(tokenizer) && !form->turns[ROLE_USER].bos))
        rc = add_id(&writer, tokenizer_bos(tokenizer));
    for (int i = 0; i < n_messages && rc == 0; i++)
        rc = write_message(&writer, form, &messages[i],
                           i > 0 && messages[i - 1].role == ROLE_SYSTEM);
    if (rc == 0 && add_fixed(&writer, form->turns[ROLE_ASSISTANT].open) != 0)
        rc = -1;
    if (rc == 0)
        rc = flush(&writer);
    free(writer.spans);
    if (rc != 0) {
        free(writer.ids);
        return -1;
    }
    *ids = writer.ids;
    *count = writer.count;
    return 0;
}
