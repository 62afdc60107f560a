/* template.h - a conversation becomes the token ids that the model was trained on.
 *
 * The model's chat template (Jinja text in the GGUF) is recognised as one of those in
 * template_table.c, with words of its own around the system prompt and in front of answers: on a few
 * conversations it must write what is written here, to the byte. What a model reads is always written
 * here. Special tokens are parsed in the template's own text only; what a
 * person or a model said is always plain text, so a typed <|im_end|> stays ten harmless characters.
 */
#ifndef S2D_ENGINE_TEXT_TEMPLATE_H
#define S2D_ENGINE_TEXT_TEMPLATE_H

#include <time.h>

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

/* Whether a model thinks before it answers, where its template can turn that on and off. */
typedef enum ThinkMode {
    THINK_AUTO, /* as its template does where nobody says */
    THINK_ON,
    THINK_OFF,
} ThinkMode;

/* "auto", "on", "off"; -1 = unknown. */
int think_parse(const char *text, ThinkMode *mode);
const char *think_name(ThinkMode mode);

/* A date as YYYY-MM-DD: -1 = it is none. */
int template_date(struct tm *date, const char *text);

/* What a model's text writes beside what its row says, with thinking off or on. */
typedef struct TemplateWords {
    char *before, *after; /* within the system's turn, around what it says; NULL = nothing */
    char *system; /* said where a conversation has no system prompt; NULL = there is no turn then */
    const char *lead; /* behind the opening of an answer: thoughts begun, or left out */
} TemplateWords;

typedef enum SystemPlace {
    SYSTEM_TURN, /* a turn of its own, or what the row says */
    SYSTEM_LAST, /* in front of what the user said last */
    SYSTEM_FIRST, /* in front of what the user said first: also where a text knows no system prompt */
} SystemPlace;

typedef enum SystemTrim { TRIM_NONE, TRIM_RIGHT, TRIM_BOTH } SystemTrim;

/* A model's template: the row that it is, and what was learned of its own text. */
typedef struct TemplateForm {
    TemplateKind kind;
    bool trims; /* white space around what user and assistant say is dropped */
    SystemTrim system_trim;
    SystemPlace system_place;
    bool drops_thoughts;    /* of former answers, up to </think>, with the newlines behind it */
    bool drops_newlines;    /* that former answers begin with */
    bool keeps_lead;        /* former answers have it too */
    bool has_switch;        /* thinking can be turned on and off */
    bool thinks;            /* it is on where nobody says */
    bool dated;             /* the system's turn tells the date */
    TemplateWords words[2]; /* thinking off, on */
} TemplateForm;

/* Recognises the template text of a model. date: the one that it may tell; the form says whether it
 * does. One that is not understood, or writes something else, is an error that names `template:` in
 * the profile as the remedy. On success the form owns its words. */
int template_read(TemplateForm *form, const char *jinja, size_t bytes, const struct tm *date,
                  Err *err);
void template_close(TemplateForm *form);

/* Does the model think? */
bool template_thinks(const TemplateForm *form, ThinkMode mode);

/* The form of a row alone, which owns nothing. */
TemplateForm template_plain(TemplateKind kind);

enum { TEMPLATE_NAMES_BYTES = 192 };

/* By its name in a profile, such as "chatml"; -1 = unknown. */
int template_by_name(TemplateKind *kind, const char *name);
const char *template_name(TemplateKind kind);
/* All names with commas between them, and `last` (" or ") before the last one. Returns text, for
 * which TEMPLATE_NAMES_BYTES are enough. */
const char *template_names(const char *last, char *text, size_t size);

/* Ids of the whole conversation, ready for the assistant to answer, BOS included where the model
 * wants one; where they have no system prompt, with the form's own. thinking: where the form has a
 * switch. *ids is allocated (free it). The ids of a conversation are a prefix of those of the
 * same conversation continued, wherever the template allows it: that is what lets the engine keep
 * its KV cache. An assistant's message is therefore encoded by itself, as it was written; where its
 * thoughts are dropped, what is left of its text. EXIT_DATA when a message's ids are not of this
 * vocabulary. */
int template_encode(const TemplateForm *form, bool thinking, const Tokenizer *tokenizer,
                    const Message *messages, int n_messages, int **ids, int *count, Err *err);

#endif
