/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the files of lib/sock share.
 */

#ifndef SOCK_INTERNAL_H
#define SOCK_INTERNAL_H

#include "spdk_internal/sock_module.h"
#include "spdk_internal/trace.h"

/** Bytes of a provided buffer that keep it, at most. */
#define SOCK_PROVIDED_MIN 32

/** The implementation of that name; NULL: the default. NULL when there is none. */
struct spdk_net_impl *sock_impl_find(const char *name);

/** The implementation behind \p impl, the first for NULL; NULL at the end. */
struct spdk_net_impl *sock_impl_next(const struct spdk_net_impl *impl);

/** Fill what \p impl leaves out with functions that say so. */
void sock_impl_complete(struct spdk_net_impl *impl);

/** 0, or why \p impl can't work on this machine (logged). */
int sock_impl_probe(const struct spdk_net_impl *impl);

/** Let all requests in sock->sent go with \p err: the network was made to let go of them. */
void sock_fail_sent(struct spdk_sock *sock, int err);

#endif /* SOCK_INTERNAL_H */
