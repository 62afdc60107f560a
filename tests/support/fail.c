/* fail.c - makes one call of a program fail: a library for LD_PRELOAD, and no part of the tests' own
 * programs.
 *
 *   FAIL_CALL  alloc, open, read, write, fsync, rename, fork or poll: a kind of calls
 *   FAIL_AT    the number of the call of that kind, from 1, that fails; it alone does
 *   FAIL_WHO   "front", the process that is started, and none that it starts; or the first argument
 *              of those that it starts whose calls fail: "worker", "-I" (Python)
 *   FAIL_KILL  set: that call kills its process instead
 *   FAIL_MARK  a file that gets a byte when that call was reached
 *
 * What stdio writes to stdout is seen too, for stdout becomes a stream of this library's. It is built
 * without sanitisers: its allocator is called before they are ready.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *kind; /* NULL = nothing fails here */
static long at, count;
static bool kills;
static _Thread_local bool looking __attribute__((tls_model("initial-exec")));
static int mark = -1;

static bool fails(const char *call, int reason)
{
    if (!kind || looking || strcmp(kind, call) != 0 || __sync_add_and_fetch(&count, 1) != at)
        return false;
    syscall(SYS_write, mark, "x", 1);
    if (kills)
        kill(getpid(), SIGKILL);
    errno = reason;
    return true;
}

/* Calls the function behind ours. It is looked up when it is first needed: what that allocates must
 * not be counted, nor come back here. */
static void *behind(const char *name)
{
    looking = true;
    void *function = dlsym(RTLD_NEXT, name);
    looking = false;
    return function;
}

#define REAL(result, name, ...)         \
    static result (*real)(__VA_ARGS__); \
    if (!real)                          \
    real = (result(*)(__VA_ARGS__))behind(#name)

static ssize_t write_out(void *user, const char *data, size_t bytes)
{
    (void)user;
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = write(STDOUT_FILENO, data + done, bytes - done);
        if (n < 0 && errno != EINTR)
            return 0; /* a cookie's way to fail */
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)bytes;
}

__attribute__((constructor)) static void start(int argc, char **argv)
{
    const char *call = getenv("FAIL_CALL"), *number = getenv("FAIL_AT");
    const char *who = getenv("FAIL_WHO"), *file = getenv("FAIL_MARK");
    if (!call || !number || !who || !file)
        return;
    if (strcmp(who, "front") == 0)
        unsetenv("LD_PRELOAD"); /* for those that it starts */
    else if (argc < 2 || strcmp(argv[1], who) != 0)
        return;
    FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_out});
    if (out)
        stdout = out;
    mark = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    at = strtol(number, NULL, 10);
    kills = getenv("FAIL_KILL") != NULL;
    kind = call;
}

/* The allocator: that of AddressSanitizer, where the program has it, else libc's. Neither is looked
 * up, for looking up allocates. */
#define ALLOCATOR(result, name, types, call, words)                                     \
    result __libc_##name types;                                                         \
    __attribute__((weak)) result __interceptor_##name types;                            \
    result call types                                                                   \
    {                                                                                   \
        if (fails("alloc", ENOMEM))                                                     \
            return NULL;                                                                \
        return __interceptor_##name ? __interceptor_##name words : __libc_##name words; \
    }
ALLOCATOR(void *, malloc, (size_t bytes), malloc, (bytes))
ALLOCATOR(void *, calloc, (size_t n, size_t bytes), calloc, (n, bytes))
ALLOCATOR(void *, realloc, (void *old, size_t bytes), realloc, (old, bytes))
ALLOCATOR(void *, memalign, (size_t alignment, size_t bytes), aligned_alloc, (alignment, bytes))

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *got = aligned_alloc(alignment, bytes);
    if (got)
        *out = got;
    return got ? 0 : ENOMEM;
}

void *mmap(void *where, size_t bytes, int protection, int flags, int fd, off_t from)
{
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    return fails("alloc", ENOMEM) ? MAP_FAILED : real(where, bytes, protection, flags, fd, from);
}

