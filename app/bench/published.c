/* published.c - see published.h. */
#include "app/bench/published.h"

#include <stddef.h>
#include <strings.h>

/* clang-format off */
static const PublishedRow rows[] = {
    /* T = 0: 7B, 13B, 70B; T = 1: 7B, 13B */
    {"SFT+EarlyExit L6", PUBLISHED_SFT, 6, false,
     {{{0.98f, 1.51f}, {1.00f, 1.51f}, {1.32f, 1.46f}}, {{0.96f, 1.52f}, {1.03f, 1.51f}}}},
    {"SFT+EarlyExit L6", PUBLISHED_SFT, 6, true,
     {{{1.19f, 2.51f}, {1.18f, 2.52f}}, {{1.20f, 2.41f}, {1.15f, 2.41f}}}},
    {"SFT+EarlyExit L9", PUBLISHED_SFT, 9, false,
     {{{1.08f, 1.99f}, {1.05f, 1.98f}, {1.54f, 1.80f}}, {{0.99f, 2.04f}, {1.12f, 2.04f}}}},
    {"SFT+EarlyExit L9", PUBLISHED_SFT, 9, true,
     {{{1.36f, 3.44f}, {1.43f, 3.43f}}, {{1.11f, 3.17f}, {1.23f, 3.17f}}}},
    {"SFT+SD", PUBLISHED_SFT, 12, false,
     {{{1.19f, 3.19f}, {1.21f, 3.05f}, {1.94f, 2.46f}}, {{1.16f, 3.44f}, {1.10f, 3.16f}}}},
    {"SFT+SD", PUBLISHED_SFT, 12, true,
     {{{1.68f, 4.68f}, {1.64f, 4.59f}}, {{1.33f, 4.16f}, {1.54f, 4.15f}}}},
    {"SoFT L6", PUBLISHED_SOFT, 6, false,
     {{{1.38f, 2.43f}, {1.38f, 2.40f}, {1.83f, 2.05f}}, {{1.30f, 2.53f}, {1.35f, 2.87f}}}},
    {"SoFT L6", PUBLISHED_SOFT, 6, true,
     {{{1.99f, 4.08f}, {1.95f, 4.08f}}, {{1.86f, 3.73f}, {1.74f, 3.70f}}}},
    {"SoFT L9", PUBLISHED_SOFT, 9, false,
     {{{1.16f, 3.00f}, {1.31f, 2.78f}, {1.92f, 2.27f}}, {{1.26f, 3.05f}, {1.32f, 2.87f}}}},
    {"SoFT L9", PUBLISHED_SOFT, 9, true,
     {{{1.84f, 4.45f}, {1.79f, 4.42f}}, {{1.52f, 3.89f}, {1.68f, 4.01f}}}},
    {"SoFT L12", PUBLISHED_SOFT, 12, false,
     {{{1.17f, 3.11f}, {1.23f, 3.01f}, {1.91f, 2.39f}}, {{1.07f, 3.22f}, {1.20f, 3.17f}}}},
    {"SoFT L12", PUBLISHED_SOFT, 12, true,
     {{{1.63f, 4.61f}, {1.62f, 4.59f}}, {{1.44f, 4.12f}, {1.58f, 4.23f}}}},
    {"SoFT+S2D", PUBLISHED_S2D, 12, false,
     {{{1.34f, 2.86f}, {1.38f, 2.76f}, {1.95f, 2.36f}}, {{1.27f, 3.01f}, {1.38f, 2.89f}}}},
    {"SoFT+S2D", PUBLISHED_S2D, 12, true,
     {{{2.00f, 4.11f}, {1.93f, 4.11f}}, {{1.84f, 3.77f}, {1.77f, 3.79f}}}},
};
static const PublishedRow heads[] = {
    {"Eagle", PUBLISHED_HEAD, 0, false, {{{2.04f, 3.11f}}, {{1.72f, 2.73f}}}},
    {"Eagle", PUBLISHED_HEAD, 0, true, {{{2.62f, 3.84f}}, {{2.05f, 3.42f}}}},
    {"Medusa", PUBLISHED_HEAD, 0, false, {{{1.34f, 1.76f}}, {{1.48f, 1.92f}}}},
    {"Medusa", PUBLISHED_HEAD, 0, true, {{{1.74f, 2.51f}}, {{1.93f, 2.80f}}}},
    {"Hydra", PUBLISHED_HEAD, 0, false, {{{1.78f, 2.65f}}, {{2.03f, 3.11f}}}},
    {"Hydra", PUBLISHED_HEAD, 0, true, {{{2.14f, 2.70f}}, {{2.36f, 4.01f}}}},
};
/* clang-format on */
enum { N_ROWS = sizeof rows / sizeof *rows };

static const char *const targets[] = {"7B", "13B", "70B"};

const PublishedRow *published_rows(int *n)
{
    *n = N_ROWS;
    return rows;
}

const PublishedRow *published_find(PublishedMethod method, int exit, bool tree)
{
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].method == method && rows[i].exit == exit && rows[i].tree == tree)
            return &rows[i];
    return NULL;
}

const PublishedRow *published_head(const char *drafter, bool tree)
{
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strcasecmp(heads[i].name, drafter) == 0 && heads[i].tree == tree)
            return &heads[i];
    return NULL;
}

const char *published_target_name(PublishedTarget target)
{
    return targets[target];
}

int published_target(const char *text, PublishedTarget *out)
{
    for (int i = 0; i < PUBLISHED_TARGETS; i++)
        if (strcasecmp(targets[i], text) == 0) {
            *out = (PublishedTarget)i;
            return 0;
        }
    return -1;
}
