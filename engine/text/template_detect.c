/* template_detect.c - which kind a model's Jinja text is, and what it writes beside.
 *
 * The text is run on known conversations (jinja.h), and what it writes is compared with what each
 * row of the table writes, in each of the ways that a form may have. A first BOS is not: some texts
 * leave it to the tokenizer, as template_encode does.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/text/jinja.h"
#include "engine/text/template_table.h"

enum { PROBE_MESSAGES = 5, SETTINGS = 3 };

/* Blanks around what is said are kept or dropped alike, and so are thoughts. In the first probe only
 * a system prompt of the text's own can stand in front; the second has a mark for one. */
static const char mark[] = "\x01";
static const Message probes[][PROBE_MESSAGES] = {
    {{.role = ROLE_USER, .text = "Hi"}},
    {{.role = ROLE_SYSTEM, .text = mark}, {.role = ROLE_USER, .text = "Hi"}},
    {{.role = ROLE_USER, .text = " Why?\n"},
     {.role = ROLE_ASSISTANT, .text = "\n<think>a</think>\n\nBecause. "},
     {.role = ROLE_USER, .text = "'Ah' \"so\""}},
    {{.role = ROLE_SYSTEM, .text = "Be brief."}, {.role = ROLE_USER, .text = "Hi"}},
    {{.role = ROLE_SYSTEM, .text = " Be\n\ngood. \n"},
     {.role = ROLE_USER, .text = "\n\nWhy? "},
     {.role = ROLE_ASSISTANT, .text = "  So.\nYes."},
     {.role = ROLE_USER, .text = "\tAh  "}},
    {{.role = ROLE_USER, .text = "a"},
     {.role = ROLE_ASSISTANT, .text = "\n\nb</think> c"},
     {.role = ROLE_USER, .text = "d"},
     {.role = ROLE_ASSISTANT, .text = "\n e\n"},
     {.role = ROLE_USER, .text = "f"}},
};

enum { N_PROBES = sizeof probes / sizeof *probes, BARE = 0, MARKED = 1 };

/* A model's own EOS may stand in its template by name or written out. */
static const char *const eos_tokens[] = {"</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>"};
enum { N_EOS = sizeof eos_tokens / sizeof *eos_tokens };
static const char bos_token[] = "<s>";

/* What an answer may begin with before the model says anything. */
static const char *const leads[] = {"<think>\n\n</think>\n\n",
                                    "<think>\n\n</think>\n",
                                    "<think>\n\n</think>",
                                    "<think>\n",
                                    "<think>",
                                    ""};

typedef struct Text {
    char *data; /* owned; NULL = there is none */
    const char *at;
    size_t bytes;
} Text;

/* What a model's text makes of all probes: by JinjaThinking. */
typedef struct Theirs {
    Text texts[SETTINGS][N_PROBES];
    const char *eos;
    bool dated;
} Theirs;

static Text text_of(char *data, size_t bytes)
{
    size_t bos = strlen(bos_token);
    bool skip = data && bytes >= bos && memcmp(data, bos_token, bos) == 0;
    return (Text){data, data ? data + (skip ? bos : 0) : NULL, skip ? bytes - bos : bytes};
}

static int probe_messages(int probe)
{
    int n = 0;
    while (n < PROBE_MESSAGES && probes[probe][n].text)
        n++;
    return n;
}

static void ask_theirs(Theirs *theirs, const char *jinja, size_t bytes, const struct tm *date)
{
    for (int setting = 0; setting < SETTINGS; setting++) {
        for (int probe = 0; probe < N_PROBES; probe++) {
            JinjaInput input = {.messages = probes[probe],
                                .n_messages = probe_messages(probe),
                                .bos = bos_token,
                                .eos = theirs->eos,
                                .thinking = (JinjaThinking)setting,
                                .date = date,
                                .dated = &theirs->dated};
            size_t n = 0;
            char *out = jinja_render(jinja, bytes, &input, &n);
            theirs->texts[setting][probe] = text_of(out, n);
        }
    }
}

