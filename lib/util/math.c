/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Integer logarithms, and seeds for generators that keep no secrets. The one counter here may be
 * bumped by any thread.
 */

#include "spdk/util.h"
#include "spdk_internal/machine_hooks.h"
#include "spdk_internal/system_state.h"

static struct {
	uint64_t seeds; /* atomic, relaxed: only its differing matters */
} g_state SYSTEM_STATE;

uint32_t
spdk_u32log2(uint32_t x)
{
	return x == 0 ? 0 : 31 - (uint32_t)__builtin_clz(x);
}

uint64_t
spdk_u64log2(uint64_t x)
{
	return x == 0 ? 0 : 63 - (uint64_t)__builtin_clzll(x);
}

uint64_t
basalt_rand_seed(void)
{
	uint64_t z = machine_hooks_get()->monotonic_ns();

	/* SplitMix64: the odd step makes each count another start, the rounds spread its bits. */
	z += (__atomic_fetch_add(&g_state.seeds, 1, __ATOMIC_RELAXED) + 1) * 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return z != 0 ? z : 1;
}
