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

/* Part of a message. */
typedef struct Said {
    const uint8_t *begin, *end;
} Said;

static Said said(const char *text)
{
    return (Said){(const uint8_t *)text, (const uint8_t *)text + strlen(text)};
}

/* Without the white space around it. */
static Said trimmed(Said part, bool left, bool right)
{
    ucs4_t code;
    while (left && part.begin < part.end) {
        int n = u8_mbtoucr(&code, part.begin, (size_t)(part.end - part.begin));
        if (n <= 0 || !uc_is_property_white_space(code))
            break;
        part.begin += n;
    }
    while (right && part.begin < part.end) {
        const uint8_t *before = u8_prev(&code, part.end, part.begin);
        if (before == NULL || !uc_is_property_white_space(code))
            break;
        part.end = before;
    }
    return part;
}

static int add_said(Writer *writer, Said part)
{
    return add_span(writer, (const char *)part.begin, (size_t)(part.end - part.begin), false);
}

/* The part of an answer that is its own, behind its thoughts; the whole where it has none. */
static Said without_thoughts(Said part)
{
    static const char mark[] = "</think>";
    size_t n = sizeof mark - 1;
    const uint8_t *at;
    bool found = false;
    while ((at = memmem(part.begin, (size_t)(part.end - part.begin), mark, n)) != NULL) {
        part.begin = at + n;
        found = true;
    }
    while (found && part.begin < part.end && *part.begin == '\n')
        part.begin++;
    return part;
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

/* What is written, and how. */
typedef struct Plan {
    const TemplateForm *form;
    const Template *row;
    const TemplateWords *words;
    const Message *folded; /* the system prompt that a user's turn takes in; NULL = none */
    int into;              /* the message that takes it in */
} Plan;

/* An answer's text as the form leaves it. */
static Said answer_text(const TemplateForm *form, const char *text)
{
    Said part = trimmed(said(text), form->trims, form->trims);
    if (form->drops_thoughts)
        part = without_thoughts(part);
    while (form->drops_newlines && part.begin < part.end && *part.begin == '\n')
        part.begin++;
    return part;
}

static bool uses_ids(const TemplateForm *form, const Message *message)
{
    return message->ids != NULL && !(form->drops_thoughts && strstr(message->text, "</think>"));
}

/* What the assistant says is encoded by itself, because it was written behind encoded text. */
static int write_answer(Writer *writer, const Plan *plan, const Message *message)
{
    Turn turn = plan->row->turns[ROLE_ASSISTANT];
    if (add_fixed(writer, turn.open) != 0 ||
        (plan->form->keeps_lead && add_fixed(writer, plan->words->lead) != 0) ||
        (writer->tokenizer && flush(writer) != 0))
        return -1;
    if (uses_ids(plan->form, message)) {
        if (add_ids(writer, message->ids, message->n_ids) != 0)
            return -1;
        if (turn.close != NULL && message->n_ids > 0 && ends_in_space(writer))
            turn.close = NULL; /* the model has written it */
    } else if (add_fixed(writer, turn.lead) != 0 ||
               add_said(writer, answer_text(plan->form, message->text)) != 0) {
        return -1;
    }
    return write_end(writer, &turn);
}

/* The system's turn: what it says is the template's own text where `own`. */
static int write_system(Writer *writer, const Plan *plan, const char *text, bool own)
{
    const Turn *turn = &plan->row->turns[ROLE_SYSTEM];
    SystemTrim trim = own ? TRIM_NONE : plan->form->system_trim;
    if ((turn->bos && add_bos(writer) != 0) || add_fixed(writer, turn->open) != 0 ||
        add_fixed(writer, plan->words->before) != 0 ||
        (own ? add_fixed(writer, text)
             : add_said(writer, trimmed(said(text), trim == TRIM_BOTH, trim != TRIM_NONE))) != 0 ||
        add_fixed(writer, plan->words->after) != 0)
        return -1;
    return write_end(writer, turn);
}

static int write_user(Writer *writer, const Plan *plan, const Message *message, bool takes_in,
                      bool after_system)
{
    const Turn *turn = &plan->row->turns[ROLE_USER];
    bool inside = plan->row->system_inside && after_system, trims = plan->form->trims;
    if (!inside && turn->bos && add_bos(writer) != 0)
        return -1;
    if (!inside && add_fixed(writer, turn->open) != 0)
        return -1;
    SystemTrim trim = plan->form->system_trim;
    if (takes_in && (add_said(writer, trimmed(said(plan->folded->text), trim == TRIM_BOTH,
                                              trim != TRIM_NONE)) != 0 ||
                     add_fixed(writer, "\n\n") != 0))
        return -1;
    if (add_said(writer, trimmed(said(message->text), trims && !inside, trims)) != 0)
        return -1;
    return write_end(writer, turn);
}

/* Llama-2 begins each of the user's turns with BOS. */
static bool begins_with_bos(const Writer *writer, const Template *template)
{
    bool by_itself = writer->tokenizer && tokenizer_adds_bos(writer->tokenizer);
    return template->bos || (by_itself && !template->turns[ROLE_USER].bos);
}

static Plan make_plan(const TemplateForm *form, bool thinking, const Message *messages, int n)
{
    Plan plan = {
        .form = form, .row = template_at(form->kind), .words = &form->words[thinking], .into = -1};
    if (form->system_place == SYSTEM_TURN || n < 2 || messages[0].role != ROLE_SYSTEM)
        return plan;
    for (int i = 1; i < n; i++)
        if (messages[i].role == ROLE_USER && (form->system_place == SYSTEM_LAST || plan.into < 0))
            plan.into = i;
    plan.folded = plan.into >= 0 ? &messages[0] : NULL;
    return plan;
}

static int write_all(Writer *writer, const TemplateForm *form, bool thinking,
                     const Message *messages, int n_messages)
{
    Plan plan = make_plan(form, thinking, messages, n_messages);
    bool after_system = false;
    if (begins_with_bos(writer, plan.row) && add_bos(writer) != 0)
        return -1;
    if (plan.words->system && (n_messages == 0 || messages[0].role != ROLE_SYSTEM)) {
        if (write_system(writer, &plan, plan.words->system, true) != 0)
            return -1;
        after_system = true;
    }
    for (int i = plan.folded ? 1 : 0; i < n_messages; i++) {
        const Message *message = &messages[i];
        int status = message->role == ROLE_ASSISTANT ? write_answer(writer, &plan, message)
                     : message->role == ROLE_SYSTEM
                         ? write_system(writer, &plan, message->text, false)
                         : write_user(writer, &plan, message, i == plan.into, after_system);
        if (status != 0)
            return -1;
        after_system = message->role == ROLE_SYSTEM;
    }
    if (add_fixed(writer, plan.row->turns[ROLE_ASSISTANT].open) != 0)
        return -1;
    return add_fixed(writer, plan.words->lead);
}

int template_encode(const TemplateForm *form, bool thinking, const Tokenizer *tokenizer,
                    const Message *messages, int n_messages, int **ids, int *count, Err *err)
{
    assert(form->kind >= 0 && form->kind < template_count());
    Writer writer = {.tokenizer = tokenizer, .err = err};
    int rc = write_all(&writer, form, thinking, messages, n_messages);
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

char *template_write(const TemplateForm *form, bool thinking, const char *bos, const char *eos,
                     const Message *messages, int n_messages, size_t *bytes)
{
    Writer writer = {.bos = bos, .eos = eos};
    char *text = NULL;
    size_t n = 0;
    if (write_all(&writer, form, thinking, messages, n_messages) == 0) {
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
