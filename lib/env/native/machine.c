/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Start and stop of the native machine, and what is too small for a file of its own. */

#include "native.h"

#include <sys/random.h>
#include <sys/syscall.h>

int
machine_start(const struct spdk_env_opts *opts)
{
	int rc = native_clock_init();

	if (rc != 0) {
		return rc;
	}
	rc = native_cpu_init();
	if (rc == 0) {
		native_arena_init(opts);
	} else {
		native_clock_fini();
	}
	return rc;
}

void
machine_quiesce(void)
{
	native_work_fini();
	native_thread_fini();
}

void
machine_stop(void)
{
	native_stream_fini();
	native_arena_fini();
	native_cpu_fini();
	native_clock_fini();
}

bool
native_read_text(const char *path, char *buf, size_t size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0) {
		return false;
	}
	len = read(fd, buf, size_bytes - 1);
	close(fd);
	if (len < 0) {
		return false;
	}
	buf[len] = '\0';
	return true;
}

void
env_random(void *buf, size_t len_bytes)
{
	uint8_t *p = buf;

	while (len_bytes > 0) {
		ssize_t num = getrandom(p, len_bytes, 0);

		if (num < 0 && errno == EINTR) {
			continue;
		}
		if (num <= 0) {
			/* Linux has it since 3.17. Going on with what can be guessed is worse. */
			abort();
		}
		p += num;
		len_bytes -= (size_t)num;
	}
}

int
spdk_get_tid(void)
{
	return (int)syscall(SYS_gettid);
}
