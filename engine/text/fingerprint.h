/* fingerprint.h - whether two files have the same vocabulary, without opening a tokenizer of either. */
#ifndef S2D_ENGINE_TEXT_FINGERPRINT_H
#define S2D_ENGINE_TEXT_FINGERPRINT_H

#include "engine/gguf/gguf.h"

typedef uint64_t Fingerprint; /* 0 = the file has no tokens */

/* Over the ids and strings of the tokens that a text may become or a chat be made of: what only fills a
 * vocabulary up, and reserved control tokens, may differ. So where two are equal, tokenizer_compatible
 * holds both ways but for rare files; which it is asked before anything is computed. */
Fingerprint fingerprint_of(const Gguf *gguf);

#endif
