/* template.c - see template.h. What is written where is in template_table.c; the same code writes all
 * of them. */
#include "engine/text/template.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "engine/text/template_table.h"

/* A text in the making: template text and messages, not encoded yet, behind ids that are. Without a
 * tokenizer it becomes text, in which BOS and EOS are written out. */
typedef struct Writer {
    const Tokenizer *tokenizer;
    const char *bos, *eos; /* without one */
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

static int add_bos(Writer *writer)
{
    return writer->tokenizer ? add_id(writer, tokenizer_bos(writer->tokenizer))
                             : add_fixed(writer, writer->bos);
}

static int add_eos(Writer *writer)
{
    return writer->tokenizer ? add_id(writer, tokenizer_eos(writer->tokenizer))
                             : add_fixed(writer, writer->eos);
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
    if (turn->eos && add_eos(writer) != 0)
        return -1;
    return add_fixed(writer, turn->after);
}

/* What the assistant says is encoded by itself, because it was written behind encoded text. */
static int write_answer(Writer *writer, const Template *template, const Message *message)
{
    Turn turn = template->turns[ROLE_ASSISTANT];
    if (add_fixed(writer, turn.open) != 0 || (writer->tokenizer && flush(writer) != 0))
        return -1;
    if (message->ids != NULL) {
        if (add_ids(writer, message->ids, message->n_ids) != 0)
            return -1;
        if (turn.close != NULL && message->n_ids > 0 && ends_in_space(writer))
            turn.close = NULL; /* the model has written it */
    } else if (add_fixed(writer, turn.lead) != 0 ||
               add_said(writer, message->text, template->trim, template->trim) != 0) {
        return -1;
    }
    return write_end(writer, &turn);
}

static int write_message(Writer *writer, const Template *template, const Message *message,
                         bool after_system)
{
    if (message->role == ROLE_ASSISTANT)
        return write_answer(writer, template, message);
    const Turn *turn = &template->turns[message->role];
    bool inside = template->system_inside && after_system && message->role == ROLE_USER;
    if (!inside && turn->bos && add_bos(writer) != 0)
        return -1;
    if (!inside && add_fixed(writer, turn->open) != 0)
        return -1;
    bool whole = template->system_inside && message->role == ROLE_SYSTEM;
    bool joined = inside && !template->trim_inside;
    if (add_said(writer, message->text, template->trim && !joined && !whole,
                 template->trim && !whole) != 0)
        return -1;
    return write_end(writer, turn);
}

/* Llama-2 begins each of the user's turns with BOS. */
static bool begins_with_bos(const Writer *writer, const Template *template)
{
    bool by_itself = writer->tokenizer && tokenizer_adds_bos(writer->tokenizer);
    return template->bos || (by_itself && !template->turns[ROLE_USER].bos);
}

static int write_all(Writer *writer, const Template *template, const Message *messages,
                     int n_messages)
{
    if (begins_with_bos(writer, template) && add_bos(writer) != 0)
        return -1;
    for (int i = 0; i < n_messages; i++)
        if (write_message(writer, template, &messages[i],
                          i > 0 && messages[i - 1].role == ROLE_SYSTEM) != 0)
            return -1;
    return add_fixed(writer, template->turns[ROLE_ASSISTANT].open);
}

int template_encode(TemplateKind kind, const Tokenizer *tokenizer, const Message *messages,
                    int n_messages, int **ids, int *count, Err *err)
{
    assert(kind >= 0 && kind < template_count());
    Writer writer = {.tokenizer = tokenizer, .err = err};
    int rc = write_all(&writer, template_at(kind), messages, n_messages);
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

char *template_write(TemplateKind kind, const char *bos, const char *eos, const Message *messages,
                     int n_messages, size_t *bytes)
{
    Writer writer = {.bos = bos, .eos = eos};
    char *text = NULL;
    size_t n = 0;
    if (write_all(&writer, template_at(kind), messages, n_messages) == 0) {
        for (int i = 0; i < writer.n_spans; i++)
            n += writer.spans[i].bytes;
        text = malloc(n + 1);
        *bytes = n;
        n = 0;
    }
    for (int i = 0; text && i < writer.n_spans; i++) {
        memcpy(text + n, writer.spans[i].text, writer.spans[i].bytes);
        n += writer.spans[i].bytes;
    }
    if (text)
        text[n] = '\0';
    free(writer.spans);
    return text;
}
