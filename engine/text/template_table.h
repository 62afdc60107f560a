/* template_table.h - inside engine/text: what there is to know of each chat template. */
#ifndef S2D_ENGINE_TEXT_TEMPLATE_TABLE_H
#define S2D_ENGINE_TEXT_TEMPLATE_TABLE_H

#include "engine/text/template.h"

/* How one role's turn is written: [BOS] open [lead] text close [EOS] after. NULL = nothing. */
typedef struct Turn {
    const char *open;
    const char *lead; /* not before ids that were generated: they hold it */
    const char *close;
    const char *after;
    bool bos;
    bool eos;
} Turn;

typedef struct Template {
    const char *name;   /* in a profile */
    Turn turns[3];      /* by Role */
    bool trim;          /* white space around a message's text is dropped */
    bool bos;           /* begins with BOS, whatever the tokenizer does by itself */
    bool system_inside; /* the system prompt is part of the user's turn, and opens it */
    bool system_first;  /* there is no turn for it: SYSTEM_FIRST */
} Template;

const Template *template_at(TemplateKind kind);

/* The text that template_encode makes ids of, terminated, free it; NULL = no memory. */
char *template_write(const TemplateForm *form, bool thinking, const char *bos, const char *eos,
                     const Message *messages, int n_messages, size_t *bytes);

#endif
