/* shipped.h - the demo that comes with s2d: its script and the chat that was recorded for it, as bytes
 * of the program, so that `s2d demo` needs no file and no model.
 */
#ifndef S2D_APP_DEMO_SHIPPED_H
#define S2D_APP_DEMO_SHIPPED_H

#include <stddef.h>

const char *shipped_script(size_t *bytes);
const char *shipped_trace(size_t *bytes);

#endif
