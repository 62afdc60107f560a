/* confine_calls.c - see confine.h: system calls, by a seccomp filter (seccomp(2)) over all threads.
 *
 * The list is what libc, threads, readers of files and the driver of a CUDA device that is in use
 * already ask of a kernel. clone3 has its flags in memory, where a filter cannot look: it is said not
 * to exist, and libc takes clone, whose flags must be a thread's.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/worker/confine.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* Sanitizers run a tracer of their own. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITISED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITISED 1
#endif
#endif

#if defined(ARCH) && !defined(SANITISED)

/* As they come most often. */
static const int calls[] = {
    __NR_futex,
    __NR_read,
    __NR_write,
    __NR_pread64,
    __NR_sched_yield,
    __NR_ppoll,
    __NR_madvise,
    __NR_mmap,
    __NR_munmap,
    __NR_mprotect,
    __NR_mremap,
    __NR_brk,
    __NR_clock_gettime,
    __NR_clock_nanosleep,
    __NR_nanosleep,
    __NR_clock_getres,
    __NR_gettimeofday,
    __NR_readv,
    __NR_writev,
    __NR_openat,
    __NR_close,
    __NR_fstat,
    __NR_newfstatat,
    __NR_statx,
    __NR_lseek,
    __NR_fcntl,
    __NR_flock,
    __NR_getdents64,
    __NR_readlinkat,
    __NR_faccessat,
    __NR_faccessat2,
    __NR_getcwd,
    __NR_statfs,
    __NR_fstatfs,
    __NR_renameat,
    __NR_renameat2,
    __NR_linkat, /* how a file without a name gets one */
    __NR_unlinkat,
    __NR_mkdirat,
    __NR_fsync,
    __NR_fdatasync,
    __NR_ftruncate,
    __NR_fchmod,
    __NR_fchmodat,
    __NR_umask,
    __NR_fadvise64,
    __NR_readahead,
    __NR_dup,
    __NR_dup3,
    __NR_pipe2,
    __NR_eventfd2,
    __NR_mincore,
    __NR_mlock,
    __NR_munlock,
    __NR_membarrier,
    __NR_mbind,
    __NR_get_mempolicy,
    __NR_set_mempolicy,
    __NR_getrandom,
    __NR_exit,
    __NR_exit_group,
    __NR_restart_syscall,
    __NR_set_robust_list,
    __NR_rseq,
    __NR_set_tid_address,
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_sigaltstack,
    __NR_sched_getaffinity,
    __NR_sched_setaffinity,
    __NR_sched_getparam,
    __NR_sched_getscheduler,
    __NR_getpid,
    __NR_gettid,
    __NR_getppid,
    __NR_getuid,
    __NR_geteuid,
    __NR_getgid,
    __NR_getegid,
    __NR_getrusage,
    __NR_times,
    __NR_prlimit64,
    __NR_sysinfo,
    __NR_uname,
    __NR_getpriority,
    __NR_getcpu,
    __NR_prctl,
#if defined(__x86_64__)
    __NR_poll,
    __NR_open,
    __NR_stat,
    __NR_lstat,
    __NR_access,
    __NR_readlink,
    __NR_rename,
    __NR_unlink,
    __NR_mkdir,
    __NR_chmod,
    __NR_dup2,
    __NR_time,
    __NR_getrlimit,
    __NR_arch_prctl,
#endif
};
enum { CALLS = sizeof calls / sizeof *calls, CODE_MAX = 2 * CALLS + 40 };

typedef struct Program {
    struct sock_filter code[CODE_MAX];
    unsigned short n;
} Program;

static void add(Program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    p->code[p->n++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void answer(Program *p, uint32_t action)
{
    add(p, BPF_RET | BPF_K, action, 0, 0);
}

static void load(Program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* If the number of the call is this one, the next `skipped` instructions are for it. */
static void when(Program *p, int call, uint8_t skipped)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, skipped);
}

/* The low half of an argument; both architectures are little-endian. */
static size_t argument(int i)
{
    return offsetof(struct seccomp_data, args) + 8 * (size_t)i;
}

static void build(Program *p, bool device)
{
    uint32_t refused = device ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS;
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    add(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* x32 */
    answer(p, SECCOMP_RET_KILL_PROCESS);
#endif
    for (int i = 0; i < CALLS; i++) {
        when(p, calls[i], 1);
        answer(p, SECCOMP_RET_ALLOW);
    }
    when(p, __NR_clone3, 1);
    answer(p, SECCOMP_RET_ERRNO | ENOSYS);
    when(p, __NR_clone, 4);
    load(p, argument(0));
    add(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, refused);
    when(p, __NR_tgkill, 4); /* raise, abort */
    load(p, argument(0));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, refused);
    when(p, __NR_ioctl, 5);
    if (device) {
        answer(p, SECCOMP_RET_ALLOW);
        for (int i = 0; i < 4; i++)
            answer(p, refused);
    } else { /* isatty */
        load(p, argument(1));
        add(p, BPF_JMP | BPF_JEQ | BPF_K, TCGETS, 1, 0);
        add(p, BPF_JMP | BPF_JEQ | BPF_K, TIOCGWINSZ, 0, 1);
        answer(p, SECCOMP_RET_ALLOW);
        answer(p, SECCOMP_RET_ERRNO | ENOTTY);
    }
    answer(p, refused);
}

void confine_calls(bool device)
{
    Program program = {.n = 0};
    build(&program, device);
    struct sock_fprog filter = {.len = program.n, .filter = program.code};
    syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
}

#else

void confine_calls(bool device)
{
    (void)device;
}

#endif
