/* template.h - a conversation becomes the token ids that the model was trained on.
 *
 * The model's chat template (Jinja text in the GGUF) is recognised as one of those in
 * template_table.c: on a few conversations it must write what that row writes, to the byte. What a
 * model reads is always written here. Special tokens are parsed in the template's own text only; what a
 * person or a model said is always plain text, so a typed <|im_end|> stays ten harmless characters.
 */
#ifndef S2D_ENGINE_TEXT_TEMPLATE_H
#define S2D_ENGINE_TEXT_TEMPLATE_H

#include "engine/text/tokenizer.h"

typedef int TemplateKind; /* a row of template_table.c, from 0 */

int template_count(void);

typedef enum Role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT } Role;

typedef struct Message {
    Role role;
    const char *text; /* UTF-8, terminated */
    /* For an assistant's message that the model wrote here: the ids it generated, without the end
     * token. They are used instead of encoding the text, which may give other ids, so that a KV
     * cache still fits. NULL: the text is encoded. Not owned. */
    const int *ids;
    int n_ids;
} Message;

/* Recognises the template text of a model. One that is not understood, or writes something else, is
 * an error that names `template:` in the profile as the remedy. */
int template_detect(TemplateKind *kind, const char *jinja, size_t bytes, Err *err);

enum { TEMPLATE_NAMES_BYTES = 128 };

/* By its name in a profile, such as "chatml"; -1 = unknown. */
int template_by_name(TemplateKind *kind, const char *name);
const char *template_name(TemplateKind kind);
/* All names with commas between them, and `last` (" or ") before the last one. Returns text, for
 * which TEMPLATE_NAMES_BYTES are enough. */
const char *template_names(const char *last, char *text, size_t size);

/* The system prompt that the model's template puts in when a conversation has none, as the
 * template's text writes it; jinja NULL: the one that the kind was trained with. Returns 1 with the text in
 * out, terminated, 0 with "" when there is none (or it does not fit). */
int template_default_system(TemplateKind kind, const char *jinja, size_t bytes, char *out,
                            size_t size);

/* Ids of the whole conversation, ready for the assistant to answer, BOS included where the model
 * wants one. *ids is allocated (free it). The ids of a conversation are a prefix of those of the
 * same conversation continued, wherever the template allows it: that is what lets the engine keep
 * its KV cache. An assistant's message is therefore encoded by itself, as it was written. The
 * system prompt is a message like any other: none is put in here. EXIT_DATA when a message's ids
 * are not of this vocabulary. */
int template_encode(TemplateKind kind, const Tokenizer *tokenizer, const Message *messages,
                    int n_messages, int **ids, int *count, Err *err);

#endif
