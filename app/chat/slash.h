/* slash.h - the slash commands: one table that runs them, explains them and completes them.
 *
 *   "/tau 12 0.6" -> command_run -> what chat.h offers;  Tab -> command_complete
 *
 * Handlers take their arguments as one text, blanks around it gone. Wrong ones are refused before
 * anything changes.
 */
#ifndef S2D_COMMAND_H
#define S2D_COMMAND_H

#include "app/chat/chat.h"

typedef enum CommandArgument {
    ARGUMENT_NONE, /* any is an error */
    ARGUMENT_TEXT,
    ARGUMENT_TARGET,
    ARGUMENT_MODEL, /* of the catalog, or a file */
    ARGUMENT_PROFILE,
    ARGUMENT_EXIT, /* a layer number of the draft's exits */
    ARGUMENT_DRAFTER,
    ARGUMENT_SESSION,
    ARGUMENT_WORDS, /* those of `words` */
    ARGUMENT_FORM,  /* those of `words`, then a file */
} CommandArgument;

typedef struct Command {
    const char *name;
    CommandArgument argument;
    const char *usage; /* "EXIT|all VALUE" */
    const char *help;
    const char *words; /* blank-separated, for completion */
    int (*run)(Chat *chat, const char *text, Err *err);
} Command;

/* Ends with a name of NULL. */
const Command *command_table(void);

/* line begins with '/'. */
int command_run(Chat *chat, const char *line, Err *err);

/* The table as text: one line each, newlines between. Free it; NULL = out of memory. */
char *command_help(void);

/* UiComplete for a line of the chat: the index-th candidate for `word`, free it; NULL = no more. */
char *command_complete(const Chat *chat, const char *line, int start, const char *word, int index);

#endif
