/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * I/O buffers for layers that stand on one another. A request of a layer that holds a buffer, and
 * whose child needs one as well, could wait for ever when all buffers are held in that way; so each
 * stacking depth of each channel owns one small and one large buffer beyond the pools' caps: at
 * every depth one request of a thread always gets on.
 */

#ifndef SPDK_INTERNAL_IOBUF_H
#define SPDK_INTERNAL_IOBUF_H

#include "spdk/thread.h"

/** Depths that a channel can have. */
#define IOBUF_DEPTH_MAX 32

/**
 * Set aside what depths 0 to \p num_depths - 1 own. spdk_iobuf_channel_init() does it for one. Not
 * on the I/O path: when a channel of that depth is made. Never fewer than before.
 * \return 0, -ENOMEM, -EINVAL when \p num_depths is 0 or above IOBUF_DEPTH_MAX.
 */
int iobuf_channel_set_depths(struct spdk_iobuf_channel *ch, uint32_t num_depths);

/**
 * As spdk_iobuf_get(), for a request at stacking depth \p depth: 0 for one that no other request
 * of this channel's owner waits for, 1 for its child, and so on. The depth was set aside before.
 */
void *iobuf_get_at_depth(struct spdk_iobuf_channel *ch, uint32_t depth, uint64_t len,
                         struct spdk_iobuf_entry *entry, spdk_iobuf_get_cb cb_fn);

#endif /* SPDK_INTERNAL_IOBUF_H */
