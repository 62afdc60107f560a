/* jinja.h - what a model's chat template makes of a conversation: an interpreter of the part of
 * Jinja that such templates are written in.
 *
 * Nothing of it ever reaches a model: template_detect.c compares what comes out with what s2d
 * writes, on conversations of its own. So it may refuse, but not guess: anything that it does not
 * know, wherever in the template, is an error, and so is what goes beyond its bounds (steps, depth,
 * memory). White space around tags goes as Hugging Face's transformers sets it (trim_blocks,
 * lstrip_blocks). Language: jinja.palletsprojects.com, "Template Designer Documentation".
 */
#ifndef S2D_ENGINE_TEXT_JINJA_H
#define S2D_ENGINE_TEXT_JINJA_H

#include <time.h>

#include "engine/text/template.h"

/* What a template is told of thinking: OPEN = nothing, it does as it does by itself. */
typedef enum JinjaThinking { THINKING_OPEN, THINKING_OFF, THINKING_ON } JinjaThinking;

typedef struct JinjaInput {
    const Message *messages; /* their texts count, not their ids */
    int n_messages;
    const char *bos, *eos; /* bos_token, eos_token */
    JinjaThinking thinking;
    const struct tm *date; /* of strftime_now; NULL = to ask for it is an error */
    bool *dated;           /* becomes true where it was asked for; NULL = nobody wants to know */
} JinjaInput;

enum { JINJA_OUTPUT_MAX = 1 << 16 }; /* bytes */

/* The text with add_generation_prompt, *bytes long, to be freed; NULL = not understood, or refused
 * by the template itself, or no memory. */
char *jinja_render(const char *template, size_t bytes, const JinjaInput *input, size_t *out_bytes);

#endif
