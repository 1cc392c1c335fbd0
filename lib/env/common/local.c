/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What each POSIX thread carries: the one thread-local variable of the tree. Written and read only
 * by the thread itself. */

#include "spdk_internal/env.h"

__thread struct env_local g_env_local;
