/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A group's ring, and the set of buffers that its sockets receive into. What the system offers is
 * found out when it is made: a set of buffers since Linux 5.19, receives that go on since 6.0,
 * sends without a copy since 6.1, receives into several buffers at once since 6.10; without them
 * the rest goes on.
 *
 * Any thread may use the ring, one at a time: a group moves with its SPDK thread.
 */

#include "spdk/log.h"
#include "spdk/string.h"
#include "uring.h"

#define BUF_GROUP 0

static const char *
remedy(int rc)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
		return "the system forbids io_uring (sysctl kernel.io_uring_disabled, or a "
		       "container's seccomp profile)";
	case -ENOSYS:
		return "this kernel has no io_uring";
	case -ENOMEM:
		return "raise the limit of locked memory (ulimit -l)";
	case -EMFILE:
	case -ENFILE:
		return "raise the limit of open files (ulimit -n)";
	default:
		return "look in the kernel's log";
	}
}

/* Without interrupts for each completion, where the system can: who polls enters it anyway. */
static int
ring_init(struct io_uring *ring)
{
	struct io_uring_params params = { .flags = IORING_SETUP_COOP_TASKRUN |
		                                   IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE,
		                          .cq_entries = URING_CQ_ENTRIES };
	int rc = io_uring_queue_init_params(URING_ENTRIES, ring, &params);

	if (rc == -EINVAL) {
		memset(&params, 0, sizeof(params));
		params.flags = IORING_SETUP_CQSIZE;
		params.cq_entries = URING_CQ_ENTRIES;
		rc = io_uring_queue_init_params(URING_ENTRIES, ring, &params);
	}
	return rc;
}

int
sock_uring_probe(void)
{
	struct io_uring ring;
	int rc = ring_init(&ring);

	if (rc == 0) {
		io_uring_queue_exit(&ring);
	} else {
		SPDK_ERRLOG("no socket over io_uring: %s: %s; the implementation \"posix\" works "
		            "without\n",
		            spdk_strerror(-rc), remedy(rc));
	}
	return rc;
}

int
uring_own_open(struct io_uring *ring)
{
	struct io_uring_params params = { .flags = IORING_SETUP_CQSIZE,
		                          .cq_entries = URING_OWN_CQ_ENTRIES };

	return io_uring_queue_init_params(URING_OWN_ENTRIES, ring, &params);
}

static bool
ring_can_zcopy(struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool can = probe != NULL && io_uring_opcode_supported(probe, IORING_OP_SENDMSG_ZC);

	io_uring_free_probe(probe);
	return can;
}

void
uring_buf_return(struct uring_group *group, struct uring_buf *buf)
{
	buf->place = group->buf_ring->tail;
	group->order[buf->place % URING_BUFS] = (uint8_t)buf->id;
	io_uring_buf_ring_add(group->buf_ring, buf->data, URING_BUF_BYTES, (unsigned short)buf->id,
	                      io_uring_buf_ring_mask(URING_BUFS), 0);
	io_uring_buf_ring_advance(group->buf_ring, 1);
}

static void
bufs_free(struct uring_group *group)
{
	free(group->buf_ring);
	free(group->buf_memory);
	group->buf_ring = NULL;
	group->buf_memory = NULL;
}

/* The set of buffers; without it, for whatever reason, each socket receives into its own. */
static void
bufs_open(struct uring_group *group)
{
	struct io_uring_buf_reg reg = { .ring_entries = URING_BUFS, .bgid = BUF_GROUP };
	void *memory;
	int i;

	if (posix_memalign(&memory, (size_t)sysconf(_SC_PAGESIZE),
	                   URING_BUFS * sizeof(struct io_uring_buf)) != 0) {
		return;
	}
	group->buf_ring = memory;
	group->buf_memory = malloc((size_t)URING_BUFS * URING_BUF_BYTES);
	reg.ring_addr = (uint64_t)(uintptr_t)memory;
	if (group->buf_memory == NULL || io_uring_register_buf_ring(&group->ring, &reg, 0) != 0) {
		bufs_free(group);
		return;
	}
	io_uring_buf_ring_init(group->buf_ring);
	for (i = 0; i < URING_BUFS; i++) {
		group->bufs[i].id = i;
		group->bufs[i].data = group->buf_memory + (size_t)i * URING_BUF_BYTES;
		uring_buf_return(group, &group->bufs[i]);
	}
	group->multishot = true; /* until the first try says otherwise */
	group->bundles = group->ring.features & IORING_FEAT_RECVSEND_BUNDLE;
}

int
uring_ring_open(struct uring_group *group)
{
	int rc = ring_init(&group->ring);

	if (rc != 0) {
		SPDK_ERRLOG("no io_uring for a group of sockets: %s: %s\n", spdk_strerror(-rc),
		            remedy(rc));
		return rc;
	}
	group->zcopy = ring_can_zcopy(&group->ring);
	bufs_open(group);
	return 0;
}

void
uring_ring_close(struct uring_group *group)
{
	io_uring_queue_exit(&group->ring);
	bufs_free(group);
}
