/* event_json.h - events as JSON, one object a line, both ways.
 *
 * This is what the worker writes, `--json` prints, traces store and benchmarks read. Keys: `v`,
 * `event`, `t_ms`, `turn`, then the fields of the event under the names of engine/decode/event.h; groups
 * are nested: ms {draft, verify, accept, other}, bonus {token, text}, exit_times [{exit, passes,
 * ms}], words [{token, text}], verify_ms {"1": …, "32": …}, by_exit {drafted,
 * accepted}, and `text` carries pieces [{text, source}].
 *
 * Lossless but for two things: times are kept to the microsecond, and bytes that are no UTF-8
 * become U+FFFD. The reader believes nothing: counts, ranges, types and the shape of the tree are
 * checked, text too long for its field is cut between characters, unknown keys are ignored, missing
 * ones are errors.
 */
#ifndef S2D_APP_PROTOCOL_EVENT_JSON_H
#define S2D_APP_PROTOCOL_EVENT_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "engine/decode/event.h"
#include "kernels/common/err.h"

enum { EVENT_LINE_MAX = 4 << 20 }; /* bytes of the longest line that a reader accepts */

/* "ready", "prefill", …: the value of the key `event`. */
const char *event_name(EventType type);

/* A new reference; NULL = out of memory. */
json_t *event_to_json(const Event *event);
/* One line without its newline, in ASCII and UTF-8; free it. NULL = out of memory. */
char *event_to_line(const Event *event);

/* Reads one line (a newline at its end is fine). On success the event owns its text: event_free it.
 * On failure nothing is to be freed and err says which field is wrong. */
int event_from_line(Event *event, const char *line, size_t bytes, Err *err);
void event_free(Event *event);

/* A JSON string of terminated text, with U+FFFD in place of what is no UTF-8. NULL = out of
 * memory. */
json_t *json_text(const char *text);

#endif
