/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* One AIO context, with a small ring, on a file in memory. No threads. */

#include "aio_kernel.h"

#include <fcntl.h>

struct aio_kernel g_kernel;

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

static int
perform(const struct iocb *iocb)
{
	struct iovec one = { (void *)(uintptr_t)iocb->aio_buf, iocb->aio_nbytes };
	bool v =
	        iocb->aio_lio_opcode == IOCB_CMD_PREADV || iocb->aio_lio_opcode == IOCB_CMD_PWRITEV;
	bool read =
	        iocb->aio_lio_opcode == IOCB_CMD_PREAD || iocb->aio_lio_opcode == IOCB_CMD_PREADV;
	const struct iovec *iovs = v ? (const struct iovec *)(uintptr_t)iocb->aio_buf : &one;
	char letter = (char)((read ? 'r' : 'w') - (v ? 32 : 0));

	return disk_rw(letter, iovs, v ? iocb->aio_nbytes : 1, (uint64_t)iocb->aio_offset, read);
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
	answer = disk_answer();
	disk_note("h%c%" PRIu64, read ? 'r' : 'w', offset);
	return answer <= 0 ? answer : disk_transfer(iovs, (uint64_t)iovcnt, offset, read, answer);
}

int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	int rc;

	if (offset >= (off_t)FILE_BYTES) {
		return 0; /* the probe */
	}
	rc = disk_fallocate(mode, (uint64_t)offset, (uint64_t)len);
	errno = -rc;
	return rc == 0 ? 0 : -1;
}

int
fdatasync(int fd)
{
	g_kernel.syncs++;
	errno = EIO;
	return g_kernel.fail_sync ? -1 : 0;
}
