/* template_detect.c - which kind a model's Jinja text is, and its default system prompt.
 *
 * The text is looked through for the strings that each kind cannot do without; nothing is executed.
 */
#include "engine/text/template.h"

#include <stddef.h>
#include <string.h>

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

/* Zephyr closes the user's turn with EOS; other templates with <|user|> do not. */
static bool is_zephyr(Text jinja)
{
    Text user = behind(jinja, "<|user|>");
    if (user.at == NULL || !has(jinja, "<|assistant|>") || has(jinja, "<|end|>"))
        return false;
    Text rest = behind(user, "}}");
    if (rest.at != NULL)
        user.bytes = (size_t)(rest.at - user.at);
    return has(user, "eos_token") || has(user, "<|endoftext|>");
}

int template_detect(TemplateKind *kind, const char *jinja, size_t bytes, Err *err)
{
    Text text = {jinja, bytes};
    if (has(text, "<|im_start|>") && has(text, "<|im_end|>") && !has(text, "<|im_sep|>"))
        *kind = TEMPLATE_CHATML;
    else if (has(text, "<|start_header_id|>") && has(text, "<|eot_id|>"))
        *kind = TEMPLATE_LLAMA3;
    else if (is_zephyr(text))
        *kind = TEMPLATE_ZEPHYR;
    else if (has(text, "[INST]") && has(text, "<<SYS>>"))
        *kind = TEMPLATE_LLAMA2;
    else if (has(text, "USER:") && has(text, "ASSISTANT:"))
        *kind = TEMPLATE_VICUNA;
    else
        return err_set(err, EXIT_DATA,
                       "the model's chat template is none that s2d knows; set `template:` in the "
                       "profile to chatml, vicuna, llama-2, llama-3 or zephyr");
    return 0;
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

/* '<|im_start|>system\nTEXT<|im_end|>' as one string; the newline may be written out or escaped. */
static int chatml_system(Text jinja, char *out, size_t size)
{
    static const char head[] = "<|im_start|>system";
    for (Text text = behind(jinja, head); text.at != NULL; text = behind(text, head)) {
        size_t skip = 0;
        if (text.bytes > 0 && text.at[0] == '\n')
            skip = 1;
        else if (text.bytes > 1 && text.at[0] == '\\' && text.at[1] == 'n')
            skip = 2;
        if (skip == 0 || text.at - jinja.at < (ptrdiff_t)sizeof head)
            continue;
        char quote = text.at[-(ptrdiff_t)sizeof head]; /* just before head */
        Text rest = {text.at + skip, text.bytes - skip};
        if ((quote == '\'' || quote == '"') && copy_literal(rest, quote, "<|im_end|>", out, size))
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
    static const char vicuna[] = "A chat between a curious user and an artificial intelligence "
                                 "assistant. The assistant gives "
                                 "helpful, detailed, and polite answers to the user's questions.";
    Text text = {jinja, jinja != NULL ? bytes : 0};
    int found = 0;
    if (kind == TEMPLATE_CHATML)
        found = chatml_system(text, out, size) || set_system(text, out, size);
    else if (kind == TEMPLATE_VICUNA && jinja != NULL)
        found = set_system(text, out, size);
    else if (kind == TEMPLATE_VICUNA && size >= sizeof vicuna)
        found = stpcpy(out, vicuna) > out;
    if (!found && size > 0)
        out[0] = '\0';
    return found;
}
