/* patience.h - how long a test waits for something that must come. It only ends a test that hangs: no
 * test asks how fast anything is, and a busy machine may take minutes. */
#ifndef S2D_TESTS_SUPPORT_PATIENCE_H
#define S2D_TESTS_SUPPORT_PATIENCE_H

enum { PATIENCE_MS = 300000 };

#endif
