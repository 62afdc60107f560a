/* draft_merge.h - `s2d draft merge`: one exit of an adapter as a plain model.
 *
 * base + adapter -> the base's first layers, the exit's own layer behind them, its norm as the
 * final one, the base's embedding, head and vocabulary. Any program that runs the base runs it.
 */
#ifndef S2D_APP_DRAFT_MERGE_H
#define S2D_APP_DRAFT_MERGE_H

#include "engine/model/adapter.h"

/* EXIT_USAGE or EXIT_DATA with the reason when that exit is no such model. */
int draft_merge_check(const Adapter *adapter, int exit, Err *err);
/* base, adapter and exit have passed adapter_check and draft_merge_check. */
int draft_merge(const Gguf *base, const Adapter *adapter, int exit, FILE *stream, Err *err);

#endif
