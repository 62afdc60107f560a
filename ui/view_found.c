/* view_found.c - what the screen knows of models that were found on this machine. */
#include <stdlib.h>
#include <string.h>

#include "ui/view.h"

void view_set_found(View *view, const ViewFound *found, int n)
{
    ViewFound *copy = n > 0 ? malloc((size_t)n * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, found, (size_t)n * sizeof *copy);
    free(view->models);
    view->models = copy;
    view->n_models = copy ? n : 0;
    view->changes++;
}

const ViewFound *view_found(const View *view, const char *name)
{
    for (int i = 0; i < view->n_models; i++)
        if (strcmp(view->models[i].name, name) == 0)
            return &view->models[i];
    return NULL;
}

bool view_is_target(const View *view, const char *name)
{
    for (int i = 0; i < view->ready.n_targets; i++)
        if (strcmp(view->ready.targets[i], name) == 0)
            return true;
    return false;
}
