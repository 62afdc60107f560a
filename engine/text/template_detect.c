/* template_detect.c - which kind a model's Jinja text is, and its default system prompt.
 *
 * The text is looked through for the strings that each kind cannot do without (template_table.c);
 * nothing is executed.
 */
#include <stddef.h>
#include <string.h>

#include "engine/text/template_table.h"

typedef struct Text {
    const char *at;
    size_t bytes;
} Text;

/* The rest of a text behind the first `what`; at = NULL when it is not there. */
static Text behind(Text text, const char *what)
{
    size_t n = strlen(what);
    const char *found = text.bytes > 0 ? memmem(text.at, text.bytes, what, n) : NULL;
    if (found == NULL)
        return (Text){NULL, 0};
    return (Text){found + n, text.bytes - (size_t)(found + n - text.at)};
}

static bool has(Text text, const char *what)
{
    return behind(text, what).at != NULL;
}

/* Whether one of two strings stands behind `start` and before the next "}}". */
static bool has_between(Text jinja, const char *start, const char *const either[2])
{
    Text text = behind(jinja, start), rest = behind(text, "}}");
    if (rest.at != NULL)
        text.bytes = (size_t)(rest.at - text.at);
    return has(text, either[0]) || has(text, either[1]);
}

static bool fits(const Template *template, Text jinja)
{
    return has(jinja, template->has[0]) && has(jinja, template->has[1]) &&
           (template->lacks == NULL || !has(jinja, template->lacks)) &&
           (template->between[0] == NULL ||
            has_between(jinja, template->has[0], template->between));
}

int template_detect(TemplateKind *kind, const char *jinja, size_t bytes, Err *err)
{
    char names[TEMPLATE_NAMES_BYTES];
    for (int i = 0; i < template_count(); i++) {
        if (!fits(template_at(i), (Text){jinja, bytes}))
            continue;
        *kind = i;
        return 0;
    }
    return err_set(err, EXIT_DATA,
                   "the model's chat template is none that s2d knows; set `template:` in the "
                   "profile to %s",
                   template_names(" or ", names, sizeof names));
}

/* Copies the Jinja string at the beginning of text up to `end`, escapes resolved. 0 when the string
 * is not closed by `end`, holds something that is not plain text, is empty or does not fit. */
static int copy_literal(Text text, char quote, const char *end, char *out, size_t size)
{
    size_t n = 0, end_bytes = strlen(end);
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.bytes - i >= end_bytes && memcmp(text.at + i, end, end_bytes) == 0) {
            if (n > 0)
                out[n] = '\0';
            return n > 0;
        }
        char c = text.at[i];
        if (n + 1 >= size || c == quote || c == '\0')
            return 0;
        if (c == '\\' && i + 1 < text.bytes) {
            c = text.at[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        out[n++] = c;
    }
    return 0;
}

/* '<|im_start|>system\nTEXT<|im_end|>' as one string, say; the newline may be written out or
 * escaped. */
static int literal_system(const Template *template, Text jinja, char *out, size_t size)
{
    const char *open = template->system_open;
    ptrdiff_t length = (ptrdiff_t)strlen(open);
    for (Text text = behind(jinja, open); text.at != NULL; text = behind(text, open)) {
        size_t skip = 0;
        if (text.bytes > 0 && text.at[0] == '\n')
            skip = 1;
        else if (text.bytes > 1 && text.at[0] == '\\' && text.at[1] == 'n')
            skip = 2;
        if (skip == 0 || text.at - jinja.at <= length)
            continue;
        char quote = text.at[-length - 1]; /* just before open */
        Text rest = {text.at + skip, text.bytes - skip};
        if ((quote == '\'' || quote == '"') &&
            copy_literal(rest, quote, template->system_close, out, size))
            return 1;
    }
    return 0;
}

/* {% set system_message = 'TEXT' %} */
static int set_system(Text jinja, char *out, size_t size)
{
    static const char set[] = "set system_message = ";
    for (Text text = behind(jinja, set); text.bytes > 1; text = behind(text, set)) {
        char quote[] = {text.at[0], '\0'};
        if ((quote[0] == '\'' || quote[0] == '"') &&
            copy_literal((Text){text.at + 1, text.bytes - 1}, '\0', quote, out, size))
            return 1;
    }
    return 0;
}

int template_default_system(TemplateKind kind, const char *jinja, size_t bytes, char *out,
                            size_t size)
{
    const Template *template = template_at(kind);
    Text text = {jinja, jinja != NULL ? bytes : 0};
    int found = 0;
    if (jinja != NULL && template->system_open != NULL)
        found = literal_system(template, text, out, size);
    if (jinja != NULL && template->system_set && !found)
        found = set_system(text, out, size);
    if (jinja == NULL && template->system != NULL && size > strlen(template->system))
        found = stpcpy(out, template->system) > out;
    if (!found && size > 0)
        out[0] = '\0';
    return found;
}
