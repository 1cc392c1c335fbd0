/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of env.h. Any thread. */

#include "spdk/env.h"

uint32_t
spdk_env_get_socket_id(uint32_t core)
{
	return (uint32_t)spdk_env_get_numa_id(core);
}
