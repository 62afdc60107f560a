/* tree_static.h - the trees that heads were published with. */
#ifndef S2D_ENGINE_DRAFT_TREE_STATIC_H
#define S2D_ENGINE_DRAFT_TREE_STATIC_H

#include "engine/draft/tree_build.h"

extern const char *const tree_paths_eagle[], *const tree_paths_medusa[]; /* NULL-terminated */

/* The tree of build->paths. */
void tree_build_static(TreeBuild *build, const Proposal *in, Tree *tree);

#endif
