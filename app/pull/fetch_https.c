/* fetch_https.c - see fetch.h. HTTPS through libcurl, resumed with a Range request. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/pull/fetch.h"
#include "app/pull/http.h"

typedef struct Transfer {
    const Fetch *fetch;
    int file;
    uint64_t done; /* bytes in the part file */
    bool moved;
    int write_errno;
} Transfer;

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

static CURLcode perform(Http *http, Transfer *transfer)
{
    curl_easy_setopt(http->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)transfer->done);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, transfer);
    return curl_easy_perform(http->curl);
}

static int restart(Transfer *transfer)
{
    transfer->done = 0;
    return ftruncate(transfer->file, 0) == 0 && lseek(transfer->file, 0, SEEK_SET) == 0 ? 0 : -1;
}

static int transfer_all(Transfer *transfer, const char *url, const HttpAccess *access,
                        const char *part, Err *err)
{
    off_t had = lseek(transfer->file, 0, SEEK_END);
    transfer->done = had > 0 ? (uint64_t)had : 0;
    if (transfer->done > transfer->fetch->bytes && restart(transfer) != 0)
        return err_set(err, EXIT_IO, "cannot write %.300s: %s", part, strerror(errno));
    if (transfer->done == transfer->fetch->bytes)
        return 0;

    Http http;
    int result = http_open(&http, url, access, err);
    if (result == 0) {
        CURLcode code = perform(&http, transfer);
        if (code == CURLE_RANGE_ERROR && restart(transfer) == 0)
            code = perform(&http, transfer); /* a server that cannot resume: all of it again */
        if (code == CURLE_ABORTED_BY_CALLBACK)
            result = http_failure(&http, code, url, err);
        else if (transfer->write_errno == EFBIG)
            result = err_set(err, EXIT_DATA, "%.300s sends more than the %llu bytes of this model",
                             url, (unsigned long long)transfer->fetch->bytes);
        else if (transfer->write_errno != 0)
            result = err_set(err, EXIT_IO, "cannot write %.300s: %s", part,
                             strerror(transfer->write_errno));
        else if (code != CURLE_OK)
            result = http_failure(&http, code, url, err);
        else if (transfer->done != transfer->fetch->bytes)
            result = err_set(err, EXIT_IO, "%.200s: ended after %llu of %llu bytes", url,
                             (unsigned long long)transfer->done,
                             (unsigned long long)transfer->fetch->bytes);
    }
    http_close(&http);
    return result;
}

int fetch_https(const Fetch *fetch, const char *url, const HttpAccess *access, char *part,
                bool *moved, Err *err)
{
    *moved = false;
    int n = snprintf(part, PATH_BYTES, "%s/%s.part", fetch->folder, fetch->file);
    if (n < 0 || n >= PATH_BYTES)
        return err_set(err, EXIT_IO, "%.200s...: the path is too long", fetch->folder);
    Transfer transfer = {.fetch = fetch, .file = fetch_open_part(part, 0, err)};
    if (transfer.file < 0)
        return -1;
    int result = transfer_all(&transfer, url, access, part, err);
    *moved = transfer.moved;
    close(transfer.file);
    /* Nothing to resume from, or nothing that can become the model. */
    if (result != 0 && (transfer.done == 0 || transfer.write_errno == EFBIG))
        unlink(part);
    return result;
}
