/* info_head.h - what `s2d info` says of a head of a target. */
#ifndef S2D_APP_INFO_HEAD_H
#define S2D_APP_INFO_HEAD_H

#include "engine/model/head.h"

/* Is the file a head, as far as can be told? Trouble with it is whoever opens it to say. */
bool info_is_head(const char *path);
/* A block of lines. */
int info_head(const char *path, Err *err);
/* One line, of a profile's target: which kind, tokens, bytes; or why it cannot draft for it. */
void info_head_line(const char *name, const ModelConfig *target, const char *target_name);

#endif
