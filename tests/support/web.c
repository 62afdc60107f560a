/* web.c - see web.h. A process for each connection, which it answers once and closes. */
#include "tests/support/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "tests/support/temp.h"

enum { REQUEST_BYTES = 8192, FILE_MAX = 8 << 20, ENDLESS_MB = 1024 };

/* All of a file, terminated; free it. NULL = it is not there. */
static char *slurp(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    char *data = file ? malloc(FILE_MAX + 1) : NULL;
    if (data) {
        *bytes = fread(data, 1, FILE_MAX, file);
        data[*bytes] = '\0';
    }
    if (file)
        fclose(file);
    return data;
}

/* The request up to its empty line. */
static bool read_request(int client, char request[REQUEST_BYTES])
{
    size_t length = 0;
    request[0] = '\0';
    while (length + 1 < REQUEST_BYTES && !strstr(request, "\r\n\r\n")) {
        ssize_t n = read(client, request + length, REQUEST_BYTES - 1 - length);
        if (n <= 0)
            return false;
        length += (size_t)n;
        request[length] = '\0';
    }
    return true;
}

/* The file that answers: the request's path with "_" for "/", without its query. */
static void file_of(const char *folder, const char *request, const char *end, char path[512])
{
    const char *start = strchr(request, '/');
    size_t length = start ? strcspn(start + 1, " ?") : 0;
    int n = snprintf(path, 512, "%s/", folder);
    for (size_t i = 0; start && i < length && n < 480; i++)
        path[n++] = start[1 + i] == '/' ? '_' : start[1 + i];
    snprintf(path + n, 512 - (size_t)n, "%s", end);
}

static void send_head(int client, size_t bytes, long from)
{
    char range[96] = "";
    if (from >= 0)
        snprintf(range, sizeof range, "Content-Range: bytes %ld-%zu/%zu\r\n", from, bytes - 1,
                 bytes);
    dprintf(client, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n",
            from >= 0 ? "206 Partial Content" : "200 OK", bytes - (size_t)(from >= 0 ? from : 0),
            range);
}

static void answer(int client, const char *folder, const char *request)
{
    static const char *const ends[] = {"", ".body", ".endless", ".slow"};
    static char blanks[1 << 20];
    char path[512], *text = NULL;
    size_t bytes = 0, kind = 0;
    for (; kind < 4 && !text; kind++) {
        file_of(folder, request, ends[kind], path);
        text = slurp(path, &bytes);
    }
    const char *range = strstr(request, "\r\nRange: bytes=");
    long from = range ? strtol(range + 15, NULL, 10) : -1;
    switch (text ? kind : 0) {
    case 1:
        write_all(client, text, bytes);
        break;
    case 2:
        send_head(client, bytes, from);
        write_all(client, text + (from >= 0 ? from : 0), bytes - (size_t)(from >= 0 ? from : 0));
        break;
    case 3:
        memset(blanks, ' ', sizeof blanks);
        send_head(client, (size_t)ENDLESS_MB << 20, -1);
        for (int i = 0; i < ENDLESS_MB && write_all(client, blanks, sizeof blanks) == 0; i++)
            ;
        break;
    case 4:
        send_head(client, 1000000, -1);
        write_all(client, "{", 1);
        for (;;)
            pause();
    default:
        dprintf(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    free(text);
}

static void serve(const Web *web, int listener)
{
    static char request[REQUEST_BYTES];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGSEGV, SIG_DFL); /* this is no test: what fails here ends here */
    signal(SIGABRT, SIG_DFL);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0 && errno == EINTR)
            continue;
        if (client < 0)
            _exit(1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            int log = open(web->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            if (read_request(client, request) && log >= 0 &&
                write_all(log, request, strlen(request)) == 0)
                answer(client, web->folder, request);
            _exit(0);
        }
        close(client);
    }
}

void web_start(Web *web, const char *folder, const char *name)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(web->folder, sizeof web->folder, "%s", folder);
    snprintf(web->log, sizeof web->log, "%s/%s", folder, name);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    web->port = ntohs(address.sin_port);
    web_forget(web);
    web->pid = fork();
    if (web->pid == 0)
        serve(web, listener);
    close(listener);
}

void web_stop(Web *web)
{
    if (web->pid <= 0)
        return;
    kill(web->pid, SIGKILL);
    waitpid(web->pid, NULL, 0);
}

char *web_requests(const Web *web)
{
    size_t bytes;
    return slurp(web->log, &bytes);
}

void web_forget(const Web *web)
{
    file_write_text(web->log, "");
}
