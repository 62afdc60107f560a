/* recent.h - the last few times of one thing, and how much of a new one is to be believed.
 *
 * A clock also runs while the process is stopped, and while the system gives its cores to others.
 * Such a time says nothing of what a thing costs. It cannot be told from one that is true by itself,
 * but by those before it: what is true comes again.
 */
#ifndef S2D_ENGINE_COST_RECENT_H
#define S2D_ENGINE_COST_RECENT_H

enum { RECENT = 9 };

typedef struct Recent {
    float ms[RECENT]; /* as they were believed */
    int n;            /* of all times; the last RECENT are here */
} Recent;

/* Takes a time, and returns what is believed of it: at most twice the longest of the recent ones,
 * or, where there is none, at most `most`; most 0 = anything. So one stop for whatever time counts
 * as one slow round, and a machine that did become slower is believed after log2 of how much. */
double recent_add(Recent *recent, double ms, double most);
/* The time in the middle, of an even number the shorter one; 0 = none. */
double recent_median(const Recent *recent);
/* The same for another share of them, 0 = the shortest … 1 = the longest. */
double recent_quantile(const Recent *recent, double share);
int recent_kept(const Recent *recent); /* how many there are, at most RECENT */

#endif
