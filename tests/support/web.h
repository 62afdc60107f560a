/* web.h - a web server on this machine that answers out of a folder, as its files say.
 *
 * A request for /a/b?c is answered by the first of these files that is there:
 *   a_b           the whole response, as it is: status line, headers, body
 *   a_b.body      200 with this body, or 206 with the part that a Range asks for
 *   a_b.endless   200 with a body of blanks, 1 GB
 *   a_b.slow      200 with one byte of the body, and nothing more
 * else by 404. It must be started before any threads are.
 */
#ifndef S2D_TESTS_SUPPORT_WEB_H
#define S2D_TESTS_SUPPORT_WEB_H

#include <sys/types.h>

typedef struct Web {
    pid_t pid;
    int port;
    char folder[128], log[160]; /* log: a file with all requests, headers and all */
} Web;

/* name: of the log, in the folder, so that two servers may share it. */
void web_start(Web *web, const char *folder, const char *name);
void web_stop(Web *web);

/* What was asked so far; free it. web_forget empties it. */
char *web_requests(const Web *web);
void web_forget(const Web *web);

#endif
