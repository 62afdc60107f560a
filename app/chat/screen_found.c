/* screen_found.c - see screen_found.h. */
#include "app/chat/screen_found.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/profile/catalog.h"
#include "app/profile/found_cache.h"
#include "app/worker/confine.h"

_Static_assert(sizeof(FoundRow) <= 4096, "a row is written at once");

static void send_row(void *user, const FoundModel *model)
{
    const FoundHeader *header = &model->header;
    const int *fd = user;
    FoundRow row = {.weight_bytes = header->weight_bytes, .vocabulary = header->vocabulary};
    char size[16], weights[16];
    if (model->unread || header->problem[0])
        return;
    snprintf(row.view.name, sizeof row.view.name, "%s", model->name);
    snprintf(row.view.about, sizeof row.view.about, "%.12s %s %s %s", header->arch,
             found_weights_text(header->weights, weights, sizeof weights), header->quant,
             catalog_size_text(model->bytes, size, sizeof size));
    if (write_all(*fd, &row, sizeof row) != 0)
        _exit(EXIT_IO);
}

/* In the child, which never returns. */
static void read_and_send(int fd)
{
    char state[PATH_BYTES];
    FoundList list;
    int nowhere = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) /* the terminal is not its business */
        dup2(nowhere, i);
    fd = dup2(fd, 3);
    close_range(4, ~0U, 0);
    signal(SIGPIPE, SIG_DFL);
    bool has_state = paths_make(PLACE_STATE, NULL) == 0 &&
                     paths_get(PLACE_STATE, NULL, state, sizeof state, NULL) == 0;
    confine_files(has_state ? state : NULL);
    confine_calls(false);
    if (found_list(&list, NULL) != 0)
        _exit(EXIT_MEMORY);
    found_read_all(&list, UINT64_MAX, send_row, &fd);
    _exit(0);
}

void found_start(FoundReader *reader)
{
    int ends[2];
    if (reader->fd >= 0 || pipe2(ends, O_CLOEXEC) != 0)
        return;
    pid_t child = fork();
    if (child == 0)
        read_and_send(ends[1]);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    reader->fd = ends[0];
    reader->child = child;
    reader->part = 0;
    reader->n = 0;
}

static void end(FoundReader *reader)
{
    close(reader->fd);
    reader->fd = -1;
    while (waitpid(reader->child, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* What is no text would not come from a child of ours; it is cut all the same. */
static void add_row(FoundReader *reader)
{
    FoundRow *row = &reader->next;
    if (reader->n == reader->size) {
        int size = reader->size ? 2 * reader->size : 16;
        FoundRow *grown = realloc(reader->rows, (size_t)size * sizeof *grown);
        if (!grown)
            return;
        reader->rows = grown;
        reader->size = size;
    }
    row->view.name[sizeof row->view.name - 1] = row->view.about[sizeof row->view.about - 1] = '\0';
    reader->rows[reader->n++] = *row;
}

bool found_take(FoundReader *reader)
{
    while (reader->fd >= 0) {
        ssize_t n = read(reader->fd, (char *)&reader->next + reader->part,
                         sizeof reader->next - reader->part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0) {
            end(reader);
            return true;
        }
        reader->part += (size_t)n;
        if (reader->part == sizeof reader->next && reader->n < FOUND_MAX)
            add_row(reader);
        reader->part %= sizeof reader->next;
    }
    return false;
}

void found_show(const FoundReader *reader, View *view, const char *draft, uint64_t memory)
{
    uint64_t vocabulary = 0;
    ViewFound *rows = reader->n > 0 ? calloc((size_t)reader->n, sizeof *rows) : NULL;
    for (int i = 0; i < reader->n; i++)
        if (strcmp(reader->rows[i].view.name, draft) == 0)
            vocabulary = reader->rows[i].vocabulary;
    for (int i = 0; rows && i < reader->n; i++) {
        const FoundRow *row = &reader->rows[i];
        rows[i] = row->view;
        rows[i].too_large = memory > 0 && row->weight_bytes > memory;
        rows[i].other_words = vocabulary != 0 && row->vocabulary != vocabulary;
    }
    view_set_found(view, rows, rows ? reader->n : 0);
    free(rows);
}

void found_stop(FoundReader *reader)
{
    if (reader->fd >= 0) {
        kill(reader->child, SIGKILL);
        end(reader);
    }
    free(reader->rows);
    *reader = (FoundReader){.fd = -1};
}
