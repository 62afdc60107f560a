/* fake_worker.h - a worker without models, for tests of the fronts: real requests in, canned events
 * out, over the real socket pair.
 *
 * What it answers depends on the last question: "... die" kills it in mid-answer, "... break" ends
 * it as a failed device does, "... wait" goes on until it is stopped, "... context" and "...
 * refuse" end so, "... toolong" does not fit into the context, "... nearlyfull" leaves little of it;
 * anything else, an answer that is to go on as well, is echoed with the number of messages, as "[3]
 * hello". A draft named "missing" cannot be loaded; for a target named "wide" something has to be unloaded first,
 * and "widest" can only take the current one's place. The template of one named "thinker" can turn
 * thinking off, and tells a date.
 */
#ifndef S2D_TESTS_SUPPORT_FAKE_WORKER_H
#define S2D_TESTS_SUPPORT_FAKE_WORKER_H

/* To be called first in a test's main: does not return when this is the worker's process. */
void fake_worker_maybe(int argc, char **argv);

#endif
