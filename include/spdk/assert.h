/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Assertions at compile time.
 */

#ifndef SPDK_ASSERT_H
#define SPDK_ASSERT_H

#ifdef __cplusplus
#define SPDK_STATIC_ASSERT(cond, msg) static_assert(cond, msg)
#else
#define SPDK_STATIC_ASSERT(cond, msg) _Static_assert(cond, msg)
#endif

#endif /* SPDK_ASSERT_H */
