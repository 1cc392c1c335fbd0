/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A byte ring over a buffer that the caller lends, and groups of rings that share their buffers: a
 * ring that runs empty puts its buffer on top of the group's stack, and takes the top one, still
 * warm in the cache, when it is written again. Each member brought one buffer along, so a member
 * that needs one always finds one.
 *
 * One thread owns a pipe and its group.
 */

#include "spdk/pipe.h"
#include "spdk/queue.h"
#include "spdk/util.h"

/* Laid over a buffer while it waits in a group. */
struct idle_buf {
	SLIST_ENTRY(idle_buf) link;
	uint32_t size;
};

struct spdk_pipe {
	uint8_t *buf; /* NULL: given to the group */
	uint32_t size;
	uint32_t head; /* of the first byte to read, below size */
	uint32_t used; /* bytes to read */
	struct spdk_pipe_group *group;
};

struct spdk_pipe_group {
	SLIST_HEAD(, idle_buf) idle;
	uint32_t num_pipes;
};

struct spdk_pipe *
spdk_pipe_create(void *buf, uint32_t sz)
{
	struct spdk_pipe *pipe = calloc(1, sizeof(*pipe));

	if (pipe != NULL) {
		pipe->buf = buf;
		pipe->size = sz;
	}
	return pipe;
}

void *
spdk_pipe_destroy(struct spdk_pipe *pipe)
{
	void *buf;

	if (pipe == NULL) {
		return NULL;
	}
	if (pipe->group != NULL) {
		spdk_pipe_group_remove(pipe->group, pipe);
	}
	buf = pipe->buf;
	free(pipe);
	return buf;
}

static void
pipe_give_buf(struct spdk_pipe *pipe)
{
	struct idle_buf *idle = (struct idle_buf *)pipe->buf;

	idle->size = pipe->size;
	SLIST_INSERT_HEAD(&pipe->group->idle, idle, link);
	pipe->buf = NULL;
	pipe->size = 0;
	pipe->head = 0;
}

static void
pipe_take_buf(struct spdk_pipe *pipe)
{
	struct idle_buf *idle = SLIST_FIRST(&pipe->group->idle);

	assert(idle != NULL);
	SLIST_REMOVE_HEAD(&pipe->group->idle, link);
	pipe->buf = (uint8_t *)idle;
	pipe->size = idle->size;
}

/* Describe \p len bytes from \p start on, which may run over the end to the front. */
static int
pipe_describe(struct spdk_pipe *pipe, uint32_t start, uint32_t len, struct iovec *iovs)
{
	uint32_t first = spdk_min(len, pipe->size - start);

	iovs[0].iov_base = first > 0 ? pipe->buf + start : NULL;
	iovs[0].iov_len = first;
	iovs[1].iov_base = len > first ? pipe->buf : NULL;
	iovs[1].iov_len = len - first;
	return (int)len;
}

int
spdk_pipe_writer_get_buffer(struct spdk_pipe *pipe, uint32_t sz, struct iovec *iovs)
{
	uint32_t tail;

	if (pipe->buf == NULL && pipe->group != NULL && sz > 0) {
		pipe_take_buf(pipe);
	}
	/* In 64 bits: two sizes near 4 GiB don't fit in 32. */
	tail = pipe->size == 0 ? 0 : (uint32_t)(((uint64_t)pipe->head + pipe->used) % pipe->size);
	return pipe_describe(pipe, tail, spdk_min(sz, pipe->size - pipe->used), iovs);
}

int
spdk_pipe_writer_advance(struct spdk_pipe *pipe, uint32_t count)
{
	if (count > pipe->size - pipe->used) {
		return -EINVAL;
	}
	pipe->used += count;
	if (pipe->used == 0 && pipe->buf != NULL && pipe->group != NULL) {
		pipe_give_buf(pipe); /* taken to be written, but nothing came */
	}
	return 0;
}

uint32_t
spdk_pipe_reader_bytes_available(struct spdk_pipe *pipe)
{
	return pipe->used;
}

int
spdk_pipe_reader_get_buffer(struct spdk_pipe *pipe, uint32_t sz, struct iovec *iovs)
{
	return pipe_describe(pipe, pipe->head, spdk_min(sz, pipe->used), iovs);
}

int
spdk_pipe_reader_advance(struct spdk_pipe *pipe, uint32_t count)
{
	if (count > pipe->used) {
		return -EINVAL;
	}
	if (count == 0) {
		return 0;
	}
	pipe->used -= count;
	pipe->head = (uint32_t)(((uint64_t)pipe->head + count) % pipe->size);
	if (pipe->used == 0) {
		pipe->head = 0; /* so that the next bytes lie in one piece */
		if (pipe->group != NULL) {
			pipe_give_buf(pipe);
		}
	}
	return 0;
}

struct spdk_pipe_group *
spdk_pipe_group_create(void)
{
	return calloc(1, sizeof(struct spdk_pipe_group));
}

void
spdk_pipe_group_destroy(struct spdk_pipe_group *group)
{
	/* A member would be left with a pointer to freed memory. */
	assert(group == NULL || group->num_pipes == 0);
	free(group);
}

int
spdk_pipe_group_add(struct spdk_pipe_group *group, struct spdk_pipe *pipe)
{
	if (pipe->group != NULL || pipe->size < sizeof(struct idle_buf) ||
	    (uintptr_t)pipe->buf % _Alignof(struct idle_buf) != 0) {
		return -EINVAL;
	}
	pipe->group = group;
	group->num_pipes++;
	if (pipe->used == 0) {
		pipe_give_buf(pipe);
	}
	return 0;
}

int
spdk_pipe_group_remove(struct spdk_pipe_group *group, struct spdk_pipe *pipe)
{
	if (pipe->group != group || group == NULL) {
		return -EINVAL;
	}
	if (pipe->buf == NULL) {
		pipe_take_buf(pipe);
	}
	pipe->group = NULL;
	group->num_pipes--;
	return 0;
}
