/* jinja.c - see jinja.h. Statements, and what a template knows of a conversation.
 *
 * A template is run as it is read: what a condition leaves out is read all the same, so that what is
 * not known is found wherever it stands; a loop goes back to the beginning of its body.
 */
#include "engine/text/jinja.h"

#include <stdlib.h>
#include <string.h>

#include "engine/text/jinja_expr.h"
#include "engine/text/jinja_macro.h"

enum {
    STEPS_MAX = 1 << 15,    /* tokens read, loops' bodies each time */
    TEMPLATE_MAX = 1 << 18, /* bytes */
};

static JinjaEnding statements(Jinja *jinja, bool live);

static void copy(Jinja *jinja, Value value)
{
    if (value.kind != VALUE_STRING || value.n > JINJA_OUTPUT_MAX - jinja->n) {
        jinja->failed = true;
        return;
    }
    if (value.n > 0)
        memcpy(jinja->out + jinja->n, value.text, value.n);
    jinja->n += value.n;
}

/* The end of a tag, behind which text follows. */
static void end_tag(Jinja *jinja)
{
    if (jinja->lexer.token.kind != JINJA_END)
        jinja->failed = true;
}

static bool word(Jinja *jinja, const char *text)
{
    return jinja->lexer.token.kind == JINJA_NAME && jinja_take(&jinja->lexer, text);
}

/* Whether a condition holds, where it matters. */
static bool condition(Jinja *jinja, bool live)
{
    jinja->live = live;
    Value value = jinja_expression(jinja);
    end_tag(jinja);
    if (live && value.kind == VALUE_ERROR)
        jinja->failed = true;
    return live && value_truth(value);
}

static void run_if(Jinja *jinja, bool live)
{
    bool taken = condition(jinja, live);
    JinjaEnding ending = statements(jinja, taken);
    bool done = taken, last = false;
    while (!jinja->failed && (ending == END_ELIF || ending == END_ELSE)) {
        jinja->failed = last;
        last = ending == END_ELSE;
        taken = last ? live && !done : condition(jinja, live && !done);
        done = done || taken;
        ending = statements(jinja, taken);
    }
    if (ending != END_IF)
        jinja->failed = true;
}

/* What a body knows of its loop. */
static void set_loop(Jinja *jinja, Value list, size_t i)
{
    Value none = value_of(VALUE_UNDEFINED);
    size_t n = list.n;
    const struct {
        const char *name;
        Value value;
    } fields[] = {{"index0", value_int((int64_t)i)},
                  {"index", value_int((int64_t)i + 1)},
                  {"first", value_bool(i == 0)},
                  {"last", value_bool(i + 1 == n)},
                  {"length", value_int((int64_t)n)},
                  {"revindex0", value_int((int64_t)(n - i - 1))},
                  {"revindex", value_int((int64_t)(n - i))},
                  {"previtem", i > 0 ? list.items[i - 1] : none},
                  {"nextitem", i + 1 < n ? list.items[i + 1] : none}};
    JinjaObject *loop = object_new(&jinja->arena);
    if (loop == NULL) {
        jinja->failed = true;
        return;
    }
    loop->closed = true;
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
        object_set(loop, value_text(fields[k].name, strlen(fields[k].name)), fields[k].value);
    jinja_set(jinja, value_text("loop", 4), (Value){.kind = VALUE_OBJECT, .object = loop});
}

/* {% for item in list %}; `for key, value in pairs` and `if condition` behind the list are known, and
 * an error where there is something to loop over: pairs are tools' arguments, of which there are
 * none. */
static void run_for(Jinja *jinja, bool live)
{
    Value item = jinja_name(jinja);
    bool known = !jinja_take(&jinja->lexer, ",");
    if (!known)
        jinja_name(jinja);
    if (!word(jinja, "in"))
        jinja->failed = true;
    Value list = jinja_or(jinja);
    if (word(jinja, "if")) {
        jinja_expression(jinja);
        known = false;
    }
    end_tag(jinja);
    if (live && list.kind != VALUE_LIST && list.kind != VALUE_UNDEFINED)
        jinja->failed = true;
    size_t n = live && list.kind == VALUE_LIST ? list.n : 0;
    if (n > 0 && !known)
        jinja->failed = true;
    JinjaLexer body = jinja->lexer;
    int frame = jinja->frame, variables = jinja->n_variables;
    jinja->base = frame == 0 ? variables : jinja->base;
    for (size_t i = 0; i == 0 || i < n; i++) {
        int steps = jinja->lexer.steps;
        jinja->lexer = body;
        jinja->lexer.steps = steps;
        jinja->frame = variables;
        if (n > 0) {
            jinja_set(jinja, item, list.items[i]);
            set_loop(jinja, list, i);
        }
        if (jinja->failed || statements(jinja, n > 0) != END_FOR)
            jinja->failed = true;
        jinja->n_variables = variables;
    }
    jinja->frame = frame;
}

/* {% set name = value %}, {% set namespace.name = value %} */
static void run_set(Jinja *jinja, bool live)
{
    Value target = jinja_name(jinja), field = value_of(VALUE_UNDEFINED), space = field;
    if (jinja_take(&jinja->lexer, ".")) {
        field = jinja_name(jinja);
        space = jinja_variable(jinja, target);
    }
    if (!jinja_take(&jinja->lexer, "="))
        jinja->failed = true;
    Value value = jinja_expression(jinja);
    end_tag(jinja);
    if (!live || jinja->failed)
        return;
    if (value.kind == VALUE_ERROR)
        jinja->failed = true;
    else if (field.kind == VALUE_UNDEFINED)
        jinja_set(jinja, target, value);
    else if (space.kind != VALUE_OBJECT || !space.object->is_namespace ||
             !object_set(space.object, field, value))
        jinja->failed = true;
}

