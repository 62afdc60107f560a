/* project.h - the speedup that measured passes and a given MAT would give for models that are not
 * at hand.
 *
 * A pass over n rows is taken as fixed[n] + layers * layer[n]: from passes of the same shape with
 * few layers. A round drafts `depth` steps, the first over one row, the others over `width`, then
 * checks `nodes` + 1 rows: speedup = MAT * T(1) / (draft + T(nodes + 1)). The reading of prompts is
 * not in it.
 */
#ifndef S2D_APP_BENCH_PROJECT_H
#define S2D_APP_BENCH_PROJECT_H

#include "engine/cost/curve.h"
#include "engine/session/session.h"

enum { PROJECT_POINTS = CURVE_POINTS }; /* n = 1, 2, 4, … */

typedef struct ProjectShape {
    Curve fixed; /* ms: embedding and head */
    Curve layer; /* ms of each layer */
} ProjectShape;

/* From passes of `few` and of `many` layers (few < many). */
ProjectShape project_shape(const Curve *few_ms, int few, const Curve *many_ms, int many);
double project_pass(const ProjectShape *shape, int layers, int rows);

typedef struct Projection {
    double draft_ms, verify_ms, speedup;
} Projection;

/* layers: of the draft that every step runs; heads: how many exits each step asks. */
Projection project_round(const ProjectShape *draft, int layers, int heads,
                         const ProjectShape *target, int target_layers, const TreeShape *tree,
                         double mat);

#endif
