/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* See ut_disk.h. No threads. */

#include "ut_disk.h"

#include <sys/mman.h>

struct ut_disk g_disk;

void
disk_setup(void)
{
	memset(&g_disk, 0, sizeof(g_disk));
	g_disk.memfd = memfd_create("ut_disk", MFD_CLOEXEC);
	assert_int_equal(ftruncate(g_disk.memfd, FILE_BYTES), 0);
	snprintf(g_disk.path, sizeof(g_disk.path), "/proc/self/fd/%d", g_disk.memfd);
}

void
disk_teardown(void)
{
	close(g_disk.memfd);
}

void
disk_answers(int a, int b, int c)
{
	g_disk.answers[0] = a;
	g_disk.answers[1] = b;
	g_disk.answers[2] = c;
	g_disk.num_answers = 3;
	g_disk.next_answer = 0;
	g_disk.trace[0] = '\0';
}

int
disk_answer(void)
{
	return g_disk.next_answer < g_disk.num_answers ? g_disk.answers[g_disk.next_answer++]
	                                               : WHOLE;
}

void
disk_note(const char *fmt, ...)
{
	size_t len = strlen(g_disk.trace);
	va_list ap;

	if (len >= sizeof(g_disk.trace) - 2) {
		return; /* who does that much looks at counts */
	}
	if (len > 0) {
		g_disk.trace[len++] = ' ';
	}
	va_start(ap, fmt);
	vsnprintf(g_disk.trace + len, sizeof(g_disk.trace) - len, fmt, ap);
	va_end(ap);
}

int
disk_transfer(const struct iovec *iovs, uint64_t num, uint64_t offset, bool read, int limit)
{
	int done = 0, part;
	uint64_t i;

	for (i = 0; i < num && limit > 0; i++) {
		part = (int)spdk_min(iovs[i].iov_len, (size_t)limit);
		assert_true(offset + (uint64_t)part <= FILE_BYTES);
		if (read) {
			memcpy(iovs[i].iov_base, g_disk.data + offset, (size_t)part);
		} else {
			memcpy(g_disk.data + offset, iovs[i].iov_base, (size_t)part);
		}
		offset += (uint64_t)part;
		done += part;
		limit -= part;
	}
	return done;
}

int
disk_rw(char letter, const struct iovec *iovs, uint64_t num, uint64_t offset, bool read)
{
	int answer = disk_answer();
	uint64_t i, len = 0;

	for (i = 0; i < num; i++) {
		len += iovs[i].iov_len;
	}
	disk_note("%c%" PRIu64 "+%" PRIu64, letter, offset, len);
	return answer <= 0 ? answer : disk_transfer(iovs, num, offset, read, answer);
}

int
disk_fallocate(int mode, uint64_t offset, uint64_t len)
{
	int answer = disk_answer();

	disk_note("f%d:%" PRIu64 "+%" PRIu64, mode, offset, len);
	if (answer != WHOLE) {
		return answer;
	}
	memset(g_disk.data + offset, 0, len);
	return 0;
}