/* --- files. With their 64 and _chk forms, which headers may put in the place of the plain ones --- */

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...)                       \
    {                                                                \
        va_list list;                                                \
        va_start(list, flags);                                       \
        int mode = va_arg(list, int);                                \
        va_end(list);                                                \
        REAL(int, name, const char *, int, ...);                     \
        return fails("open", EMFILE) ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPEN_2(name)                                           \
    int name(const char *path, int flags);                     \
    int name(const char *path, int flags)                      \
    {                                                          \
        REAL(int, name, const char *, int);                    \
        return fails("open", EMFILE) ? -1 : real(path, flags); \
    }
OPEN_2(__open_2)
OPEN_2(__open64_2)

#define FOPEN(name)                                             \
    FILE *name(const char *path, const char *mode)              \
    {                                                           \
        REAL(FILE *, name, const char *, const char *);         \
        return fails("open", EMFILE) ? NULL : real(path, mode); \
    }
FOPEN(fopen)
FOPEN(fopen64)

#define MKOSTEMP(name)                                         \
    int name(char *path, int flags)                            \
    {                                                          \
        REAL(int, name, char *, int);                          \
        return fails("open", EMFILE) ? -1 : real(path, flags); \
    }
MKOSTEMP(mkostemp)
MKOSTEMP(mkostemp64)

char *mkdtemp(char *path)
{
    REAL(char *, mkdtemp, char *);
    return fails("open", EMFILE) ? NULL : real(path);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(int, mkdir, const char *, mode_t);
    return fails("open", ENOSPC) ? -1 : real(path, mode);
}

DIR *opendir(const char *path)
{
    REAL(DIR *, opendir, const char *);
    return fails("open", EMFILE) ? NULL : real(path);
}

int flock(int fd, int operation)
{
    REAL(int, flock, int, int);
    return fails("open", ENOLCK) ? -1 : real(fd, operation);
}

ssize_t read(int fd, void *data, size_t bytes)
{
    REAL(ssize_t, read, int, void *, size_t);
    return fails("read", EIO) ? -1 : real(fd, data, bytes);
}

ssize_t __read_chk(int fd, void *data, size_t bytes, size_t size);
ssize_t __read_chk(int fd, void *data, size_t bytes, size_t size)
{
    REAL(ssize_t, __read_chk, int, void *, size_t, size_t);
    return fails("read", EIO) ? -1 : real(fd, data, bytes, size);
}

#define PREAD(name)                                                   \
    ssize_t name(int fd, void *data, size_t bytes, off_t from)        \
    {                                                                 \
        REAL(ssize_t, name, int, void *, size_t, off_t);              \
        return fails("read", EIO) ? -1 : real(fd, data, bytes, from); \
    }
PREAD(pread)
PREAD(pread64)

#define PREAD_CHK(name)                                                      \
    ssize_t name(int fd, void *data, size_t bytes, off_t from, size_t size); \
    ssize_t name(int fd, void *data, size_t bytes, off_t from, size_t size)  \
    {                                                                        \
        REAL(ssize_t, name, int, void *, size_t, off_t, size_t);             \
        return fails("read", EIO) ? -1 : real(fd, data, bytes, from, size);  \
    }
PREAD_CHK(__pread_chk)
PREAD_CHK(__pread64_chk)

ssize_t recv(int fd, void *data, size_t bytes, int flags)
{
    REAL(ssize_t, recv, int, void *, size_t, int);
    return fails("read", EIO) ? -1 : real(fd, data, bytes, flags);
}

ssize_t __recv_chk(int fd, void *data, size_t bytes, size_t size, int flags);
ssize_t __recv_chk(int fd, void *data, size_t bytes, size_t size, int flags)
{
    REAL(ssize_t, __recv_chk, int, void *, size_t, size_t, int);
    return fails("read", EIO) ? -1 : real(fd, data, bytes, size, flags);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    REAL(ssize_t, write, int, const void *, size_t);
    return fails("write", ENOSPC) ? -1 : real(fd, data, bytes);
}

ssize_t send(int fd, const void *data, size_t bytes, int flags)
{
    REAL(ssize_t, send, int, const void *, size_t, int);
    return fails("write", ENOBUFS) ? -1 : real(fd, data, bytes, flags);
}

#define FTRUNCATE(name)                                    \
    int name(int fd, off_t bytes)                          \
    {                                                      \
        REAL(int, name, int, off_t);                       \
        return fails("write", EIO) ? -1 : real(fd, bytes); \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

int fsync(int fd)
{
    REAL(int, fsync, int);
    return fails("fsync", EIO) ? -1 : real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(int, rename, const char *, const char *);
    return fails("rename", EIO) ? -1 : real(from, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    return fails("rename", EIO) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    REAL(int, linkat, int, const char *, int, const char *, int);
    return fails("rename", EIO) ? -1 : real(from_folder, from, to_folder, to, flags);
}

/* --- what starting a worker, and its threads, needs --- */

pid_t fork(void)
{
    REAL(pid_t, fork, void);
    return fails("fork", EAGAIN) ? -1 : real();
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
    REAL(int, socketpair, int, int, int, int *);
    return fails("fork", EMFILE) ? -1 : real(domain, type, protocol, pair);
}

int memfd_create(const char *name, unsigned flags)
{
    REAL(int, memfd_create, const char *, unsigned);
    return fails("fork", EMFILE) ? -1 : real(name, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *),
                   void *user)
{
    REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    return fails("fork", EAGAIN) ? EAGAIN : real(thread, attributes, begin, user);
}

int poll(struct pollfd *polled, nfds_t n, int timeout)
{
    REAL(int, poll, struct pollfd *, nfds_t, int);
    return fails("poll", ENOMEM) ? -1 : real(polled, n, timeout);
}

int __poll_chk(struct pollfd *polled, nfds_t n, int timeout, size_t size);
int __poll_chk(struct pollfd *polled, nfds_t n, int timeout, size_t size)
{
    REAL(int, __poll_chk, struct pollfd *, nfds_t, int, size_t);
    return fails("poll", ENOMEM) ? -1 : real(polled, n, timeout, size);
}
