/* bad_files.h - model files that lie: a small valid one, each with one thing wrong.
 *
 * Used in-process by test_gguf and test_model, and written into a folder by make_gguf for the
 * fuzzer.
 */
#ifndef S2D_TESTS_SUPPORT_BAD_FILES_H
#define S2D_TESTS_SUPPORT_BAD_FILES_H

#include <stddef.h>
#include <stdint.h>

typedef enum BadStage {
    BAD_HEADER,  /* gguf_open sees it */
    BAD_CONFIG,  /* model_config */
    BAD_VOCAB,   /* tokenizer_open */
    BAD_WEIGHTS, /* model_open, while it reads weights */
} BadStage;

typedef struct BadFile {
    const char *name; /* "12-dimension-wraps": the number groups kinds of lies */
    BadStage stage;
    const char *says; /* part of the message that must come; NULL = any */
    unsigned char *data;
    size_t size;
} BadFile;

int bad_file_count(void);
void bad_file_make(BadFile *file, int index); /* free file->data */

/* The valid file that they come from. spm: with the other kind of vocabulary. */
void good_file_make(BadFile *file, int spm);
size_t good_file_header(const BadFile *file); /* bytes before the padding */

#endif
