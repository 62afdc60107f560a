/* project.c - see project.h. */
#include "app/bench/project.h"

ProjectShape project_shape(const Curve *few_ms, int few, const Curve *many_ms, int many)
{
    ProjectShape shape = {0};
    for (int i = 0; i < PROJECT_POINTS; i++) {
        shape.layer.ms[i] = (many_ms->ms[i] - few_ms->ms[i]) / (float)(many - few);
        shape.fixed.ms[i] = few_ms->ms[i] - (float)few * shape.layer.ms[i];
    }
    return shape;
}

double project_pass(const ProjectShape *shape, int layers, int rows)
{
    return curve_at(&shape->fixed, rows) + layers * curve_at(&shape->layer, rows);
}

Projection project_round(const ProjectShape *draft, int layers, int heads,
                         const ProjectShape *target, int target_layers, const TreeShape *tree,
                         double mat)
{
    Projection out = {0};
    for (int step = 0; step < tree->depth; step++) {
        int rows = step == 0 ? 1 : tree->width;
        out.draft_ms +=
            project_pass(draft, layers, rows) + (heads - 1) * curve_at(&draft->fixed, rows);
    }
    out.verify_ms = project_pass(target, target_layers, tree->nodes + 1);
    out.speedup = mat * project_pass(target, target_layers, 1) / (out.draft_ms + out.verify_ms);
    return out;
}
