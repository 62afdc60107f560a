/* train_data.h - texts to learn from: files -> token ids, and which of them are to be predicted.
 *
 *   FILE.jsonl   a conversation a line: {"messages": [{"role", "content"}, …]} or ShareGPT's
 *                {"conversations": [{"from", "value"}, …]}; what the assistant says is predicted,
 *                with the token that ends it unless "finish" is "length". Or {"text": …}.
 *   other files  plain text, cut into pieces; all of it is predicted
 *
 * Conversations are encoded with the project's own templates, as the chat encodes them.
 */
#ifndef S2D_APP_TRAIN_TRAIN_DATA_H
#define S2D_APP_TRAIN_TRAIN_DATA_H

#include <stdint.h>

#include "app/bench/bench_questions.h"
#include "engine/train/trainer.h"

/* How texts are encoded. */
typedef struct TrainCoder {
    const Tokenizer *tokenizer;
    bool has_template;      /* plain text needs none */
    TemplateForm template;  /* the owner closes it */
    const char *system;     /* where a conversation has none; NULL or "" = the template's own */
    int length;             /* tokens of a text at most; what is longer is cut */
    const Questions *avoid; /* a text that holds one of them is an error; NULL = none */
} TrainCoder;

typedef struct TrainData {
    TrainerText *texts;
    int n, capacity;
    int64_t tokens, labels;
    int skipped; /* conversations in which nothing is to be learned, or of an unknown form */
    int cut;
} TrainData;

/* Adds what a file holds. EXIT_NOINPUT, EXIT_IO, EXIT_DATA with file and line. */
int train_data_read(TrainData *data, const TrainCoder *coder, const char *path, Err *err);
/* The same for one line of JSON. */
int train_data_line(TrainData *data, const TrainCoder *coder, const char *line, size_t bytes,
                    Err *err);
void train_data_close(TrainData *data);

/* Takes every `every`-th text away from `data` into `held`. */
int train_data_hold(TrainData *data, int every, TrainData *held, Err *err);

#endif
