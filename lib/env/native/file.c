/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Files of the control plane. Any thread; blocks. */

#include "native.h"

#include "spdk_internal/env_fault.h"

int
env_file_load(const char *path, size_t max_bytes, void **data, size_t *len_bytes)
{
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return env_file_read(path, max_bytes, data, len_bytes);
}
