/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Byte rings over memory that the caller lends, and groups in which rings share their memory. One
 * thread owns a pipe, and a group with all its pipes.
 */

#ifndef SPDK_PIPE_H
#define SPDK_PIPE_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_pipe;
struct spdk_pipe_group;

/**
 * A new, empty ring over \p buf of \p sz bytes, all of which can be filled.
 * \param buf the caller's, until spdk_pipe_destroy() gives it back.
 * \return NULL when out of memory.
 */
struct spdk_pipe *spdk_pipe_create(void *buf, uint32_t sz);

/**
 * End a ring, with what is in it; out of its group first. NULL is allowed.
 * \return its buffer. In a group buffers change hands, so that it may be one that another member
 * was made with.
 */
void *spdk_pipe_destroy(struct spdk_pipe *pipe);

/**
 * Where the next bytes go: up to \p sz bytes of free space.
 * \param iovs two elements, always both filled in; the second is empty unless the space runs around
 * the end of the ring.
 * \return the bytes that they describe; 0 when the ring is full.
 */
int spdk_pipe_writer_get_buffer(struct spdk_pipe *pipe, uint32_t sz, struct iovec *iovs);

/**
 * Bytes were put where spdk_pipe_writer_get_buffer() said. With 0 a member of a group gives back
 * the buffer that it got there. \return 0, or -EINVAL for more than there is room for, and nothing
 * changes.
 */
int spdk_pipe_writer_advance(struct spdk_pipe *pipe, uint32_t count);

/** Bytes in the ring. */
uint32_t spdk_pipe_reader_bytes_available(struct spdk_pipe *pipe);

/**
 * Where the next bytes are: up to \p sz of those in the ring.
 * \param iovs two elements, always both filled in.
 * \return the bytes that they describe; 0 when the ring is empty.
 */
int spdk_pipe_reader_get_buffer(struct spdk_pipe *pipe, uint32_t sz, struct iovec *iovs);

/**
 * Drop bytes from the front.
 * \return 0, or -EINVAL for more than there are, and nothing changes.
 */
int spdk_pipe_reader_advance(struct spdk_pipe *pipe, uint32_t count);

/** A new group without members, or NULL when out of memory. */
struct spdk_pipe_group *spdk_pipe_group_create(void);

/** Free a group that has no member any more; NULL is allowed. */
void spdk_pipe_group_destroy(struct spdk_pipe_group *group);

/**
 * Let \p pipe share its buffer: while it is empty, any member may use it.
 * \return 0, or -EINVAL when it is in a group, or its buffer is below 16 bytes or not aligned to 8.
 */
int spdk_pipe_group_add(struct spdk_pipe_group *group, struct spdk_pipe *pipe);

/**
 * Take \p pipe, with what is in it and with a buffer, out of the group.
 * \return 0, or -EINVAL when it is not in it.
 */
int spdk_pipe_group_remove(struct spdk_pipe_group *group, struct spdk_pipe *pipe);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_PIPE_H */
