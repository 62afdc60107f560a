/* err.h - the one way a failure travels up.
 *
 * Trouble with input, files, profiles, memory or devices is an Err: what, where and what to do
 * about it in one line, plus the exit code that the process should end with. A bug in s2d itself is
 * an assert. The first message sticks: a caller that fails because its callee failed does not hide
 * the reason.
 */
#ifndef S2D_KERNELS_COMMON_ERR_H
#define S2D_KERNELS_COMMON_ERR_H

/* Exit codes, after sysexits.h where it has one. */
enum {
    EXIT_USAGE = 64,        /* wrong command line */
    EXIT_DATA = 65,         /* a profile, model or session file is wrong */
    EXIT_NOINPUT = 66,      /* a file or model is not there */
    EXIT_NODEVICE = 69,     /* the device asked for cannot be used */
    EXIT_INTERNAL = 70,     /* the worker died or broke the protocol */
    EXIT_IO = 74,           /* reading or writing failed */
    EXIT_MEMORY = 75,       /* not enough memory; something smaller may fit */
    EXIT_INTERRUPTED = 130, /* Ctrl-C */
};

typedef struct Err {
    int code;       /* 0 = no error so far, else one of the codes above */
    char text[512]; /* one line, no newline, safe to print */
} Err;

/* Records a failure unless one is recorded already. What could do something to a terminal (see
 * unsafe.h), and bytes that are no UTF-8, come in through the arguments (names inside files, say)
 * and are replaced by '?'. Always returns -1, so that a function
 * can `return err_set(err, EXIT_DATA, "%s: no tensors; is this a GGUF model?", path);`. err may be
 * NULL. */
int err_set(Err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
