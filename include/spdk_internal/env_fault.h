/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Fault points of the environment: a test makes the n-th call of a kind fail.
 */

#ifndef SPDK_INTERNAL_ENV_FAULT_H
#define SPDK_INTERNAL_ENV_FAULT_H

#include "spdk/likely.h"
#include "spdk/stdinc.h"

/** Kinds of calls that can be made to fail. */
enum env_fault_class {
	ENV_FAULT_MALLOC,  /* spdk_malloc(), spdk_zmalloc(), spdk_realloc() and spdk_dma_* */
	ENV_FAULT_MEMZONE, /* spdk_memzone_reserve() */
	ENV_FAULT_MEMPOOL_CREATE,
	ENV_FAULT_MEMPOOL_GET, /* get and get_bulk */
	ENV_FAULT_RING_CREATE,
	ENV_FAULT_WAITER, /* env_waiter_create(), _add(), env_event_create() */
	ENV_FAULT_WORK,   /* env_work_submit() */
	ENV_FAULT_THREAD, /* spdk_env_thread_launch_pinned() */
	ENV_FAULT_STREAM, /* listen, accept, connect */
	ENV_FAULT_FILE,   /* env_file_load() and the others on files: -EIO */
	ENV_FAULT_SHM,    /* env_shm_create(), env_shm_reserve() */
	ENV_FAULT_HEAP,   /* malloc(), calloc(), realloc() and so on; simulated environment only */
	ENV_FAULT_NUM_CLASSES,
};

/** One word that says whether any fault is armed, so that a point costs one test. */
extern uint32_t g_env_faults_armed;

/** Count a call of a class, and answer whether it is the one to fail. Through env_fault() only. */
bool env_fault_hit(enum env_fault_class fault_class);

/** True when the caller must fail now as if the machine had refused. Any thread. */
static inline bool
env_fault(enum env_fault_class fault_class)
{
	return spdk_unlikely(g_env_faults_armed != 0) && env_fault_hit(fault_class);
}

/**
 * Let the \p nth call from now (1: the next) of a class fail, once. 0 takes it back. Before other
 * threads run.
 */
void env_fault_nth(enum env_fault_class fault_class, uint64_t nth);

/** Calls of the class since env_fault_nth() armed it; says whether a run reached its fault. */
uint64_t env_fault_count(enum env_fault_class fault_class);

/** Take all faults back and forget the counts. */
void env_fault_clear(void);

#endif /* SPDK_INTERNAL_ENV_FAULT_H */
