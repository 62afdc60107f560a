/* confine.c - see confine.h: files, by Landlock. System calls are in confine_calls.c. */
#include "app/worker/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of younger kernels than the headers may know. */
#define ACCESS_REFER (UINT64_C(1) << 13)    /* version 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14) /* version 3 */

/* Changing what regular files and folders there are. */
static const uint64_t CHANGES = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                LANDLOCK_ACCESS_FS_MAKE_DIR | ACCESS_TRUNCATE;

/* 0 = there is none. */
static int landlock_version(void)
{
    long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static void allow_below(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr beneath = {.allowed_access = access,
                                                 .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (beneath.parent_fd < 0)
        return;
    syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(beneath.parent_fd);
}

void confine_files(const char *writable)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return;
    int version = landlock_version();
    if (version == 0)
        return;
    uint64_t known = ~(version < 2 ? ACCESS_REFER : 0) & ~(version < 3 ? ACCESS_TRUNCATE : 0);
    uint64_t handled = CHANGES | ACCESS_REFER | LANDLOCK_ACCESS_FS_EXECUTE |
                       LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                       LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                       LANDLOCK_ACCESS_FS_MAKE_SYM;
    struct landlock_ruleset_attr attributes = {.handled_access_fs = handled & known};
    int rules = (int)syscall(__NR_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0)
        return;
    if (writable)
        allow_below(rules, writable, CHANGES & known);
    allow_below(rules, "/dev", LANDLOCK_ACCESS_FS_WRITE_FILE);
    syscall(__NR_landlock_restrict_self, rules, 0);
    close(rules);
}

void confine_state(char *text, size_t size)
{
    /* Without a filter this asks, and changes nothing. */
    unsigned action = SECCOMP_RET_KILL_PROCESS;
    bool calls = syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    int version = landlock_version();
    snprintf(text, size, "%s, ", calls ? "seccomp" : "no seccomp");
    size_t used = calls ? sizeof "seccomp, " - 1 : sizeof "no seccomp, " - 1;
    if (used < size && version > 0)
        snprintf(text + used, size - used, "Landlock %d", version);
    else if (used < size)
        snprintf(text + used, size - used, "no Landlock");
}
