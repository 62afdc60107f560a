/* input.c - see input.h. */
#include "ui/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>
#include <readline/tilde.h>

#include "kernels/common/memory.h"
#include "ui/frame.h" /* FRAME_CHOICES */
#include "ui/history_file.h"

typedef struct Input {
    const UiOptions *options;
    FILE *null; /* for the streams that readline wants to have */
    const char *queue;
    size_t n_queue;
    char *accepted;
    char *choices[FRAME_CHOICES];
    int n_choices;
    int index;    /* of the candidate asked for next */
    bool pasted;  /* the newest line's beginning */
    bool at_last; /* the newest line is shown, not one of the history, when a key comes */
    bool unkept;  /* a message could not go to the history file */
    bool told;    /* and that was asked for */
} Input;

/* readline's callbacks take no argument of ours, and its own state is the process's too. */
static Input *active;

static int queue_get(FILE *stream)
{
    (void)stream;
    if (active->n_queue == 0)
        return EOF;
    active->n_queue--;
    return (unsigned char)*active->queue++;
}

static int queue_available(void)
{
    return active->n_queue > 0;
}

/* In the place of readline's own, which print and exit with status 2 while the terminal is still the
 * screen's. They are in no header, but made to be replaced (bash does): what a program defines goes
 * before what a shared library does. */
void *xmalloc(size_t bytes);
void *xrealloc(void *old, size_t bytes);

void *xmalloc(size_t bytes)
{
    return memory_take(bytes);
}

void *xrealloc(void *old, size_t bytes)
{
    return memory_resize(old, bytes);
}

static void redisplay(void)
{
    /* The frame reads the line when it draws. */
}

/* A pasted text of one line that would be read as a command if it had been typed. */
static char *as_typed(char *line)
{
    char *escaped = NULL;
    if (line[0] != '/' || strchr(line, '\n') != NULL || asprintf(&escaped, "/%s", line) < 0)
        return line;
    free(line);
    return escaped;
}

static void accept_line(char *line)
{
    if (line == NULL)
        return;
    if (line[strspn(line, " \t\n")] == '\0') {
        free(line);
        return;
    }
    if (active->pasted && active->at_last)
        line = as_typed(line);
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (last == NULL || strcmp(last->line, line) != 0) {
        add_history(line);
        if (active->options->history != NULL && history_file_add(active->options->history, line))
            active->unkept = true; /* it is there until the end */
    }
    free(active->accepted);
    active->accepted = line;
}

static char *candidate(const char *word, int state)
{
    if (state == 0)
        active->index = 0;
    const UiOptions *options = active->options;
    return options->complete(options->user, rl_line_buffer, rl_point - (int)strlen(word), word,
                             active->index++);
}

static char **complete(const char *word, int start, int end)
{
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1;
    return active->options->complete != NULL ? rl_completion_matches(word, candidate) : NULL;
}

static void forget_choices(void)
{
    while (active->n_choices > 0)
        free(active->choices[--active->n_choices]);
}

static void keep_choices(char **matches, int n, int longest)
{
    (void)longest;
    forget_choices();
    for (int i = 1; i <= n && active->n_choices < FRAME_CHOICES; i++) {
        char clean[80];
        text_clean_line(matches[i], clean, sizeof clean);
        if (n > FRAME_CHOICES && i == FRAME_CHOICES)
            snprintf(clean, sizeof clean, "(and %d more)", n - i + 1);
        char *copy = strdup(clean);
        if (copy != NULL)
            active->choices[active->n_choices++] = copy;
    }
}

static void configure(void)
{
    rl_readline_name = "s2d";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_instream = rl_outstream = active->null;
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_getc_function = queue_get;
    rl_input_available_hook = queue_available;
    rl_redisplay_function = redisplay;
    rl_completion_display_matches_hook = keep_choices;
    rl_attempted_completion_function = complete;
    rl_completer_word_break_characters = " \t\n";
    rl_initialize(); /* reads the inputrc: what must hold whatever it says comes after */
    rl_variable_bind("bell-style", "none");
    rl_variable_bind("blink-matching-paren", "off");
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_variable_bind("show-all-if-ambiguous", "on");
    rl_variable_bind("completion-query-items", "-1");
}

