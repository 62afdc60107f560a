/* cgroup.c - see cgroup.h. /proc/self/mountinfo says where hierarchies are mounted, and
 * /proc/self/cgroup where in them this process is.
 */
#include "kernels/cpu/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096 };

/* The files of one version. Memory that is used counts what `cache` says, which gives way. */
typedef struct Version {
    const char *quota, *limit, *used, *cache;
} Version;

static const Version version_1 = {"cpu.cfs_quota_us", "memory.limit_in_bytes",
                                  "memory.usage_in_bytes", "total_inactive_file %llu"};
static const Version version_2 = {"cpu.max", "memory.max", "memory.current", "inactive_file %llu"};

/* The process's group in one hierarchy. */
typedef struct Group {
    const Version *version;
    char path[2 * LINE];
    size_t top; /* bytes of the path up to which the hierarchy is mounted */
} Group;

static FILE *file_in(const char *folder, const char *name)
{
    char path[2 * LINE + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "re");
}

/* Is the word one of a list with commas? */
static bool has_word(const char *list, const char *word)
{
    size_t bytes = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += bytes)
        if ((at == list || at[-1] == ',') && (at[bytes] == '\0' || at[bytes] == ','))
            return true;
    return false;
}

/* The group's path in the hierarchy of that controller, "" = version 2; false = there is none. */
static bool find_path(const char *root, const char *controller, char *path)
{
    char line[LINE];
    bool found = false;
    FILE *file = file_in(root, "proc/self/cgroup");
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':'), *at = list ? strchr(list + 1, ':') : NULL;
        if (!at)
            continue;
        *at++ = '\0';
        found = *controller ? has_word(list + 1, controller) : list[1] == '\0';
        if (found)
            snprintf(path, LINE, "%s", at);
    }
    if (file)
        fclose(file);
    return found;
}

/* Reads a line of mountinfo: ID PARENT DEVICE ROOT POINT OPTIONS … - TYPE SOURCE OPTIONS. */
static bool read_mount(const char *line, const char *controller, char *inside, char *point)
{
    char type[32], options[512];
    const char *rest = strstr(line, " - ");
    if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", inside, point) != 2 ||
        sscanf(rest, " - %31s %*s %511s", type, options) != 2)
        return false;
    return *controller ? strcmp(type, "cgroup") == 0 && has_word(options, controller)
                       : strcmp(type, "cgroup2") == 0;
}

/* controller: "cpu", "memory" of version 1, "" = version 2. */
static bool group_find(Group *group, const char *root, const char *controller)
{
    char line[LINE], path[LINE], inside[LINE], point[LINE];
    bool found = false;
    if (!find_path(root, controller, path))
        return false;
    FILE *file = file_in(root, "proc/self/mountinfo");
    while (file && !found && fgets(line, sizeof line, file))
        found = read_mount(line, controller, inside, point);
    if (file)
        fclose(file);
    if (!found)
        return false;
    /* What is mounted may be a part of the hierarchy: in a container, say, the group itself. */
    const char *below = path;
    size_t skip = strcmp(inside, "/") == 0 ? 0 : strlen(inside);
    if (skip > 0)
        below = strncmp(path, inside, skip) == 0 ? path + skip : "";
    group->version = *controller ? &version_1 : &version_2;
    group->top = (size_t)snprintf(group->path, LINE, "%s%s", root, point);
    if (group->top >= LINE)
        return false;
    snprintf(group->path + group->top, LINE, "%s", strncmp(below, "/..", 3) == 0 ? "" : below);
    return true;
}

/* Goes to the group above; false = there is none. */
static bool group_up(Group *group)
{
    char *slash = strrchr(group->path, '/');
    if (!slash || slash < group->path + group->top)
        return false;
    *slash = '\0';
    return true;
}

/* One of the group's numbers; `format` says where it is in its line. false = there is none, or a
 * word that means no limit. */
static bool read_number(const Group *group, const char *name, const char *format,
                        unsigned long long *value)
{
    char line[256];
    bool found = false;
    FILE *file = file_in(group->path, name);
    while (file && !found && fgets(line, sizeof line, file))
        found = line[0] != '-' && sscanf(line, format, value) == 1; /* -1: no limit */
    if (file)
        fclose(file);
    return found;
}

static int processors_of(const Group *group)
{
    unsigned long long quota, period;
    bool one = group->version == &version_1;
    if (!read_number(group, group->version->quota, "%llu", &quota) ||
        !read_number(group, one ? "cpu.cfs_period_us" : "cpu.max", one ? "%llu" : "%*s %llu",
                     &period) ||
        period == 0)
        return INT_MAX;
    unsigned long long count = quota / period + (quota % period != 0);
    return count < 1 ? 1 : count < INT_MAX ? (int)count : INT_MAX;
}

static size_t memory_of(const Group *group)
{
    unsigned long long limit, used, cache;
    const Version *version = group->version;
    if (!read_number(group, version->limit, "%llu", &limit) ||
        !read_number(group, version->used, "%llu", &used))
        return SIZE_MAX;
    if (read_number(group, "memory.stat", version->cache, &cache))
        used -= cache < used ? cache : used;
    return limit > used ? (size_t)(limit - used) : 0;
}

int cgroup_processors(const char *root)
{
    static const char *const CONTROLLERS[] = {"cpu", ""};
    int least = INT_MAX;
    for (int i = 0; i < 2; i++) {
        Group group;
        bool more = group_find(&group, root, CONTROLLERS[i]);
        for (; more; more = group_up(&group)) {
            int count = processors_of(&group);
            least = count < least ? count : least;
        }
    }
    return least;
}

size_t cgroup_memory(const char *root)
{
    static const char *const CONTROLLERS[] = {"memory", ""};
    size_t least = SIZE_MAX;
    for (int i = 0; i < 2; i++) {
        Group group;
        bool more = group_find(&group, root, CONTROLLERS[i]);
        for (; more; more = group_up(&group)) {
            size_t bytes = memory_of(&group);
            least = bytes < least ? bytes : least;
        }
    }
    return least;
}
