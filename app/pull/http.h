/* http.h - what all transfers over HTTP share: how libcurl is set up, and what a failure means.
 *
 * Redirects are followed, at most 8, by default to https alone. A token goes to the host that was
 * asked and is left out where a redirect leads to another one, another port or another protocol
 * (libcurl's rule for headers of one's own since 7.58 and 7.83). It is in no message.
 */
#ifndef S2D_APP_PULL_HTTP_H
#define S2D_APP_PULL_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernels/common/err.h"

/* How a server is asked; all zero: over https, without a token. */
typedef struct HttpAccess {
    const char *token; /* a bearer token, printable ASCII; NULL = none */
    bool plain;        /* http:// will do as well */
    int stall_seconds; /* how long less than 1 KiB a second may come; 0 = 20 */
} HttpAccess;

typedef struct Http {
    CURL *curl;
    struct curl_slist *headers;
    bool has_token;
    char reason[CURL_ERROR_SIZE];
} Http;

/* access: NULL = all zero. A pending signal that asks to end stops the transfer, see
 * fetch_interrupted. http_close also after -1. */
int http_open(Http *http, const char *url, const HttpAccess *access, Err *err);
void http_close(Http *http);

/* Says in err why the transfer ended with `code`, which is not CURLE_OK; always -1. what: for the
 * message, where the answer would have come from. EXIT_NOINPUT when the server has it not or does
 * not give it, EXIT_INTERRUPTED, EXIT_MEMORY, else EXIT_IO. */
int http_failure(const Http *http, CURLcode code, const char *what, Err *err);

/* The body of an answer, terminated; free it. NULL: as http_failure, or EXIT_DATA when it is larger
 * than `most` bytes. It must come within two minutes. */
char *http_text(const char *url, const HttpAccess *access, const char *what, size_t most,
                size_t *bytes, Err *err);

#endif
