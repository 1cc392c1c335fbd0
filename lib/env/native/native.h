/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the files of the native machine.
 */

#ifndef LIB_ENV_NATIVE_H
#define LIB_ENV_NATIVE_H

#include "../common/machine.h"

/** Choose the clock and learn its speed. 0 or a negative errno. */
int native_clock_init(void);
void native_clock_fini(void);
/** Remember the process's CPUs. 0 or a negative errno. */
int native_cpu_init(void);
void native_cpu_fini(void);
void native_arena_init(const struct spdk_env_opts *opts);
void native_arena_fini(void);
void native_thread_fini(void);
void native_work_fini(void);
void native_stream_fini(void);
/** Start a thread that takes no signals; 0 or a
 *  negative errno. */
int native_thread_start(pthread_t *thread, size_t stack_bytes, void *(*fn)(void *arg), void *arg);
/** The least limit of memory that the groups of this process have, given the text of
 *  /proc/self/cgroup and where cgroups are mounted; UINT64_MAX: none. */
uint64_t native_cgroup_memory_bytes(const char *root, const char *groups);
/** Read a small file of sysfs or procfs; false when it can't be read. */
bool native_read_text(const char *path, char *buf, size_t size_bytes);

#endif /* LIB_ENV_NATIVE_H */
