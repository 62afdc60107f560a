/* pretoken_words.h - inside engine/text: where the word ends that begins at `at` of a text that ends at
 * `end`, at > end being no case. Each scanner says in one pass what a published regular expression
 * says; the expression stands above it.
 */
#ifndef S2D_ENGINE_TEXT_PRETOKEN_WORDS_H
#define S2D_ENGINE_TEXT_PRETOKEN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
size_t gpt2_word(const char *text, size_t at, size_t end);

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
 *  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
size_t llama3_word(const char *text, size_t at, size_t end, int digits);

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|
 *  ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
size_t qwen35_word(const char *text, size_t at, size_t end);

/* CASED = [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+, or the same
 * with + in place of * and * in place of +:
 * CASED(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * contractions: whether a word takes them in; else they are no words at all. */
size_t tekken_word(const char *text, size_t at, size_t end, bool contractions, int digits);

/* The end of the stretch of characters that all are, or all are not, [\p{P}\$\+<=>\^~\|]. */
size_t marks_end(const char *text, size_t at, size_t end);

/* \p{N} : the end of one digit, or of the stretch before the next one. */
size_t digit_end(const char *text, size_t at, size_t end);

/* \p{N}+ and then [0-9][0-9][0-9], on one word of gpt2_word, of which the beginning is at `at`. */
size_t digits_end(const char *text, size_t at, size_t end);

#endif
