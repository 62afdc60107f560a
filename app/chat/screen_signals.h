/* screen_signals.h - no signal ends a screen with the terminal still raw. */
#ifndef S2D_APP_CHAT_SCREEN_SIGNALS_H
#define S2D_APP_CHAT_SCREEN_SIGNALS_H

#include <stdbool.h>

/* For signals_open: those that the loop of a screen answers. */
extern const int screen_signals[];

/* Only says that a write failed, which whoever wrote has been told already. */
bool screen_signal_is_write(int number);

/* All others that would end the process give the terminal back first. */
void screen_signals_catch(void);

#endif
