/* bench_questions.c - see bench_questions.h. */
#include "app/bench/bench_questions.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/bench/last_number.h"

enum { LINE_MAX_BYTES = 4 << 20, QUESTIONS_MAX = 1 << 20 };

static void question_free(Question *question)
{
    for (int i = 0; i < question->n_turns; i++)
        free(question->turns[i]);
}

void questions_close(Questions *questions)
{
    for (int i = 0; i < questions->n; i++)
        question_free(&questions->list[i]);
    free(questions->list);
    for (int i = 0; i < questions->n_categories; i++)
        free(questions->categories[i]);
    *questions = (Questions){0};
}

/* -1 = too many, or no memory. */
static int category_of(Questions *questions, const char *name)
{
    for (int i = 0; i < questions->n_categories; i++)
        if (strcmp(questions->categories[i], name) == 0)
            return i;
    char *copy = questions->n_categories < CATEGORIES_MAX ? strdup(name) : NULL;
    if (!copy)
        return -1;
    questions->categories[questions->n_categories] = copy;
    return questions->n_categories++;
}

static int read_question(Questions *questions, Question *question, const json_t *object, Err *err)
{
    const json_t *category = json_object_get(object, "category");
    const json_t *turns = json_object_get(object, "turns");
    size_t n = json_array_size(turns);
    question->id = (int)json_integer_value(json_object_get(object, "question_id"));
    if (!json_is_string(category) || n < 1 || n > TURNS_MAX)
        return err_set(err, EXIT_DATA, "wants \"category\" and \"turns\", a list of 1 to %d texts",
                       TURNS_MAX);
    question->category = category_of(questions, json_string_value(category));
    if (question->category < 0)
        return err_set(err, EXIT_DATA, "more than %d categories", CATEGORIES_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(turns, i));
        question->turns[i] = text ? strdup(text) : NULL;
        if (!question->turns[i])
            return err_set(err, EXIT_DATA, "a turn is not a text");
        question->n_turns++;
    }
    const char *reference =
        json_string_value(json_array_get(json_object_get(object, "reference"), n - 1));
    question->has_number = reference && reference_number(reference, &question->number);
    return 0;
}

static int add_line(Questions *questions, const char *line, Err *err)
{
    if (questions->n % 64 == 0) {
        Question *list = questions->n < QUESTIONS_MAX
                             ? realloc(questions->list, sizeof(*list) * ((size_t)questions->n + 64))
                             : NULL;
        if (!list)
            return err_set(err, EXIT_MEMORY, "too many questions for the memory");
        questions->list = list;
    }
    json_error_t trouble;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &trouble);
    if (!object)
        return err_set(err, EXIT_DATA, "not JSON: %s", trouble.text);
    Question *question = &questions->list[questions->n++];
    *question = (Question){0};
    int status = plain_json(object) != 0 ? err_set(err, EXIT_MEMORY, "out of memory")
                                         : read_question(questions, question, object, err);
    json_decref(object);
    return status;
}

int questions_open(Questions *questions, const char *path, Err *err)
{
    *questions = (Questions){0};
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, EXIT_NOINPUT, "%s: %s", path, strerror(errno));
    char *line = malloc(LINE_MAX_BYTES);
    int number = 0, status = line ? 0 : err_set(err, EXIT_MEMORY, "out of memory");
    while (status == 0 && fgets(line, LINE_MAX_BYTES, file)) {
        Err wrong = {0};
        const char *text = line + (number++ == 0 ? plain_text_mark(line, strlen(line)) : 0);
        if (text[strspn(text, " \t\r\n")] && add_line(questions, text, &wrong) != 0)
            status = err_set(err, wrong.code, "%s: line %d: %s", path, number, wrong.text);
    }
    if (status == 0 && ferror(file))
        status = err_set(err, EXIT_IO, "%s: %s", path, strerror(errno));
    if (status == 0 && questions->n == 0)
        status = err_set(err, EXIT_DATA, "%s: no questions in it", path);
    free(line);
    fclose(file);
    if (status != 0)
        questions_close(questions);
    return status;
}

/* Whether a name is in a list "a,b,c". */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
            return true;
    return false;
}

static int check_categories(const Questions *questions, const char *list, Err *err)
{
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        int length = (int)strcspn(at, ","), i = 0;
        while (i < questions->n_categories &&
               ((int)strlen(questions->categories[i]) != length ||
                strncmp(at, questions->categories[i], (size_t)length) != 0))
            i++;
        if (i == questions->n_categories)
            return err_set(err, EXIT_USAGE,
                           "--categories: there is no \"%.*s\" among the questions", length, at);
    }
    return 0;
}

int questions_choose(Questions *questions, const char *categories, int sample, Err *err)
{
    if (check_categories(questions, categories, err) != 0)
        return -1;
    int total[CATEGORIES_MAX] = {0}, seen[CATEGORIES_MAX] = {0}, kept = 0;
    for (int i = 0; i < questions->n; i++)
        total[questions->list[i].category]++;
    for (int i = 0; i < questions->n; i++) {
        Question *question = &questions->list[i];
        int c = question->category, at = seen[c]++;
        bool keep = !categories || listed(categories, questions->categories[c]);
        /* The k-th of N kept is number k * total / N. */
        if (keep && sample > 0 && sample < total[c]) {
            int k = (int)(((long)at * sample + total[c] - 1) / total[c]);
            keep = k < sample && (int)((long)k * total[c] / sample) == at;
        }
        if (keep)
            questions->list[kept++] = *question;
        else
            question_free(question);
    }
    questions->n = kept;
    return 0;
}
