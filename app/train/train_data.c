/* train_data.c - see train_data.h. */
#include "app/train/train_data.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/base/save_file.h"

enum {
    MESSAGES_MAX = 256,
    LINE_MAX_BYTES = 16 << 20,
    FILE_MAX_BYTES = 1 << 30, /* of plain text */
};

static int no_memory(Err *err)
{
    return err_set(err, EXIT_MEMORY, "no memory for the texts to learn from");
}

/* Takes over both arrays, also on failure. */
static int add_text(TrainData *data, int *ids, bool *is_label, int n, Err *err)
{
    if (data->n == data->capacity) {
        int capacity = data->capacity ? 2 * data->capacity : 64;
        TrainerText *texts = realloc(data->texts, (size_t)capacity * sizeof *texts);
        if (texts == NULL) {
            free(ids);
            free(is_label);
            return no_memory(err);
        }
        data->texts = texts;
        data->capacity = capacity;
    }
    data->texts[data->n++] = (TrainerText){.ids = ids, .is_label = is_label, .n = n};
    data->tokens += n;
    for (int i = 0; i < n; i++)
        data->labels += is_label[i];
    return 0;
}

void train_data_close(TrainData *data)
{
    for (int i = 0; i < data->n; i++) {
        free(data->texts[i].ids);
        free(data->texts[i].is_label);
    }
    free(data->texts);
    *data = (TrainData){0};
}

/* What is measured on is not learned from. */
static int check_avoided(const Questions *avoid, const char *text, Err *err)
{
    for (int q = 0; avoid && q < avoid->n; q++) {
        for (int t = 0; t < avoid->list[q].n_turns; t++) {
            if (strstr(text, avoid->list[q].turns[t]))
                return err_set(err, EXIT_DATA, "holds question %d of those to be avoided",
                               avoid->list[q].id);
        }
    }
    return 0;
}

/* The messages of a line, and what became of their answers. */
typedef struct Chat {
    Message messages[MESSAGES_MAX + 1]; /* the first may be the system prompt that none had */
    int *ids[MESSAGES_MAX + 1];         /* of the answers; owned */
    int n;
    bool ended; /* the last answer came to its end */
} Chat;

static void chat_close(Chat *chat)
{
    for (int i = 0; i < chat->n; i++)
        free(chat->ids[i]);
}

static int role_of(const char *name)
{
    static const struct {
        const char *name;
        Role role;
    } roles[] = {{"system", ROLE_SYSTEM},  {"user", ROLE_USER},     {"assistant", ROLE_ASSISTANT},
                 {"human", ROLE_USER},     {"gpt", ROLE_ASSISTANT}, {"chatgpt", ROLE_ASSISTANT},
                 {"model", ROLE_ASSISTANT}};
    for (size_t i = 0; name && i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(name, roles[i].name) == 0)
            return (int)roles[i].role;
    }
    return -1;
}

/* False = a form that is not known. */
static bool read_chat(Chat *chat, const TrainCoder *coder, const json_t *object)
{
    const json_t *list = json_object_get(object, "messages");
    const char *role_key = "role", *text_key = "content";
    if (!list) {
        list = json_object_get(object, "conversations");
        role_key = "from";
        text_key = "value";
    }
    size_t n = json_array_size(list);
    const char *finish = json_string_value(json_object_get(object, "finish"));
    *chat = (Chat){.ended = finish == NULL || strcmp(finish, "length") != 0};
    if (n < 2 || n > MESSAGES_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        int role = role_of(json_string_value(json_object_get(item, role_key)));
        const char *text = json_string_value(json_object_get(item, text_key));
        if (role < 0 || !text || (role == ROLE_SYSTEM && i > 0))
            return false;
        if (i == 0 && role != ROLE_SYSTEM && coder->system && *coder->system)
            chat->messages[chat->n++] = (Message){.role = ROLE_SYSTEM, .text = coder->system};
        chat->messages[chat->n++] = (Message){.role = (Role)role, .text = text};
    }
    while (chat->n > 0 && chat->messages[chat->n - 1].role != ROLE_ASSISTANT)
        chat->n--;
    return chat->n >= 2;
}

static int encode_answers(Chat *chat, const TrainCoder *coder, Err *err)
{
    for (int i = 0; i < chat->n; i++) {
        Message *message = &chat->messages[i];
        int capacity = 0;
        if (message->role != ROLE_ASSISTANT)
            continue;
        if (tokenizer_encode(coder->tokenizer, message->text, strlen(message->text), false,
                             &chat->ids[i], &message->n_ids, &capacity, err) != 0)
            return -1;
        message->ids = chat->ids[i];
    }
    return 0;
}

/* Marks the answers in the ids of the whole chat; returns where the last one ends. */
static int mark_answers(const Chat *chat, const TrainCoder *coder, const int *ids, int n,
                        bool *is_label, Err *err)
{
    int end = 0;
    for (int i = 0; i < chat->n; i++) {
        const Message *message = &chat->messages[i];
        int *prompt = NULL, before;
        if (message->role != ROLE_ASSISTANT || message->n_ids == 0)
            continue;
        if (template_encode(&coder->template, coder->template.thinks, coder->tokenizer,
                            chat->messages, i, &prompt, &before, err) != 0)
            return -1;
        int after = before + message->n_ids;
        bool found = after <= n && memcmp(ids, prompt, sizeof *ids * (size_t)before) == 0 &&
                     memcmp(ids + before, message->ids, sizeof *ids * (size_t)message->n_ids) == 0;
        free(prompt);
        if (!found) /* the template writes it in another way */
            continue;
        bool ended = i < chat->n - 1 || chat->ended;
        if (ended && after < n && tokenizer_is_end(coder->tokenizer, ids[after]))
            after++;
        memset(is_label + before, true, (size_t)(after - before) * sizeof *is_label);
        end = after;
    }
    return end;
}

