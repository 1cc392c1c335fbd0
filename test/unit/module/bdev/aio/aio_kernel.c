/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* One AIO context, with a small ring, on a file in memory. No threads. */

#include "aio_kernel.h"

#include <fcntl.h>

struct aio_kernel g_kernel;

static void
note(const char *fmt, ...)
{
	size_t len = strlen(g_kernel.trace);
	va_list ap;

	if (len >= sizeof(g_kernel.trace) - 2) {
		return; /* who does that much looks at counts */
	}
	if (len > 0) {
		g_kernel.trace[len++] = ' ';
	}
	va_start(ap, fmt);
	vsnprintf(g_kernel.trace + len, sizeof(g_kernel.trace) - len, fmt, ap);
	va_end(ap);
}

int
aio_sys_setup(unsigned entries, aio_context_t *ctx)
{
	*ctx = 0;
	if (g_kernel.setup_rc != 0) {
		return g_kernel.setup_rc;
	}
	assert_int_equal(entries, AIO_ENTRIES);
	memset(&g_kernel.ring, 0, sizeof(g_kernel.ring));
	g_kernel.ring.nr = RING_SIZE;
	g_kernel.ring.magic = 0xa10a10a1;
	g_kernel.ring.header_bytes = 32;
	g_kernel.contexts++;
	*ctx = (uintptr_t)&g_kernel.ring;
	return 0;
}

int
aio_sys_destroy(aio_context_t ctx)
{
	assert_ptr_equal((void *)(uintptr_t)ctx, &g_kernel.ring);
	g_kernel.contexts--;
	return 0;
}

/** Move up to \p limit bytes between the file and \p iovs. */
static int
transfer(const struct iovec *iovs, uint64_t num, uint64_t offset, bool read, int limit)
{
	int done = 0, part;
	uint64_t i;

	for (i = 0; i < num && limit > 0; i++) {
		part = (int)spdk_min(iovs[i].iov_len, (size_t)limit);
		assert_true(offset + (uint64_t)part <= FILE_BYTES);
		if (read) {
			memcpy(iovs[i].iov_base, g_kernel.data + offset, (size_t)part);
		} else {
			memcpy(g_kernel.data + offset, iovs[i].iov_base, (size_t)part);
		}
		offset += (uint64_t)part;
		done += part;
		limit -= part;
	}
	return done;
}

static int
next_answer(void)
{
	return g_kernel.next_answer < g_kernel.num_answers
	               ? g_kernel.answers[g_kernel.next_answer++]
	               : WHOLE;
}

static int
perform(const struct iocb *iocb)
{
	struct iovec one = { (void *)(uintptr_t)iocb->aio_buf, iocb->aio_nbytes };
	bool v =
	        iocb->aio_lio_opcode == IOCB_CMD_PREADV || iocb->aio_lio_opcode == IOCB_CMD_PWRITEV;
	bool read =
	        iocb->aio_lio_opcode == IOCB_CMD_PREAD || iocb->aio_lio_opcode == IOCB_CMD_PREADV;
	const struct iovec *iovs = v ? (const struct iovec *)(uintptr_t)iocb->aio_buf : &one;
	uint64_t i, len = 0, num = v ? iocb->aio_nbytes : 1;
	int answer = next_answer();

	for (i = 0; i < num; i++) {
		len += iovs[i].iov_len;
	}
	note("%c%" PRIu64 "+%" PRIu64, (read ? 'r' : 'w') - (v ? 32 : 0),
	     (uint64_t)iocb->aio_offset, len);
	return answer <= 0 ? answer : transfer(iovs, num, (uint64_t)iocb->aio_offset, read, answer);
}

void
complete_some(void)
{
	struct aio_ring *ring = &g_kernel.ring;
	uint32_t next, done = 0;

	for (; done < g_kernel.num_held && !g_kernel.hold; done++) {
		next = (ring->tail + 1) % ring->nr;
		if (next == ring->head) {
			break;
		}
		ring->events[ring->tail].data = g_kernel.held[done]->aio_data;
		ring->events[ring->tail].res = perform(g_kernel.held[done]);
		ring->tail = next;
		assert_true(g_kernel.held[done]->aio_flags & IOCB_FLAG_RESFD);
		env_event_set((int)g_kernel.held[done]->aio_resfd);
	}
	g_kernel.num_held -= done;
	memmove(g_kernel.held, g_kernel.held + done, g_kernel.num_held * sizeof(g_kernel.held[0]));
}

int
aio_sys_submit(aio_context_t ctx, long num, struct iocb **iocbs)
{
	int rc = g_kernel.next_submit < g_kernel.num_submits
	                 ? g_kernel.submits[g_kernel.next_submit++]
	                 : WHOLE;

	assert_true(num > 0);
	if (rc <= 0) {
		return rc;
	}
	rc = (int)spdk_min((long)rc, num);
	assert_true(g_kernel.num_held + (uint32_t)rc <= AIO_ENTRIES);
	memcpy(g_kernel.held + g_kernel.num_held, iocbs, (size_t)rc * sizeof(*iocbs));
	g_kernel.num_held += (uint32_t)rc;
	g_kernel.max_held = spdk_max(g_kernel.max_held, g_kernel.num_held);
	g_kernel.event = (int)iocbs[0]->aio_resfd;
	complete_some();
	return rc;
}

int
aio_sys_getevents(aio_context_t ctx, long max, struct io_event *events)
{
	struct aio_ring *ring = &g_kernel.ring;
	int n;

	g_kernel.getevents++;
	for (n = 0; n < max && ring->head != ring->tail; n++) {
		events[n] = ring->events[ring->head];
		ring->head = (ring->head + 1) % ring->nr;
	}
	return n;
}

ssize_t
aio_sys_rw(bool read, int fd, const struct iovec *iovs, int iovcnt, uint64_t offset, int flags)
{
	int answer;

	if (flags != 0) {
		return g_kernel.nowait_rc; /* the probe */
	}
	g_kernel.helpers++;
	answer = next_answer();
	note("h%c%" PRIu64, read ? 'r' : 'w', offset);
	return answer <= 0 ? answer : transfer(iovs, (uint64_t)iovcnt, offset, read, answer);
}

int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	int answer;

	if (offset >= (off_t)FILE_BYTES) {
		return 0; /* the probe */
	}
	answer = next_answer();
	note("f%d:%" PRIu64 "+%" PRIu64, mode, (uint64_t)offset, (uint64_t)len);
	if (answer != WHOLE) {
		errno = -answer;
		return -1;
	}
	memset(g_kernel.data + offset, 0, (size_t)len);
	return 0;
}

int
fdatasync(int fd)
{
	g_kernel.syncs++;
	errno = EIO;
	return g_kernel.fail_sync ? -1 : 0;
}
