/* allowed.h - what may stand on a golden screen: every figure that a test has recomputed is taken off it,
 * and no digit may be left. */
#ifndef S2D_TESTS_SUPPORT_ALLOWED_H
#define S2D_TESTS_SUPPORT_ALLOWED_H

typedef struct Allowed {
    char **texts;
    int n, room;
} Allowed;

void allow(Allowed *allowed, const char *format, ...) __attribute__((format(printf, 2, 3)));
void allowed_close(Allowed *allowed);

/* ".95", "1.0" */
const char *fraction(double p, char out[8]);

/* Blanks in a row become one. */
void single_blanks(char *text);
/* Takes what is allowed off the text, whose blanks are single ones. The longest first; never a part of a
 * number. */
void take_off(const Allowed *allowed, char *text);
/* The same, and fails where a digit is left. name: of the golden. */
void check_figures(const Allowed *allowed, const char *name, char *text);

/* A golden's text: GOLDEN_BYTES, free it. */
enum { GOLDEN_BYTES = 1 << 16 };
char *read_golden(const char *path);

#endif