static int add_chat(TrainData *data, const TrainCoder *coder, const json_t *object, Err *err)
{
    Chat chat;
    int *ids = NULL, n = 0, end = 0;
    bool *is_label = NULL;
    if (!read_chat(&chat, coder, object)) {
        data->skipped++;
        return 0;
    }
    int result = encode_answers(&chat, coder, err);
    for (int i = 0; result == 0 && i < chat.n; i++)
        result = check_avoided(coder->avoid, chat.messages[i].text, err);
    if (result == 0)
        result = template_encode(&coder->template, coder->template.thinks, coder->tokenizer,
                                 chat.messages, chat.n, &ids, &n, err);
    if (result == 0 && (is_label = calloc((size_t)n + 1, sizeof *is_label)) == NULL)
        result = no_memory(err);
    if (result == 0)
        result = end = mark_answers(&chat, coder, ids, n, is_label, err);
    chat_close(&chat);
    if (result >= 0) {
        data->cut += end > coder->length;
        end = end < coder->length ? end : coder->length;
        bool any = false;
        for (int i = 1; i < end; i++)
            any = any || is_label[i];
        if (any)
            return add_text(data, ids, is_label, end, err);
        data->skipped++;
    }
    free(ids);
    free(is_label);
    return result < 0 ? -1 : 0;
}

/* Pieces of plain text. */
static int add_plain(TrainData *data, const TrainCoder *coder, const char *text, size_t bytes,
                     Err *err)
{
    int *ids = NULL, n = 0, capacity = 0, result = 0;
    if (check_avoided(coder->avoid, text, err) != 0 ||
        tokenizer_encode(coder->tokenizer, text, bytes, false, &ids, &n, &capacity, err) != 0)
        result = -1;
    for (int at = 0; result == 0 && at < n; at += coder->length) {
        int count = n - at < coder->length ? n - at : coder->length;
        if (count < 2)
            break;
        int *piece = malloc((size_t)count * sizeof *piece);
        bool *is_label = malloc((size_t)count * sizeof *is_label);
        if (piece == NULL || is_label == NULL) {
            free(piece);
            free(is_label);
            result = no_memory(err);
            break;
        }
        memcpy(piece, ids + at, (size_t)count * sizeof *piece);
        memset(is_label, true, (size_t)count * sizeof *is_label);
        is_label[0] = false;
        result = add_text(data, piece, is_label, count, err);
    }
    free(ids);
    return result;
}

int train_data_line(TrainData *data, const TrainCoder *coder, const char *line, size_t bytes,
                    Err *err)
{
    json_error_t trouble;
    json_t *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &trouble);
    if (!object)
        return err_set(err, EXIT_DATA, "not JSON: %s", trouble.text);
    const json_t *text = json_object_get(object, "text");
    int result;
    if (plain_json(object) != 0)
        result = no_memory(err);
    else if (!json_is_object(object))
        result = err_set(err, EXIT_DATA, "not an object");
    else if (json_is_string(text))
        result = add_plain(data, coder, json_string_value(text), json_string_length(text), err);
    else if (!coder->has_template)
        result = err_set(err, EXIT_DATA, "a conversation, but the model has no chat template");
    else
        result = add_chat(data, coder, object, err);
    json_decref(object);
    return result;
}

static int read_lines(TrainData *data, const TrainCoder *coder, const char *path, Err *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO, "%.300s: %s", path,
                       strerror(errno));
    char *line = NULL;
    size_t room = 0;
    int number = 0, result = 0;
    for (ssize_t n; result == 0 && (n = getline(&line, &room, file)) >= 0;) {
        Err wrong = {0};
        size_t mark = number++ == 0 ? plain_text_mark(line, (size_t)n) : 0;
        if (n > LINE_MAX_BYTES)
            result = err_set(err, EXIT_DATA, "%.300s:%d: a line of more than %d MB", path, number,
                             LINE_MAX_BYTES >> 20);
        else if (line[mark + strspn(line + mark, " \t\r\n")] &&
                 train_data_line(data, coder, line + mark, (size_t)n - mark, &wrong) != 0)
            result = err_set(err, wrong.code, "%.300s:%d: %s", path, number, wrong.text);
    }
    if (result == 0 && ferror(file))
        result = err_set(err, EXIT_IO, "%.300s: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return result;
}

int train_data_read(TrainData *data, const TrainCoder *coder, const char *path, Err *err)
{
    size_t length = strlen(path), bytes;
    if (length > 6 && strcmp(path + length - 6, ".jsonl") == 0)
        return read_lines(data, coder, path, err);
    char *text = read_file(path, "text", FILE_MAX_BYTES, &bytes, err);
    if (text == NULL)
        return -1;
    Err wrong = {0};
    int result = add_plain(data, coder, text, bytes, &wrong);
    free(text);
    return result == 0 ? 0 : err_set(err, wrong.code, "%.300s: %s", path, wrong.text);
}

int train_data_hold(TrainData *data, int every, TrainData *held, Err *err)
{
    int kept = 0, result = 0;
    assert(every >= 2);
    *held = (TrainData){0};
    for (int i = 0; i < data->n; i++) {
        TrainerText text = data->texts[i];
        if (result == 0 && i % every == every - 1) {
            data->tokens -= text.n;
            for (int j = 0; j < text.n; j++)
                data->labels -= text.is_label[j];
            result = add_text(held, text.ids, text.is_label, text.n, err);
        } else {
            data->texts[kept++] = text;
        }
    }
    data->n = kept;
    return result;
}
