/* bench_questions.h - a file of questions in Spec-Bench's form: JSON lines with question_id,
 * category, turns and, where the right answer is known, reference. */
#ifndef S2D_APP_BENCH_BENCH_QUESTIONS_H
#define S2D_APP_BENCH_BENCH_QUESTIONS_H

#include <stdbool.h>

#include "kernels/common/err.h"

enum { TURNS_MAX = 8, CATEGORIES_MAX = 64 };

typedef struct Question {
    int id;
    int category; /* index in Questions.categories */
    int n_turns;
    char *turns[TURNS_MAX];
    bool has_number; /* GSM8K: the number that the last answer should end with is known */
    double number;
} Question;

typedef struct Questions {
    Question *list;
    int n;
    char *categories[CATEGORIES_MAX]; /* in the order of the file */
    int n_categories;
} Questions;

/* Reads a file strictly. On success questions_close; on failure there is nothing to close. */
int questions_open(Questions *questions, const char *path, Err *err);

/* Keeps only the categories of a list "writing,math" (NULL = all), and of each one `sample`
 * questions by a fixed stride (0 = all). */
int questions_choose(Questions *questions, const char *categories, int sample, Err *err);

void questions_close(Questions *questions);

#endif
