/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The process as the kernel sees it: what it counts for a thread and a core, lock files, core
 * dumps. Control plane only. No state. */

#include "spdk/cpuset.h"
#include "spdk_internal/env.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>

void
env_thread_usage(struct env_thread_usage *usage)
{
	struct rusage ru;

	memset(usage, 0, sizeof(*usage));
	if (getrusage(RUSAGE_THREAD, &ru) == 0) {
		usage->voluntary_switches = ru.ru_nvcsw;
		usage->involuntary_switches = ru.ru_nivcsw;
	}
}

void
env_core_times(uint32_t lcore, struct env_core_times *times)
{
	unsigned long long usr, nice, sys, idle, iowait, irq, softirq;
	struct spdk_cpuset cpus;
	unsigned int cpu;
	char line[256];
	FILE *f;

	memset(times, 0, sizeof(*times));
	if (!env_core_cpus(lcore, &cpus)) {
		spdk_cpuset_zero(&cpus);
		spdk_cpuset_set_cpu(&cpus, lcore, true);
	}
	f = fopen("/proc/stat", "re");
	if (f == NULL) {
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu", &cpu, &usr, &nice,
		           &sys, &idle, &iowait, &irq, &softirq) == 8 &&
		    spdk_cpuset_get_cpu(&cpus, cpu)) {
			times->usr += usr + nice;
			times->sys += sys;
			times->irq += irq + softirq;
		}
	}
	fclose(f);
}

/* Whether the path still names the file that `fd` is: its last holder may have removed it. */
static bool
path_is_fd(const char *path, int fd)
{
	struct stat by_path, by_fd;

	return stat(path, &by_path) == 0 && fstat(fd, &by_fd) == 0 &&
	       by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

static int32_t
lock_read_holder(int fd)
{
	int32_t pid = 0;

	return pread(fd, &pid, sizeof(pid), 0) == (ssize_t)sizeof(pid) ? pid : 0;
}

static int
lock_try(const char *path, int32_t *holder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int32_t pid = getpid();
	int fd, rc;

	/* One that is there is opened as such: in a sticky folder the kernel may refuse O_CREAT on
	 * a file of another user, to root too. */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == EEXIST) {
			return -EAGAIN;
		}
	}
	if (fd < 0) {
		return -errno;
	}
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		rc = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
		*holder = lock_read_holder(fd);
		close(fd);
		return rc;
	}
	if (!path_is_fd(path, fd)) {
		close(fd);
		return -EAGAIN;
	}
	if (pwrite(fd, &pid, sizeof(pid), 0) != (ssize_t)sizeof(pid)) {
		rc = -errno;
		close(fd);
		return rc != 0 ? rc : -EIO;
	}
	return fd;
}

int
env_lock_acquire(const char *path, int32_t *holder)
{
	int rc, tries;

	*holder = 0;
	/* Each failure means that a holder ended between our open and lock; few do so in a row. */
	for (tries = 0; tries < 16; tries++) {
		rc = lock_try(path, holder);
		if (rc != -EAGAIN) {
			return rc;
		}
	}
	return -EBUSY;
}

void
env_lock_release(int fd, const char *path)
{
	/* Removed while it is locked, so that nobody can lock a file that is about to vanish and
	 * think that it is the one others see. */
	unlink(path);
	close(fd);
}

void
env_allow_core_dump(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

uint32_t
env_get_uid(void)
{
	return geteuid();
}

int32_t
env_get_pid(void)
{
	return getpid();
}

int
env_find_user(const char *name, int64_t *uid)
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (getpwnam_r(name, &entry, text, sizeof(text), &found) != 0 || found == NULL) {
		return -ENOENT;
	}
	*uid = entry.pw_uid;
	return 0;
}

int
env_find_group(const char *name, int64_t *gid)
{
	struct group entry, *found = NULL;
	char text[16384];

	/* One with so many members that they don't fit is not found. */
	if (getgrnam_r(name, &entry, text, sizeof(text), &found) != 0 || found == NULL) {
		return -ENOENT;
	}
	*gid = entry.gr_gid;
	return 0;
}
