/* cgroup.h - what the control groups of this process leave it, see cgroups(7).
 *
 * A group's limit holds for all below it, so each is the least of the group's own and those of all
 * above it up to where the hierarchy is mounted. Version 1 and version 2 are read, also side by
 * side. What cannot be read limits nothing.
 *
 * root: "" = the machine itself; else a folder that holds proc and sys as they would be.
 */
#ifndef S2D_KERNELS_CPU_CGROUP_H
#define S2D_KERNELS_CPU_CGROUP_H

#include <stddef.h>

/* Processors' worth of time in each period, rounded up; at least 1. INT_MAX = no limit. */
int cgroup_processors(const char *root);

/* Bytes that can still be had, the page cache being given up; SIZE_MAX = no limit. */
size_t cgroup_memory(const char *root);

#endif
