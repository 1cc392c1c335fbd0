/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the files of the simulated machine.
 */

#ifndef LIB_ENV_SIM_H
#define LIB_ENV_SIM_H

#include "../common/machine.h"

#include "spdk_internal/env_sim.h"

/** Simulated descriptors begin here, far above those of the machine. */
#define SIM_FD_BASE (1 << 24)

enum sim_fd_kind {
	SIM_FD_PLAIN, /* ready as env_sim_fd_set_ready() says */
	SIM_FD_EVENT,
	SIM_FD_WAITER,
	SIM_FD_TIMER,
	SIM_FD_LISTEN,
	SIM_FD_STREAM,
	SIM_FD_FILE,
};

/** What is behind a simulated descriptor. */
struct sim_fd {
	TAILQ_ENTRY(sim_fd) link;
	int fd;
	enum sim_fd_kind kind;
	uint32_t ready;          /* EPOLLIN ... */
	uint64_t edges;          /* times that a bit of `ready` was set, for EPOLLET */
	void *obj;               /* of the kind */
	uint64_t deadline_ticks; /* SIM_FD_TIMER; UINT64_MAX: none */
};

/** NULL when out of memory. */
struct sim_fd *sim_fd_new(enum sim_fd_kind kind, void *obj);
/** NULL when \p fd is no simulated descriptor that is open. */
struct sim_fd *sim_fd_find(int fd);
void sim_fd_delete(struct sim_fd *f);
void sim_fd_set(struct sim_fd *f, uint32_t ready);
/** Which events \p fd is ready for; the machine's descriptors are asked too. -EBADF. */
int sim_fd_ready(int fd, uint32_t *ready);
/** Whether a wait on \p waiter would return at once. */
bool sim_waiter_ready(struct env_waiter *waiter);

void sim_fd_fini(void);
void sim_work_fini(void);
void sim_stream_fini(void);
void sim_thread_fini(void);
void sim_file_fini(void);
void sim_clock_init(void);
void sim_clock_fini(void);
void sim_rand_init(void);
void sim_rand_fini(void);
/** Nothing was ready until \p deadline_ticks: what a wait does then. True when it may look again.
 */
bool sim_wait_idle(uint64_t deadline_ticks);

#endif /* LIB_ENV_SIM_H */
