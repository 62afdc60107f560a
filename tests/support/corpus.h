/* corpus.h - files to start fuzzing from. */
#ifndef S2D_TESTS_SUPPORT_CORPUS_H
#define S2D_TESTS_SUPPORT_CORPUS_H

#include <stddef.h>

/* Writes folder/NUMBER.json. Returns 0, or 1 after saying why not. */
int corpus_put(const char *folder, int number, const char *text, size_t bytes);
/* Number 0 is the text itself, the others are it with a byte amiss, every other one cut there. */
int corpus_spoil(const char *folder, const char *text, size_t bytes);

#endif
