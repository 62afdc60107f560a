/* jinja.c - see jinja.h. Statements, and what a template knows of a conversation.
 *
 * A template is run as it is read: what a condition leaves out is read all the same, so that what is
 * not known is found wherever it stands; a loop goes back to the beginning of its body.
 */
#include "engine/text/jinja.h"

#include <stdlib.h>
#include <string.h>

#include "engine/text/jinja_expr.h"

enum {
    STEPS_MAX = 1 << 15,    /* tokens read, loops' bodies each time */
    TEMPLATE_MAX = 1 << 18, /* bytes */
};

typedef struct Render {
    Jinja jinja;
    char *out;
    size_t n;
} Render;

/* What ends a list of statements. */
typedef enum Ending { END_TEMPLATE, END_ELIF, END_ELSE, END_IF, END_FOR } Ending;

static Ending statements(Render *render, bool live);

static bool failed(const Render *render)
{
    return render->jinja.failed;
}

static void copy(Render *render, Value value)
{
    if (value.kind != VALUE_STRING || value.n > JINJA_OUTPUT_MAX - render->n) {
        render->jinja.failed = true;
        return;
    }
    if (value.n > 0)
        memcpy(render->out + render->n, value.text, value.n);
    render->n += value.n;
}

/* The end of a tag, behind which text follows. */
static void end_tag(Render *render)
{
    if (render->jinja.lexer.token.kind != JINJA_END)
        render->jinja.failed = true;
}

static bool word(Render *render, const char *text)
{
    return render->jinja.lexer.token.kind == JINJA_NAME && jinja_take(&render->jinja.lexer, text);
}

/* Whether a condition holds, where it matters. */
static bool condition(Render *render, bool live)
{
    Value value = jinja_expression(&render->jinja);
    end_tag(render);
    if (live && value.kind == VALUE_ERROR)
        render->jinja.failed = true;
    return live && value_truth(value);
}

static void run_if(Render *render, bool live)
{
    bool taken = condition(render, live);
    Ending ending = statements(render, taken);
    bool done = taken, last = false;
    while (!failed(render) && (ending == END_ELIF || ending == END_ELSE)) {
        render->jinja.failed = last;
        last = ending == END_ELSE;
        taken = last ? live && !done : condition(render, live && !done);
        done = done || taken;
        ending = statements(render, taken);
    }
    if (ending != END_IF)
        render->jinja.failed = true;
}

/* What a body knows of its loop. */
static void set_loop(Jinja *jinja, size_t i, size_t n)
{
    const struct {
        const char *name;
        Value value;
    } fields[] = {{"index0", value_int((int64_t)i)},
                  {"index", value_int((int64_t)i + 1)},
                  {"first", value_bool(i == 0)},
                  {"last", value_bool(i + 1 == n)},
                  {"length", value_int((int64_t)n)},
                  {"revindex0", value_int((int64_t)(n - i - 1))},
                  {"revindex", value_int((int64_t)(n - i))}};
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

static void run_for(Render *render, bool live)
{
    Jinja *jinja = &render->jinja;
    Value item = jinja_name(jinja);
    if (!word(render, "in"))
        jinja->failed = true;
    Value list = jinja_or(jinja);
    end_tag(render);
    if (live && list.kind != VALUE_LIST && list.kind != VALUE_UNDEFINED)
        jinja->failed = true;
    size_t n = live && list.kind == VALUE_LIST ? list.n : 0;
    JinjaLexer body = jinja->lexer;
    int frame = jinja->frame, variables = jinja->n_variables;
    for (size_t i = 0; i == 0 || i < n; i++) {
        int steps = jinja->lexer.steps;
        jinja->lexer = body;
        jinja->lexer.steps = steps;
        jinja->frame = variables;
        if (n > 0) {
            jinja_set(jinja, item, list.items[i]);
            set_loop(jinja, i, n);
        }
        if (failed(render) || statements(render, n > 0) != END_FOR)
            jinja->failed = true;
        jinja->n_variables = variables;
    }
    jinja->frame = frame;
}

/* {% set name = value %}, {% set namespace.name = value %} */
static void run_set(Render *render, bool live)
{
    Jinja *jinja = &render->jinja;
    Value target = jinja_name(jinja), field = value_of(VALUE_UNDEFINED), space = field;
    if (jinja_take(&jinja->lexer, ".")) {
        field = jinja_name(jinja);
        space = jinja_variable(jinja, target);
    }
    if (!jinja_take(&jinja->lexer, "="))
        jinja->failed = true;
    Value value = jinja_expression(jinja);
    end_tag(render);
    if (!live || failed(render))
        return;
    if (value.kind == VALUE_ERROR)
        jinja->failed = true;
    else if (field.kind == VALUE_UNDEFINED)
        jinja_set(jinja, target, value);
    else if (space.kind != VALUE_OBJECT || !space.object->is_namespace ||
             !object_set(space.object, field, value))
        jinja->failed = true;
}

static void run_print(Render *render, bool live)
{
    Value value = jinja_expression(&render->jinja);
    end_tag(render);
    if (live && !failed(render))
        copy(render, value_string(value));
}

/* A block that begins something, with all that belongs to it; or what ends the list. */
static bool run_block(Render *render, bool live, Ending *ending)
{
    static const struct {
        const char *word;
        Ending ending;
    } endings[] = {{"elif", END_ELIF}, {"else", END_ELSE}, {"endif", END_IF}, {"endfor", END_FOR}};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (!word(render, endings[i].word))
            continue;
        *ending = endings[i].ending;
        if (*ending != END_ELIF)
            end_tag(render);
        return false;
    }
    if (word(render, "if"))
        run_if(render, live);
    else if (word(render, "for"))
        run_for(render, live);
    else if (word(render, "set"))
        run_set(render, live);
    else
        render->jinja.failed = true;
    return true;
}

static Ending statements(Render *render, bool live)
{
    Jinja *jinja = &render->jinja;
    Ending ending = END_TEMPLATE;
    bool more = true;
    if (jinja->depth >= JINJA_DEPTH)
        jinja->failed = true;
    jinja->depth++;
    while (more && !failed(render)) {
        Value text;
        TagKind tag = jinja_text(&jinja->lexer, &text, &more);
        if (tag == TAG_WRONG || --jinja->lexer.steps <= 0)
            jinja->failed = true;
        else if (live)
            copy(render, text);
        if (failed(render))
            break;
        if (tag == TAG_PRINT)
            run_print(render, live);
        else if (tag == TAG_BLOCK && !run_block(render, live, &ending))
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
    return messages != NULL;
}

char *jinja_render(const char *template, size_t bytes, const JinjaInput *input, size_t *out_bytes)
{
    Render *render = calloc(1, sizeof *render);
    char *out = malloc(JINJA_OUTPUT_MAX);
    bool rendered = false;
    if (render && out && bytes <= TEMPLATE_MAX) {
        Jinja *jinja = &render->jinja;
        render->out = out;
        jinja->lexer = (JinjaLexer){.text = template,
                                    .bytes = bytes,
                                    .line_starts = true,
                                    .steps = STEPS_MAX,
                                    .arena = &jinja->arena};
        rendered = set_conversation(jinja, input) && statements(render, true) == END_TEMPLATE &&
                   !jinja->failed;
        *out_bytes = render->n;
        jinja_arena_free(&jinja->arena);
    }
    free(render);
    if (!rendered) {
        free(out);
        return NULL;
    }
    return out;
}
