/* confine.c - see confine.h. no_new_privs (prctl(2)) and a seccomp filter (seccomp(2)) over all
 * threads. */
#include "app/worker/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { ARCH = AUDIT_ARCH_X86_64 };
#define KNOWN_ARCH 1
#elif defined(__aarch64__)
enum { ARCH = AUDIT_ARCH_AARCH64 };
#define KNOWN_ARCH 1
#endif

void confine_process(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return;
#ifdef KNOWN_ARCH
/* Skips the rest of the list to the refusal behind it; `left` = entries after this one. */
#define REFUSE(call, left) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, (left) + 1, 0)
    static const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(socket, 2),
        REFUSE(execve, 1),
        REFUSE(execveat, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]),
                                .filter = (struct sock_filter *)program};
    syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
#endif
}
