/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Finds the section in which all mutable static data lies. The linker defines its two ends. */

#include "spdk_internal/system_state.h"

extern char __start_basalt_state[] __attribute__((weak, visibility("hidden")));
extern char __stop_basalt_state[] __attribute__((weak, visibility("hidden")));

void
system_state_get(void **base, size_t *size_bytes)
{
	*base = __start_basalt_state;
	*size_bytes = (size_t)(__stop_basalt_state - __start_basalt_state);
}
