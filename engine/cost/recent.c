/* recent.c - see recent.h. */
#include "engine/cost/recent.h"

int recent_kept(const Recent *recent)
{
    return recent->n < RECENT ? recent->n : RECENT;
}

double recent_add(Recent *recent, double ms, double most)
{
    int n = recent_kept(recent);
    double longest = 0;
    for (int i = 0; i < n; i++)
        longest = recent->ms[i] > longest ? recent->ms[i] : longest;
    if (n > 0)
        most = 2 * longest;
    if (most > 0 && ms > most)
        ms = most;
    recent->ms[recent->n % RECENT] = (float)ms;
    recent->n++;
    return ms;
}

double recent_median(const Recent *recent)
{
    return recent_quantile(recent, 0.5);
}

double recent_quantile(const Recent *recent, double share)
{
    int n = recent_kept(recent), wanted = (int)(share * (n - 1));
    for (int i = 0; i < n; i++) {
        int less = 0;
        for (int j = 0; j < n; j++)
            less += j < i ? recent->ms[j] <= recent->ms[i] : recent->ms[j] < recent->ms[i];
        if (less == wanted)
            return recent->ms[i];
    }
    return 0;
}
