/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Preloaded into a target by the lab: at each fdatasync() or fsync() of the file that
 * LAB_SNAPSHOT_OF names, copies its content to LAB_SNAPSHOT_TO. What a power cut would leave on a
 * disk whose cache is volatile is at least what the last of these calls covered, so a target that
 * answers a flush without one is found out.
 *
 * Copies are made under a lock and published by rename(), so that a copy is always whole.
 */

#include "spdk/stdinc.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int fdatasync(int fd);
EXPORT int fsync(int fd);

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;

static bool
is_watched(int fd, const char *path)
{
	struct stat a, b;

	return path != NULL && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static void
must(bool ok)
{
	if (!ok) {
		abort(); /* the lab sees a dead target, not a wrong verdict */
	}
}

/* Only what is not a hole: the volume is sparse. */
static void
copy(const char *from, const char *to)
{
	static char buf[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	off_t at = 0, end;
	ssize_t n;

	must(in >= 0 && out >= 0);
	must(ftruncate(out, lseek(in, 0, SEEK_END)) == 0);
	while ((at = lseek(in, at, SEEK_DATA)) >= 0) {
		end = lseek(in, at, SEEK_HOLE);
		for (; at < end; at += n) {
			n = pread(in, buf,
			          end - at < (off_t)sizeof(buf) ? (size_t)(end - at) : sizeof(buf),
			          at);
			must(n > 0 && pwrite(out, buf, n, at) == n);
		}
	}
	close(in);
	close(out);
}

static int
synced(int fd, int rc)
{
	const char *of = getenv("LAB_SNAPSHOT_OF"), *to = getenv("LAB_SNAPSHOT_TO");
	char tmp[4096];
	int err = errno;

	if (rc == 0 && to != NULL && is_watched(fd, of)) {
		must(snprintf(tmp, sizeof(tmp), "%s.tmp", to) < (int)sizeof(tmp));
		pthread_mutex_lock(&g_lock);
		copy(of, tmp);
		must(rename(tmp, to) == 0);
		pthread_mutex_unlock(&g_lock);
	}
	errno = err;
	return rc;
}

int
fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	return synced(fd, real(fd));
}

int
fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	return synced(fd, real(fd));
}
