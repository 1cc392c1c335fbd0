/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Sockets from the inside: the table that an implementation fills, the part of a socket and of a
 * group that lib/sock and the implementations share, and what in-tree users may ask beyond
 * spdk/sock.h.
 *
 * A socket belongs to one thread at a time: the one that polls its group. Queued writes and bytes
 * that were received ahead count in the group's counter, so that a reactor knows whether it may
 * sleep on the group's descriptor.
 */

#ifndef SPDK_INTERNAL_SOCK_MODULE_H
#define SPDK_INTERNAL_SOCK_MODULE_H

#include "spdk/sock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- For users in the tree ---- */

/**
 * A descriptor that is readable whenever polling \p group would find work that its counter does not
 * show: bytes arrived, a blocked socket can be written again. For a POLLER_FD poller. It belongs to
 * the group.
 * \return -ENOTSUP when the implementation has none.
 */
int sock_group_get_fd(struct spdk_sock_group *group);

/**
 * Not 0 while polling \p group has work that its descriptor does not show: bytes that were received
 * but not yet read by the user, queued writes that can go out, completions to deliver, connections
 * whose time runs out. Lives as long as the group.
 */
const uint32_t *sock_group_get_counter(struct spdk_sock_group *group);

/** The descriptor of a listening socket: readable while spdk_sock_accept() would find a connection.
 *  It belongs to the socket. -ENOTSUP when the implementation has none. */
int sock_get_fd(struct spdk_sock *sock);

#ifdef __cplusplus
}
#endif

#endif /* SPDK_INTERNAL_SOCK_MODULE_H */
