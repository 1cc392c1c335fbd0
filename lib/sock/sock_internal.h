/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the files of lib/sock share.
 */

#ifndef SOCK_INTERNAL_H
#define SOCK_INTERNAL_H

#include "spdk_internal/sock_module.h"

/** The implementation of that name; NULL: the default. NULL when there is none. */
struct spdk_net_impl *sock_impl_find(const char *name);

/** The implementation behind \p impl, the first for NULL; NULL at the end. */
struct spdk_net_impl *sock_impl_next(const struct spdk_net_impl *impl);

#endif /* SOCK_INTERNAL_H */