int input_open(const UiOptions *options, Err *err)
{
    active = calloc(1, sizeof *active);
    if (active == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the input line");
    active->options = options;
    active->null = fopen("/dev/null", "r+");
    if (active->null == NULL) {
        free(active);
        active = NULL;
        return err_set(err, EXIT_IO, "cannot open /dev/null, which the line editor needs");
    }
    configure();
    using_history();
    stifle_history(HISTORY_LINES);
    if (options->history != NULL)
        history_file_load(options->history);
    rl_callback_handler_install("> ", accept_line);
    return 0;
}

void input_close(void)
{
    if (active == NULL)
        return;
    rl_callback_handler_remove();
    clear_history();
    forget_choices();
    fclose(active->null);
    rl_instream = rl_outstream = NULL;
    free(active->accepted);
    free(active);
    active = NULL;
}

void input_feed(const char *bytes, size_t n)
{
    forget_choices();
    if (rl_end > INPUT_BYTES)
        return;
    bool front = rl_point == 0;
    int before = rl_end;
    active->at_last = where_history() == history_length;
    active->queue = bytes;
    active->n_queue = n;
    while (active->n_queue > 0)
        rl_callback_read_char();
    if (rl_end == 0 || (front && rl_end > before && where_history() == history_length))
        active->pasted = false; /* gone, or something was typed before it */
}

bool input_insert(const char *text, size_t n)
{
    forget_choices();
    char *valid = malloc(3 * n + 1); /* an invalid byte becomes three */
    if (valid == NULL)
        return false;
    size_t length = 0;
    for (size_t i = 0; i < n;) {
        uint32_t ch;
        i += text_decode(text + i, n - i, &ch);
        if (ch != 0)
            length += text_encode(ch, valid + length);
    }
    valid[length] = '\0';
    bool fits = length + (size_t)rl_end <= INPUT_BYTES;
    if (fits)
        rl_insert_text(valid);
    free(valid);
    return fits;
}

bool input_paste(const char *text, size_t n)
{
    if (rl_point == 0)
        active->pasted = where_history() == history_length;
    return input_insert(text, n);
}

void input_set(const char *text)
{
    rl_replace_line("", 1);
    rl_point = rl_end = 0;
    input_paste(text, strlen(text));
}

bool input_replace(const char *text, size_t n)
{
    if (n > INPUT_BYTES)
        return false;
    bool pasted = active->pasted;
    char *before = strdup(rl_line_buffer);
    if (before == NULL)
        return false;
    rl_begin_undo_group(); /* one undo brings the line back */
    rl_delete_text(0, rl_end);
    rl_point = 0;
    bool taken = input_insert(text, n);
    if (!taken)
        rl_insert_text(before);
    rl_end_undo_group();
    free(before);
    active->pasted = pasted && rl_end > 0;
    return taken;
}

void input_kill(void)
{
    forget_choices();
    active->pasted = false;
    rl_kill_full_line(1, 0);
    if (where_history() == history_length)
        return;
    /* An old line was shown: it keeps its text, and the next search starts from the newest
     * again. */
    rl_undo_command(1, 0);
    rl_end_of_history(1, 0);
    rl_delete_text(0, rl_end);
    rl_point = 0;
}

bool input_vertical(int by)
{
    const char *line = rl_line_buffer;
    int begin = rl_point;
    while (begin > 0 && line[begin - 1] != '\n')
        begin--;
    int column = text_width(line + begin, (size_t)(rl_point - begin)), to;
    if (by < 0) {
        if (begin == 0)
            return false;
        to = begin - 1;
        while (to > 0 && line[to - 1] != '\n')
            to--;
    } else {
        const char *newline = memchr(line + rl_point, '\n', (size_t)(rl_end - rl_point));
        if (newline == NULL)
            return false;
        to = (int)(newline - line) + 1;
    }
    forget_choices();
    const char *end = memchr(line + to, '\n', (size_t)(rl_end - to));
    size_t n = end != NULL ? (size_t)(end - line) - (size_t)to : (size_t)(rl_end - to);
    rl_point = to + (int)text_fit(line + to, n, column);
    return true;
}

const char *input_line(size_t *bytes, size_t *point)
{
    *bytes = (size_t)rl_end;
    *point = (size_t)rl_point;
    return rl_line_buffer;
}

const char *input_prompt(void)
{
    return rl_display_prompt != NULL ? rl_display_prompt : "> ";
}

bool input_searching(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH);
}

bool input_vi_insert(void)
{
    return rl_editing_mode == 0 && rl_get_keymap() == rl_get_keymap_by_name("vi-insert");
}

char *input_take(void)
{
    char *line = active->accepted;
    active->accepted = NULL;
    return line;
}

bool input_unkept(void)
{
    bool news = active->unkept && !active->told;
    active->told = active->unkept;
    return news;
}

char *const *input_choices(int *n)
{
    *n = active->n_choices;
    return active->choices;
}

char *ui_complete_file(const char *word, int index)
{
    return rl_filename_completion_function(word, index);
}

char *ui_expand_file(const char *name)
{
    return name[0] == '~' ? tilde_expand_word(name) : strdup(name);
}