static void free_theirs(Theirs *theirs)
{
    for (int setting = 0; setting < SETTINGS; setting++)
        for (int probe = 0; probe < N_PROBES; probe++)
            free(theirs->texts[setting][probe].data);
}

static Text ours(const TemplateForm *form, bool thinking, int probe, const char *eos)
{
    size_t n = 0;
    char *out =
        template_write(form, thinking, bos_token, eos, probes[probe], probe_messages(probe), &n);
    return text_of(out, n);
}

static bool same(const Text *a, const Text *b)
{
    return a->data && b->data && a->bytes == b->bytes && memcmp(a->at, b->at, a->bytes) == 0;
}

/* The text between what stands before and behind a place of `frame`, which is `skip` bytes; *between:
 * to be freed, NULL where it has none such. */
static void read_between(const Text *text, const Text *frame, const char *place, size_t skip,
                         char **between)
{
    size_t before = (size_t)(place - frame->at), behind = frame->bytes - before - skip;
    if (text->bytes < before + behind || memcmp(text->at, frame->at, before) != 0 ||
        memcmp(text->at + text->bytes - behind, place + skip, behind) != 0 ||
        memchr(text->at, '\0', text->bytes) != NULL)
        return;
    *between = strndup(text->at + before, text->bytes - before - behind);
}

/* The longest lead that the text may end with. */
static const char *read_lead(const TemplateForm *form, const Text *text)
{
    const char *open = template_at(form->kind)->turns[ROLE_ASSISTANT].open;
    size_t n_open = open ? strlen(open) : 0;
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
        size_t n = strlen(leads[i]);
        if (text->bytes < n + n_open || memcmp(text->at + text->bytes - n, leads[i], n) != 0 ||
            (open && memcmp(text->at + text->bytes - n - n_open, open, n_open) != 0))
            continue;
        return leads[i];
    }
    return "";
}

/* The words around a system prompt: `inner` has the mark with them. */
static void split_inner(TemplateWords *words, char *inner)
{
    char *at = strstr(inner, mark);
    if (at == NULL)
        return;
    *at = '\0';
    words->after = strdup(at + strlen(mark));
    words->before = strdup(inner);
}

/* What a text says beside the row, by the first two probes. */
static void read_words(TemplateForm *form, bool thinking, const Theirs *theirs)
{
    TemplateWords *words = &form->words[thinking];
    const Text *texts = theirs->texts[thinking ? THINKING_ON : THINKING_OFF];
    if (texts[BARE].data == NULL)
        return;
    words->lead = read_lead(form, &texts[BARE]);
    if (form->system_place != SYSTEM_TURN)
        return;
    Text marked = ours(form, thinking, MARKED, theirs->eos);
    const char *place = marked.data ? memchr(marked.at, mark[0], marked.bytes) : NULL;
    char *inner = NULL;
    if (place && texts[MARKED].data)
        read_between(&texts[MARKED], &marked, place, 1, &inner);
    if (inner)
        split_inner(words, inner);
    free(inner);
    free(marked.data);
    Text bare = ours(form, thinking, BARE, theirs->eos);
    marked = ours(form, thinking, MARKED, theirs->eos);
    place = marked.data ? memchr(marked.at, mark[0], marked.bytes) : NULL;
    if (place && !same(&bare, &texts[BARE]))
        read_between(&texts[BARE], &marked, place, 1, &words->system);
    free(bare.data);
    free(marked.data);
}

static void free_words(TemplateForm *form)
{
    for (int i = 0; i < 2; i++) {
        free(form->words[i].before);
        free(form->words[i].after);
        free(form->words[i].system);
    }
}

/* A text that knows no system prompt refuses it, or leaves it out. */
static bool knows_system(const Theirs *theirs)
{
    const Text *text = &theirs->texts[THINKING_ON][MARKED];
    return text->data && memchr(text->at, mark[0], text->bytes) != NULL;
}

