/* pair.h - for a target, the drafts among the models that are here.
 *
 * A draft fits where its vocabulary is the target's, and pays at the soonest where its weights are at most
 * half of the target's. Of several the smallest is taken; where a profile has trained exits for it, with
 * those.
 */
#ifndef S2D_APP_PROFILE_PAIR_H
#define S2D_APP_PROFILE_PAIR_H

#include "app/profile/found.h"
#include "app/profile/profile.h"

/* Has the model the target's vocabulary, and is it small enough to draft for it? Both headers are read. */
bool pair_fits(const FoundModel *draft, const FoundModel *target);

/* The next draft of that many bytes or more that fits, smallest first, after `last` (NULL = from the
 * beginning); NULL = there are no more. */
const FoundModel *pair_next(const FoundList *list, const FoundModel *target,
                            const FoundModel *last);

/* The draft of a profile, those that came with s2d among them, whose base is that file and that has
 * trained exits: into `profile`, with profile_close. false = there is none. */
bool pair_trained(const FoundModel *draft, Profile *profile);

#endif
