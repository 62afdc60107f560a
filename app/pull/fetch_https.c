/* fetch_https.c - see fetch.h. HTTPS through libcurl, resumed with a Range request. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/pull/fetch.h"

enum {
    CONNECT_SECONDS = 5, /* a blocked network should not keep the next source waiting */
    STALL_SECONDS = 20,  /* with less than STALL_BYTES a second */
    STALL_BYTES = 1024,
};

typedef struct Transfer {
    const Fetch *fetch;
    int file;
    uint64_t done; /* bytes in the part file */
    bool moved;
    int write_errno;
} Transfer;

bool fetch_interrupted(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

int fetch_open_part(const char *part, int more_flags, Err *err)
{
    struct stat status;
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK; /* no FIFO makes us wait */
    int file = open(part, flags | more_flags, 0644);
    bool is_file = file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    if (is_file && status.st_nlink == 1)
        return file;
    if (file < 0 && errno != ELOOP)
        return err_set(err, EXIT_IO, "cannot write %.300s: %s", part, strerror(errno));
    if (file >= 0)
        close(file);
    return err_set(err, EXIT_IO, "%.300s is a link or no file: remove it first", part);
}

/* Returning less than `count` ends the transfer. */
static size_t take_bytes(char *data, size_t size, size_t count, void *user)
{
    Transfer *transfer = user;
    (void)size; /* 1, says libcurl */
    if (count > transfer->fetch->bytes - transfer->done) {
        transfer->write_errno = EFBIG;
        return 0;
    }
    for (size_t written = 0; written < count;) {
        ssize_t n = write(transfer->file, data + written, count - written);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            transfer->write_errno = errno;
            return 0;
        }
        written += (size_t)n;
        transfer->done += (uint64_t)n;
    }
    transfer->moved = transfer->moved || count > 0;
    transfer->fetch->progress(transfer->fetch->user, transfer->done);
    return count;
}

static int stop_when_interrupted(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                                 curl_off_t up_now)
{
    (void)user, (void)total, (void)now, (void)up_total, (void)up_now;
    return fetch_interrupted();
}

static CURLcode perform(CURL *curl, const char *url, Transfer *transfer, char *reason)
{
    /* The ones that are copied: without memory for them, curl would say something else. */
    if (curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OUT_OF_MEMORY ||
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OUT_OF_MEMORY ||
        curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OUT_OF_MEMORY)
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 8L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)transfer->done);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    return curl_easy_perform(curl);
}

static int restart(Transfer *transfer)
{
    transfer->done = 0;
    return ftruncate(transfer->file, 0) == 0 && lseek(transfer->file, 0, SEEK_SET) == 0 ? 0 : -1;
}

static int transfer_all(Transfer *transfer, const char *url, const char *part, Err *err)
{
    off_t had = lseek(transfer->file, 0, SEEK_END);
    transfer->done = had > 0 ? (uint64_t)had : 0;
    if (transfer->done > transfer->fetch->bytes && restart(transfer) != 0)
        return err_set(err, EXIT_IO, "cannot write %.300s: %s", part, strerror(errno));
    if (transfer->done == transfer->fetch->bytes)
        return 0;

    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY)
        return err_set(err, EXIT_IO, "libcurl cannot start: %s", curl_easy_strerror(code));
    CURL *curl = code == CURLE_OK ? curl_easy_init() : NULL;
    if (!curl)
        return err_set(err, EXIT_MEMORY, "out of memory for libcurl");
    char reason[CURL_ERROR_SIZE] = "";
    code = perform(curl, url, transfer, reason);
    if (code == CURLE_RANGE_ERROR && restart(transfer) == 0)
        code =
            perform(curl, url, transfer, reason); /* a server that cannot resume: all of it again */
    curl_easy_cleanup(curl);

    if (code == CURLE_ABORTED_BY_CALLBACK)
        return err_set(err, EXIT_INTERRUPTED, "interrupted");
    if (transfer->write_errno == EFBIG)
        return err_set(err, EXIT_DATA, "%s sends more than the %llu bytes of this model", url,
                       (unsigned long long)transfer->fetch->bytes);
    if (transfer->write_errno != 0)
        return err_set(err, EXIT_IO, "cannot write %.300s: %s", part,
                       strerror(transfer->write_errno));
    if (code == CURLE_OUT_OF_MEMORY)
        return err_set(err, EXIT_MEMORY, "%.200s: out of memory", url);
    if (code != CURLE_OK)
        return err_set(err, EXIT_IO, "%.200s: %s", url,
                       reason[0] ? reason : curl_easy_strerror(code));
    if (transfer->done != transfer->fetch->bytes)
        return err_set(err, EXIT_IO, "%.200s: ended after %llu of %llu bytes", url,
                       (unsigned long long)transfer->done,
                       (unsigned long long)transfer->fetch->bytes);
    return 0;
}

int fetch_https(const Fetch *fetch, const char *url, char *part, bool *moved, Err *err)
{
    *moved = false;
    int n = snprintf(part, PATH_BYTES, "%s/%s.part", fetch->folder, fetch->file);
    if (n < 0 || n >= PATH_BYTES)
        return err_set(err, EXIT_IO, "%.200s...: the path is too long", fetch->folder);
    Transfer transfer = {.fetch = fetch, .file = fetch_open_part(part, 0, err)};
    if (transfer.file < 0)
        return -1;
    int result = transfer_all(&transfer, url, part, err);
    *moved = transfer.moved;
    close(transfer.file);
    /* Nothing to resume from, or nothing that can become the model. */
    if (result != 0 && (transfer.done == 0 || transfer.write_errno == EFBIG))
        unlink(part);
    return result;
}
