/* http.c - see http.h. */
#include "app/pull/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/pull/stops.h"

enum {
    CONNECT_SECONDS = 5, /* a blocked network should not keep the next source waiting */
    STALL_SECONDS = 20,  /* with less than STALL_BYTES a second */
    STALL_BYTES = 1024,
    TEXT_SECONDS = 120,
    HEADER_BYTES = 2048,
    REDIRECTS_MAX = 8,
};

static int stop_when_interrupted(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                                 curl_off_t up_now)
{
    (void)user, (void)total, (void)now, (void)up_total, (void)up_now;
    return fetch_interrupted();
}

/* The options that are copied: without memory for them, curl would say something else later. */
static CURLcode set_texts(Http *http, const char *url, const HttpAccess *access)
{
    const char *protocols = access->plain ? "http,https" : "https";
    CURLcode code = curl_easy_setopt(http->curl, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, protocols);
    if (code == CURLE_OK)
        code = curl_easy_setopt(http->curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    if (code == CURLE_OK)
        code = curl_easy_setopt(http->curl, CURLOPT_USERAGENT, "s2d");
    if (code != CURLE_OK || !access->token)
        return code;
    char header[HEADER_BYTES];
    int n = snprintf(header, sizeof header, "Authorization: Bearer %s", access->token);
    if (n < 0 || (size_t)n >= sizeof header)
        return CURLE_BAD_FUNCTION_ARGUMENT;
    http->headers = curl_slist_append(NULL, header);
    if (!http->headers)
        return CURLE_OUT_OF_MEMORY;
    http->has_token = true;
    return curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->headers);
}

int http_open(Http *http, const char *url, const HttpAccess *access, Err *err)
{
    static const HttpAccess usual = {0};
    access = access ? access : &usual;
    *http = (Http){0};
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY)
        return err_set(err, EXIT_IO, "libcurl cannot start: %s", curl_easy_strerror(code));
    http->curl = code == CURLE_OK ? curl_easy_init() : NULL;
    if (!http->curl)
        return err_set(err, EXIT_MEMORY, "out of memory for libcurl");
    code = set_texts(http, url, access);
    if (code != CURLE_OK)
        return err_set(err, code == CURLE_OUT_OF_MEMORY ? EXIT_MEMORY : EXIT_IO, "%.200s: %s", url,
                       curl_easy_strerror(code));
    CURL *curl = http->curl;
    long stall = access->stall_seconds > 0 ? access->stall_seconds : STALL_SECONDS;
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->reason);
    return 0;
}

void http_close(Http *http)
{
    if (http->curl)
        curl_easy_cleanup(http->curl);
    curl_slist_free_all(http->headers);
    *http = (Http){0};
}

/* What a status of 400 and above means to a person. */
static int refused(const Http *http, const char *what, Err *err)
{
    long status = 0;
    curl_off_t wait = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &wait);
    switch (status) {
    case 401:
        if (http->has_token)
            return err_set(err, EXIT_NOINPUT,
                           "%.250s: not there, or the token does not open it (401)", what);
        return err_set(err, EXIT_NOINPUT,
                       "%.250s: not there, or not public (401); HF_TOKEN opens what is yours",
                       what);
    case 403:
        return err_set(err, EXIT_NOINPUT,
                       "%.250s: not for everybody (403): accept its terms on its page, and let "
                       "HF_TOKEN be of the account that did",
                       what);
    case 404:
    case 410:
        return err_set(err, EXIT_NOINPUT, "%.250s: not there (%ld)", what, status);
    case 429:
        if (wait > 0)
            return err_set(err, EXIT_IO, "%.250s: too many requests (429); try again in %lld s",
                           what, (long long)wait);
        return err_set(err, EXIT_IO, "%.250s: too many requests (429); try again later", what);
    default:
        return err_set(err, EXIT_IO, "%.250s: the server answers %ld; try again later", what,
                       status);
    }
}

int http_failure(const Http *http, CURLcode code, const char *what, Err *err)
{
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        return refused(http, what, err);
    case CURLE_ABORTED_BY_CALLBACK:
        return err_set(err, EXIT_INTERRUPTED, "interrupted");
    case CURLE_OUT_OF_MEMORY:
        return err_set(err, EXIT_MEMORY, "%.200s: out of memory", what);
    case CURLE_TOO_MANY_REDIRECTS:
        return err_set(err, EXIT_IO, "%.250s: the server redirects for ever", what);
    default:
        return err_set(err, EXIT_IO, "%.200s: %s", what,
                       http->reason[0] ? http->reason : curl_easy_strerror(code));
    }
}

typedef struct Text {
    char *data;
    size_t bytes, capacity, most;
    bool too_long, no_memory;
} Text;

static size_t add_text(char *data, size_t size, size_t count, void *user)
{
    Text *text = user;
    (void)size; /* 1, says libcurl */
    if (count > text->most - text->bytes) {
        text->too_long = true;
        return 0;
    }
    if (text->bytes + count >= text->capacity) {
        size_t capacity = 2 * (text->bytes + count) + 1;
        char *grown = realloc(text->data, capacity);
        if (!grown) {
            text->no_memory = true;
            return 0;
        }
        text->data = grown;
        text->capacity = capacity;
    }
    memcpy(text->data + text->bytes, data, count);
    text->bytes += count;
    text->data[text->bytes] = '\0';
    return count;
}

char *http_text(const char *url, const HttpAccess *access, const char *what, size_t most,
                size_t *bytes, Err *err)
{
    Http http;
    Text text = {.most = most};
    int result = http_open(&http, url, access, err);
    if (result == 0) {
        curl_easy_setopt(http.curl, CURLOPT_TIMEOUT, (long)TEXT_SECONDS);
        curl_easy_setopt(http.curl, CURLOPT_WRITEFUNCTION, add_text);
        curl_easy_setopt(http.curl, CURLOPT_WRITEDATA, &text);
        add_text("", 1, 0, &text); /* an empty answer is a text, too */
        CURLcode code = text.no_memory ? CURLE_OUT_OF_MEMORY : curl_easy_perform(http.curl);
        if (text.too_long)
            result = err_set(err, EXIT_DATA, "%.250s: the answer is larger than %zu MB", what,
                             most >> 20);
        else if (text.no_memory)
            result = err_set(err, EXIT_MEMORY, "%.200s: out of memory", what);
        else if (code != CURLE_OK)
            result = http_failure(&http, code, what, err);
    }
    http_close(&http);
    if (result != 0) {
        free(text.data);
        return NULL;
    }
    *bytes = text.bytes;
    return text.data;
}