static void run_print(Jinja *jinja, bool live)
{
    Value value = jinja_expression(jinja);
    end_tag(jinja);
    if (live && !jinja->failed)
        copy(jinja, value_string(value));
}

/* What transformers marks as the model's own words, and writes as it is. */
static void run_generation(Jinja *jinja, bool live)
{
    end_tag(jinja);
    if (jinja->failed || statements(jinja, live) != END_GENERATION)
        jinja->failed = true;
}

/* A block that begins something, with all that belongs to it; or what ends the list. */
static bool run_block(Jinja *jinja, bool live, JinjaEnding *ending)
{
    static const struct {
        const char *word;
        JinjaEnding ending;
    } endings[] = {{"elif", END_ELIF},  {"else", END_ELSE},      {"endif", END_IF},
                   {"endfor", END_FOR}, {"endmacro", END_MACRO}, {"endgeneration", END_GENERATION}};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (!word(jinja, endings[i].word))
            continue;
        *ending = endings[i].ending;
        if (*ending != END_ELIF)
            end_tag(jinja);
        return false;
    }
    if (word(jinja, "if"))
        run_if(jinja, live);
    else if (word(jinja, "for"))
        run_for(jinja, live);
    else if (word(jinja, "set"))
        run_set(jinja, live);
    else if (word(jinja, "macro"))
        jinja_define(jinja, live);
    else if (word(jinja, "generation"))
        run_generation(jinja, live);
    else
        jinja->failed = true;
    return true;
}

static JinjaEnding statements(Jinja *jinja, bool live)
{
    JinjaEnding ending = END_TEMPLATE;
    bool more = true;
    if (jinja->depth >= JINJA_DEPTH)
        jinja->failed = true;
    jinja->depth++;
    while (more && !jinja->failed) {
        Value text;
        TagKind tag = jinja_text(&jinja->lexer, &text, &more);
        if (tag == TAG_WRONG || --jinja->lexer.steps <= 0)
            jinja->failed = true;
        else if (live)
            copy(jinja, text);
        if (jinja->failed)
            break;
        jinja->live = live;
        if (tag == TAG_PRINT)
            run_print(jinja, live);
        else if (tag == TAG_BLOCK && !run_block(jinja, live, &ending))
            break;
        more = more || tag != TAG_NONE;
    }
    jinja->depth--;
    return ending;
}

static Value text_value(const char *text)
{
    return value_text(text, strlen(text));
}

static bool set_conversation(Jinja *jinja, const JinjaInput *input)
{
    static const char *const roles[] = {
        [ROLE_SYSTEM] = "system", [ROLE_USER] = "user", [ROLE_ASSISTANT] = "assistant"};
    size_t n = (size_t)input->n_messages;
    Value *messages = jinja_alloc(&jinja->arena, (n + 1) * sizeof *messages);
    for (size_t i = 0; messages && i < n; i++) {
        JinjaObject *message = object_new(&jinja->arena);
        if (message == NULL)
            return false;
        object_set(message, text_value("role"), text_value(roles[input->messages[i].role]));
        object_set(message, text_value("content"), text_value(input->messages[i].text));
        messages[i] = (Value){.kind = VALUE_OBJECT, .object = message};
    }
    jinja_set(jinja, text_value("messages"),
              (Value){.kind = VALUE_LIST, .items = messages, .n = n});
    jinja_set(jinja, text_value("bos_token"), text_value(input->bos));
    jinja_set(jinja, text_value("eos_token"), text_value(input->eos));
    jinja_set(jinja, text_value("add_generation_prompt"), value_bool(true));
    jinja_set(jinja, text_value("tools"), value_of(VALUE_NONE));
    jinja_set(jinja, text_value("documents"), value_of(VALUE_NONE));
    jinja_set(jinja, text_value("strftime_now"), (Value){.kind = VALUE_CALLABLE, .number = -1});
    if (input->thinking != THINKING_OPEN) {
        Value on = value_bool(input->thinking == THINKING_ON);
        jinja_set(jinja, text_value("enable_thinking"), on); /* Qwen's, SmolLM3's */
        jinja_set(jinja, text_value("thinking"), on);        /* Granite's */
    }
    return messages != NULL;
}

char *jinja_render(const char *template, size_t bytes, const JinjaInput *input, size_t *out_bytes)
{
    Jinja *jinja = calloc(1, sizeof *jinja);
    char *out = malloc(JINJA_OUTPUT_MAX);
    bool rendered = false;
    if (jinja && out && bytes <= TEMPLATE_MAX) {
        jinja->out = out;
        jinja->run = statements;
        jinja->call = jinja_call;
        jinja->date = input->date;
        jinja->lexer = (JinjaLexer){.text = template,
                                    .bytes = bytes,
                                    .line_starts = true,
                                    .steps = STEPS_MAX,
                                    .arena = &jinja->arena};
        rendered = set_conversation(jinja, input) && statements(jinja, true) == END_TEMPLATE &&
                   !jinja->failed;
        *out_bytes = jinja->n;
        if (input->dated && jinja->dated)
            *input->dated = true;
        jinja_arena_free(&jinja->arena);
    }
    free(jinja);
    if (!rendered) {
        free(out);
        return NULL;
    }
    return out;
}
