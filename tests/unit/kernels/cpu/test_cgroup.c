/* test_cgroup.c - what control groups leave a process, read from made-up folders of both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kernels/cpu/cgroup.h"
#include "kernels/kernels.h"
#include "tests/support/temp.h"

static char root[TEMP_BYTES];

static int make_root(void **state)
{
    (void)state;
    temp_folder_make(root);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    temp_folder_remove(root);
    return 0;
}

/* A file below the root, with the folders that lead there. */
static void put(const char *name, const char *text)
{
    char path[512];
    int at = snprintf(path, sizeof path, "%s/", root);
    snprintf(path + at, sizeof path - (size_t)at, "%s", name);
    for (char *slash = path + at; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    file_write_text(path, text);
}

static void put_version_2(const char *group, const char *inside)
{
    char text[512];
    snprintf(text, sizeof text, "0::%s\n", group);
    put("proc/self/cgroup", text);
    snprintf(text, sizeof text,
             "24 1 0:22 / /sys rw,nosuid - sysfs sysfs rw\n"
             "30 24 0:26 %s /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
             inside);
    put("proc/self/mountinfo", text);
}

static void nothing_is_no_limit(void **state)
{
    (void)state;
    assert_int_equal(cgroup_processors(root), INT_MAX);
    assert_true(cgroup_memory(root) == SIZE_MAX);
    put_version_2("/", "/"); /* the root group has none of these files */
    assert_int_equal(cgroup_processors(root), INT_MAX);
    assert_true(cgroup_memory(root) == SIZE_MAX);
    put("proc/self/cgroup", "x\n0:\n\n");
    put("proc/self/mountinfo", "- -\n30 24 0:26 / - cgroup2\n");
    assert_int_equal(cgroup_processors(root), INT_MAX);
}

static void version_2_counts_every_level(void **state)
{
    (void)state;
    put_version_2("/user.slice/app.scope", "/");
    put("sys/fs/cgroup/user.slice/app.scope/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/user.slice/app.scope/memory.max", "max\n");
    put("sys/fs/cgroup/user.slice/app.scope/memory.current", "1000\n");
    assert_int_equal(cgroup_processors(root), INT_MAX);
    assert_true(cgroup_memory(root) == SIZE_MAX);

    put("sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n");
    put("sys/fs/cgroup/user.slice/memory.max", "5000\n");
    put("sys/fs/cgroup/user.slice/memory.current", "3000\n");
    put("sys/fs/cgroup/user.slice/memory.stat", "anon 2000\ninactive_file 600\nfile 1\n");
    assert_int_equal(cgroup_processors(root), 3);
    assert_int_equal(cgroup_memory(root), 2600);

    put("sys/fs/cgroup/user.slice/app.scope/cpu.max", "50000 100000\n");
    put("sys/fs/cgroup/user.slice/app.scope/memory.max", "1500\n");
    assert_int_equal(cgroup_processors(root), 1);
    assert_int_equal(cgroup_memory(root), 500);
    put("sys/fs/cgroup/user.slice/app.scope/memory.current", "1700\n"); /* the limit was lowered */
    assert_int_equal(cgroup_memory(root), 0);

    put("sys/fs/cgroup/user.slice/other/cpu.max", "1000 100000\n"); /* not ours */
    put("sys/fs/cgroup/user.slice/app.scope/cpu.max", "400000 100000\n");
    assert_int_equal(cgroup_processors(root), 3);
}

/* A container may see the whole path, and have mounted only its own group. */
static void what_is_mounted_may_be_the_group(void **state)
{
    (void)state;
    put_version_2("/docker/abc/inner", "/docker/abc");
    put("sys/fs/cgroup/cpu.max", "200000 100000\n");
    put("sys/fs/cgroup/inner/cpu.max", "100000 100000\n");
    assert_int_equal(cgroup_processors(root), 1);
    put_version_2("/", "/");
    assert_int_equal(cgroup_processors(root), 2);
    put_version_2("/../other", "/"); /* outside of what its namespace shows */
    assert_int_equal(cgroup_processors(root), 2);
}

static void version_1_counts_every_level(void **state)
{
    (void)state;
    put("proc/self/cgroup", "12:cpuset:/\n5:cpu,cpuacct:/jobs/one\n4:memory:/jobs\n"
                            "1:name=systemd:/elsewhere\n0::/\n");
    put("proc/self/mountinfo",
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw master:3 - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "35 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000\n");
    assert_int_equal(cgroup_processors(root), INT_MAX);
    assert_true(cgroup_memory(root) > (size_t)1 << 60);

    put("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "100000\n");
    put("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "200000000\n");
    put("sys/fs/cgroup/memory/jobs/memory.usage_in_bytes", "150000000\n");
    put("sys/fs/cgroup/memory/jobs/memory.stat", "inactive_file 1\ntotal_inactive_file 20000000\n");
    assert_int_equal(cgroup_processors(root), 1);
    assert_int_equal(cgroup_memory(root), 70000000);

    put("sys/fs/cgroup/unified/cpu.max", "50000 100000\n"); /* the least of both versions */
    put("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "400000\n");
    assert_int_equal(cgroup_processors(root), 1);
}

static void more_threads_than_processors_are_capped(void **state)
{
    (void)state;
    char line[160] = "";
    KernelsOptions options = {.threads = 1};
    assert_false(kernels_cap_threads(&options, line, sizeof line));
    assert_int_equal(options.threads, 1);
    options.threads = 0; /* as many as there are cores */
    assert_false(kernels_cap_threads(&options, line, sizeof line));
    assert_int_equal(options.threads, 0);
    options.threads = 1 << 20;
    assert_true(kernels_cap_threads(&options, line, sizeof line));
    assert_in_range(options.threads, 1, 4096);
    assert_non_null(strstr(line, "1048576 threads"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_no_limit, make_root, remove_root),
        cmocka_unit_test_setup_teardown(version_2_counts_every_level, make_root, remove_root),
        cmocka_unit_test_setup_teardown(what_is_mounted_may_be_the_group, make_root, remove_root),
        cmocka_unit_test_setup_teardown(version_1_counts_every_level, make_root, remove_root),
        cmocka_unit_test(more_threads_than_processors_are_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
