/* sliders.c - see sliders.h. */
#include "ui/sliders.h"

#include <math.h>
#include <string.h>

void sliders_remember(View *view, const float *thresholds)
{
    size_t bytes = sizeof view->before[0];
    if (view->n_before == VIEW_UNDO)
        memmove(view->before[0], view->before[1], bytes * (size_t)--view->n_before);
    memcpy(view->before[view->n_before++], thresholds, bytes);
}

static void send(View *view, UiAction *action)
{
    view->adjusted = true;
    view->changes++;
    *action = (UiAction){.type = UI_THRESHOLDS, .n_thresholds = view->ready.n_exits};
    memcpy(action->thresholds, view->wanted, sizeof view->wanted);
}

void sliders_select(View *view, int by)
{
    int n = view->ready.n_exits;
    view->slider = (view->slider + by + n) % n;
    view->n_typed = 0;
    view->changes++;
}

void sliders_end_typing(View *view)
{
    view->changes += view->n_typed > 0;
    view->n_typed = 0;
}

void sliders_step(View *view, int steps, int grid, UiAction *action)
{
    float *value = &view->wanted[view->slider];
    sliders_remember(view, view->wanted);
    *value =
        fminf(fmaxf(roundf(*value * (float)grid) + (float)steps, 0), (float)grid) / (float)grid;
    send(view, action);
}

void sliders_type(View *view, char digit, UiAction *action)
{
    if (view->n_typed == VIEW_TYPED)
        view->n_typed = 0;
    if (view->n_typed == 0)
        sliders_remember(view, view->wanted);
    view->typed[view->n_typed++] = digit;
    float value = 0, unit = 1;
    for (int i = 0; i < view->n_typed; i++)
        value += (float)(view->typed[i] - '0') * (unit /= 10);
    if (view->n_typed == VIEW_TYPED && memcmp(view->typed, "100", VIEW_TYPED) == 0)
        value = 1;
    view->wanted[view->slider] = value;
    send(view, action);
}

void sliders_set(View *view, const float *thresholds, UiAction *action)
{
    sliders_remember(view, view->wanted);
    memcpy(view->wanted, thresholds, sizeof view->wanted);
    send(view, action);
}

bool sliders_undo(View *view, UiAction *action)
{
    if (view->n_before == 0)
        return false;
    memcpy(view->wanted, view->before[--view->n_before], sizeof view->wanted);
    send(view, action);
    return true;
}
