/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Counts calls by kind, and picks the one that a test wants to fail. Counters are atomic, for the
 * threads of the native environment; arming is for before they run. */

#include "spdk_internal/env_fault.h"
#include "spdk_internal/system_state.h"

#include <stdatomic.h>

static struct {
	uint64_t nth[ENV_FAULT_NUM_CLASSES];           /* 0: never; set before threads run */
	_Atomic uint64_t count[ENV_FAULT_NUM_CLASSES]; /* relaxed: a count, orders nothing */
} g_fault SYSTEM_STATE;

uint32_t g_env_faults_armed SYSTEM_STATE;

bool
env_fault_hit(enum env_fault_class fault_class)
{
	uint64_t nth = g_fault.nth[fault_class];

	if (nth == 0) {
		return false;
	}
	return atomic_fetch_add_explicit(&g_fault.count[fault_class], 1, memory_order_relaxed) +
	               1 ==
	       nth;
}

void
env_fault_nth(enum env_fault_class fault_class, uint64_t nth)
{
	uint32_t bit = 1u << fault_class;

	assert(fault_class < ENV_FAULT_NUM_CLASSES);
	g_fault.nth[fault_class] = nth;
	atomic_store_explicit(&g_fault.count[fault_class], 0, memory_order_relaxed);
	g_env_faults_armed = nth != 0 ? g_env_faults_armed | bit : g_env_faults_armed & ~bit;
}

uint64_t
env_fault_count(enum env_fault_class fault_class)
{
	assert(fault_class < ENV_FAULT_NUM_CLASSES);
	return atomic_load_explicit(&g_fault.count[fault_class], memory_order_relaxed);
}

void
env_fault_clear(void)
{
	memset(&g_fault, 0, sizeof(g_fault));
	g_env_faults_armed = 0;
}
