/* session_list.c - which sessions there are. See session_store.h.
 *
 * Of a session that grew to its last line only the end is read, for its state says what a list shows.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/chat/session_store.h"

enum { END_BYTES = 1 << 16 }; /* a state is shorter, unless its system message is long */
static const long long SECOND_NS = 1000000000;

static bool summary_of_end(const char *path, SessionSummary *summary, long long *changed_ns)
{
    struct stat status;
    char *text = malloc(END_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = false;
    if (text && fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        off_t from = status.st_size > END_BYTES ? status.st_size - END_BYTES : 0;
        ssize_t n = pread(fd, text, END_BYTES, from);
        good = n > 0 && session_summary_from_end(text, (size_t)n, summary);
        *changed_ns = status.st_mtim.tv_sec * SECOND_NS + status.st_mtim.tv_nsec;
    }
    if (fd >= 0)
        close(fd);
    free(text);
    return good;
}

static bool summary_of(const char *path, StoredSession *session)
{
    SavedChat saved;
    SessionSummary *summary = &session->summary;
    if (!summary_of_end(path, summary, &session->changed_ns)) {
        if (session_load(path, &saved, NULL) != 0)
            return false;
        session_summarize(&saved, summary);
        saved_close(&saved);
    }
    if (summary->time <= 0)
        summary->time = session->changed_ns / SECOND_NS;
    return summary->first[0] != '\0';
}

static int by_time(const void *a, const void *b)
{
    const StoredSession *x = a, *y = b;
    if (x->summary.time != y->summary.time)
        return x->summary.time < y->summary.time ? 1 : -1;
    return x->changed_ns < y->changed_ns ? 1 : x->changed_ns > y->changed_ns ? -1 : 0;
}

int stored_list(StoredSession **list, Err *err)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    int n = 0, room = 0;
    *list = NULL;
    DIR *dir =
        paths_get(PLACE_DATA, NULL, folder, sizeof(folder), NULL) == 0 ? opendir(folder) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        StoredSession session = {0};
        size_t length = strlen(entry->d_name), ending = strlen(".json");
        if (length <= ending || length - ending >= sizeof(session.name) ||
            strcmp(entry->d_name + length - ending, ".json") != 0)
            continue;
        memcpy(session.name, entry->d_name, length - ending);
        if (session_path(session.name, path, sizeof(path), NULL) != 0 ||
            !summary_of(path, &session))
            continue;
        if (n == room) {
            room = room ? 2 * room : 16;
            StoredSession *larger = realloc(*list, (size_t)room * sizeof(session));
            if (!larger) {
                free(*list);
                *list = NULL;
                closedir(dir);
                return err_set(err, EXIT_MEMORY, "out of memory");
            }
            *list = larger;
        }
        (*list)[n++] = session;
    }
    if (dir)
        closedir(dir);
    if (n > 0)
        qsort(*list, (size_t)n, sizeof(**list), by_time);
    return n;
}
