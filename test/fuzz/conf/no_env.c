/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The fuzzer has the parser's sources in it and the rest by libspdk.so, which does not export what
 * reads files. The parser reads none. */

#include "spdk_internal/env.h"

int
env_file_load(const char *path, size_t max_bytes, void **data, size_t *len_bytes)
{
	return -ENOSYS;
}
