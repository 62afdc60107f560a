/* template_detect.c - which kind a model's Jinja text is, and its default system prompt.
 *
 * The text is run on known conversations (jinja.h), and what it writes is compared with what each
 * row of the table writes. A first BOS is not: some texts leave it to the tokenizer, as
 * template_encode does.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/text/jinja.h"
#include "engine/text/template_table.h"

enum { PROBE_MESSAGES = 5 };

/* Blanks around what is said are kept or dropped alike, an answer stays as it was given, and a
 * template that reads "thoughts" out of it is none of ours. */
static const Message probes[][PROBE_MESSAGES] = {
    {{.role = ROLE_USER, .text = "Hi"}},
    {{.role = ROLE_USER, .text = " Why?\n"},
     {.role = ROLE_ASSISTANT, .text = "\n<think>a</think>\n\nBecause. "},
     {.role = ROLE_USER, .text = "'Ah' \"so\""}},
    {{.role = ROLE_SYSTEM, .text = "Be brief."}, {.role = ROLE_USER, .text = "Hi"}},
    {{.role = ROLE_SYSTEM, .text = "Be\n\ngood."},
     {.role = ROLE_USER, .text = "\n\nWhy? "},
     {.role = ROLE_ASSISTANT, .text = "  So.\nYes."},
     {.role = ROLE_USER, .text = "\tAh  "}},
};

enum { N_PROBES = sizeof probes / sizeof *probes };

/* A model's own EOS may stand in its template by name or written out. */
static const char *const eos_tokens[] = {"</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>"};
enum { N_EOS = sizeof eos_tokens / sizeof *eos_tokens };
static const char bos_token[] = "<s>";

typedef struct Text {
    char *data; /* owned; NULL = there is none */
    const char *at;
    size_t bytes;
} Text;

static Text text_of(char *data, size_t bytes)
{
    size_t bos = strlen(bos_token);
    bool skip = data && bytes >= bos && memcmp(data, bos_token, bos) == 0;
    return (Text){data, data ? data + (skip ? bos : 0) : NULL, skip ? bytes - bos : bytes};
}

/* What a model's text makes of a probe, and what we do. */
static Text theirs(const char *jinja, size_t bytes, const Message *messages, int n, const char *eos)
{
    JinjaInput input = {.messages = messages, .n_messages = n, .bos = bos_token, .eos = eos};
    size_t n_out = 0;
    char *out = jinja_render(jinja, bytes, &input, &n_out);
    return text_of(out, n_out);
}

static Text ours(TemplateKind kind, const Message *messages, int n, const char *eos)
{
    size_t n_out = 0;
    char *out = template_write(kind, bos_token, eos, messages, n, &n_out);
    return text_of(out, n_out);
}

static bool same(const Text *a, const Text *b)
{
    return a->data && b->data && a->bytes == b->bytes && memcmp(a->at, b->at, a->bytes) == 0;
}

/* A probe with a system prompt of its own, or with another one in front of it. */
static int conversation(const Message *probe, const char *system, Message out[PROBE_MESSAGES])
{
    int n = 0;
    if (system)
        out[n++] = (Message){.role = ROLE_SYSTEM, .text = system};
    for (int i = 0; i < PROBE_MESSAGES && probe[i].text; i++)
        out[n++] = probe[i];
    return n;
}

/* What a model's text puts into the first probe, which has no system prompt: where ours has a mark
 * in its place. Returns it, to be freed; NULL = nothing that one system prompt could have made. */
static char *put_in(TemplateKind kind, const Text *text, const char *eos)
{
    static const char mark[] = "\x01";
    Message messages[PROBE_MESSAGES];
    int n = conversation(probes[0], mark, messages);
    Text marked = ours(kind, messages, n, eos);
    const char *at = marked.data ? memchr(marked.at, mark[0], marked.bytes) : NULL;
    char *system = NULL;
    if (at && text->data && text->bytes >= marked.bytes) {
        size_t before = (size_t)(at - marked.at), behind = marked.bytes - before - 1;
        const char *end = text->at + text->bytes - behind;
        if (memcmp(text->at, marked.at, before) == 0 && memcmp(end, at + 1, behind) == 0 &&
            !memchr(text->at, '\0', text->bytes))
            system = strndup(text->at + before, (size_t)(end - text->at) - before);
    }
    free(marked.data);
    return system;
}

static bool writes_alike(TemplateKind kind, const char *jinja, size_t bytes, const char *eos,
                         const Message *probe, const char *system)
{
    Message messages[PROBE_MESSAGES];
    bool has_own = probe[0].role == ROLE_SYSTEM;
    int n = conversation(probe, NULL, messages);
    Text text = theirs(jinja, bytes, messages, n, eos);
    n = conversation(probe, has_own ? NULL : system, messages);
    Text wanted = ours(kind, messages, n, eos);
    bool alike = same(&text, &wanted);
    free(text.data);
    free(wanted.data);
    return alike;
}

/* Whether a text is of this kind, where EOS is that; *system: its default, NULL = none, to be
 * freed. */
static bool fits(TemplateKind kind, const char *jinja, size_t bytes, const char *eos, char **system)
{
    *system = NULL;
    if (!writes_alike(kind, jinja, bytes, eos, probes[0], NULL)) {
        Text text = theirs(jinja, bytes, probes[0], 1, eos);
        *system = put_in(kind, &text, eos);
        free(text.data);
        if (*system == NULL)
            return false;
    }
    for (int i = 0; i < N_PROBES; i++)
        if (!writes_alike(kind, jinja, bytes, eos, probes[i], *system))
            return false;
    return true;
}

static bool is_kind(TemplateKind kind, const char *jinja, size_t bytes, char **system)
{
    for (int i = 0; i < N_EOS; i++) {
        if (fits(kind, jinja, bytes, eos_tokens[i], system))
            return true;
        free(*system);
        *system = NULL;
    }
    return false;
}

int template_detect(TemplateKind *kind, const char *jinja, size_t bytes, Err *err)
{
    char names[TEMPLATE_NAMES_BYTES];
    for (int i = 0; i < template_count(); i++) {
        char *system;
        if (!is_kind(i, jinja, bytes, &system))
            continue;
        free(system);
        *kind = i;
        return 0;
    }
    return err_set(err, EXIT_DATA,
                   "the model's chat template writes none of the forms that s2d knows; set "
                   "`template:` in the profile to %s",
                   template_names(" or ", names, sizeof names));
}

int template_default_system(TemplateKind kind, const char *jinja, size_t bytes, char *out,
                            size_t size)
{
    const char *trained = template_at(kind)->system;
    char *system = NULL;
    if (jinja)
        is_kind(kind, jinja, bytes, &system);
    else if (trained)
        system = strdup(trained);
    int found = system && system[0] != '\0' && strlen(system) < size;
    if (size > 0)
        strcpy(out, found ? system : "");
    free(system);
    return found;
}