/* Whether all is written alike. */
static bool writes_alike(const TemplateForm *form, const Theirs *theirs)
{
    bool skips = form->system_place == SYSTEM_FIRST && !knows_system(theirs);
    for (int probe = 0; probe < N_PROBES; probe++) {
        for (int thinking = 0; thinking < 2; thinking++) {
            if (skips && probes[probe][0].role == ROLE_SYSTEM)
                continue;
            Text wanted = ours(form, thinking, probe, theirs->eos);
            bool alike =
                same(&theirs->texts[thinking ? THINKING_ON : THINKING_OFF][probe], &wanted);
            free(wanted.data);
            if (!alike)
                return false;
        }
    }
    return true;
}

static bool settings_alike(const Theirs *theirs, JinjaThinking a, JinjaThinking b)
{
    for (int probe = 0; probe < N_PROBES; probe++)
        if (theirs->texts[a][probe].data &&
            !same(&theirs->texts[a][probe], &theirs->texts[b][probe]))
            return false;
    return true;
}

/* The way number `way` that a form may have: the plain one first. */
enum { WAYS = 2 * 2 * 2 * 2 * 3 };

static void choose_way(TemplateForm *form, int way)
{
    form->drops_thoughts = way & 1;
    form->drops_newlines = way & 2;
    form->keeps_lead = way & 4;
    form->trims = form->trims || (way & 8);
    form->system_trim = (SystemTrim)((form->system_trim + (unsigned)way / 16) % 3);
}

static bool fits(TemplateForm *form, TemplateKind kind, SystemPlace place, const Theirs *theirs)
{
    TemplateForm plain = template_plain(kind);
    plain.system_place = place;
    for (int thinking = 0; thinking < 2; thinking++)
        read_words(&plain, thinking, theirs);
    for (int way = 0; way < WAYS; way++) {
        *form = plain;
        choose_way(form, way);
        if (writes_alike(form, theirs))
            return true;
    }
    free_words(&plain);
    return false;
}

static bool find_form(TemplateForm *form, const Theirs *theirs)
{
    for (int place = SYSTEM_TURN; place <= SYSTEM_FIRST; place++)
        for (int kind = 0; kind < template_count(); kind++)
            if (fits(form, kind, (SystemPlace)place, theirs))
                return true;
    return false;
}

static bool read_form(TemplateForm *form, const char *jinja, size_t bytes, const char *eos,
                      const struct tm *date)
{
    Theirs theirs = {.eos = eos};
    ask_theirs(&theirs, jinja, bytes, date);
    bool found = theirs.texts[THINKING_ON][BARE].data != NULL && find_form(form, &theirs);
    if (found) {
        form->has_switch = !settings_alike(&theirs, THINKING_ON, THINKING_OFF);
        form->thinks = form->has_switch ? settings_alike(&theirs, THINKING_OPEN, THINKING_ON)
                                        : strcmp(form->words[true].lead, "") != 0;
        form->dated = theirs.dated;
    }
    free_theirs(&theirs);
    return found;
}

int template_read(TemplateForm *form, const char *jinja, size_t bytes, const struct tm *date,
                  Err *err)
{
    char names[TEMPLATE_NAMES_BYTES];
    bool named = memmem(jinja, bytes, "eos_token", strlen("eos_token")) != NULL;
    for (int i = 0; i < (named ? N_EOS : 1); i++)
        if (read_form(form, jinja, bytes, eos_tokens[i], date))
            return 0;
    *form = (TemplateForm){0};
    return err_set(err, EXIT_DATA,
                   "the model's chat template writes none of the forms that s2d knows; set "
                   "`template:` in the profile to %s",
                   template_names(" or ", names, sizeof names));
}

void template_close(TemplateForm *form)
{
    free_words(form);
    *form = (TemplateForm){0};
}
