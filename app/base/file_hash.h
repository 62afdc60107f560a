/* file_hash.h - the SHA-256 of a file that does not change, computed once.
 *
 * What was computed is remembered in $XDG_STATE_HOME/s2d/hashes: a line for each file with its
 * hash, size, inode, time of change and path. A file that changed since has another line's values
 * and is hashed again; a list that cannot be read or written is done without.
 */
#ifndef S2D_APP_BASE_FILE_HASH_H
#define S2D_APP_BASE_FILE_HASH_H

#include "app/base/sha256.h"

int file_hash(const char *path, char text[SHA256_TEXT], Err *err);

#endif
