/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Scheduling, between the files of lib/event.
 */

#ifndef LIB_EVENT_BALANCE_H
#define LIB_EVENT_BALANCE_H

#include "reactor_internal.h"

#include "spdk/cpuset.h"
#include "spdk/scheduler.h"

/* scheduler.c */
void scheduler_lock(void);
void scheduler_unlock(void);
/* False (logged): a core of the mask is not ours. App thread. */
bool scheduler_set_isolated(const struct spdk_cpuset *mask);
const struct spdk_cpuset *scheduler_get_isolated(void);
bool scheduler_is_isolated(uint32_t lcore);
/* All as before the start. The reactors have ended. */
void scheduler_fini(void);

/* governor.c */
void governor_fini(void);

/* balance.c */
/* Plan the next round anew: a period from now, or never. Any thread of ours. */
void balance_plan(void);
/* When \p reactor begins a round; UINT64_MAX: never, or another does. */
uint64_t balance_deadline(const struct reactor *reactor);
/* On \p reactor, now and then while it is awake: begin a round that is due, note that it can't keep
 * up. */
void balance_check(struct reactor *reactor);
void balance_fini(void);

#endif /* LIB_EVENT_BALANCE_H */
