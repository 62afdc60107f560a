/* file_hash.h - the SHA-256 of a file that does not change, computed once.
 *
 * A model in several files (gguf.h, gguf_part_of) has one hash by any of them: that of the parts' own
 * hashes, in order, a line of hex digits each (`sha256sum NAME-*-of-*.gguf | cut -c1-64 | sha256sum`).
 *
 * What was computed is remembered in $XDG_STATE_HOME/s2d/hashes: a line for each file with its
 * hash, size, inode, time of change and path. A file that changed since has another line's values
 * and is hashed again; a list that cannot be read or written is done without.
 */
#ifndef S2D_APP_BASE_FILE_HASH_H
#define S2D_APP_BASE_FILE_HASH_H

#include "app/base/sha256.h"

int file_hash(const char *path, char text[SHA256_TEXT], Err *err);
/* Of that file alone, whatever it is a part of. */
int file_hash_one(const char *path, char text[SHA256_TEXT], Err *err);

#endif
