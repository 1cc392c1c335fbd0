/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The decisions of the sleep rule, apart from the memory they read, so that the schedule test runs
 * the same ones over all interleavings. See sleep.c.
 */

#ifndef LIB_THREAD_SLEEP_RULE_H
#define LIB_THREAD_SLEEP_RULE_H

#include "spdk_internal/thread.h"

/** S3: whether the sleeper goes on to wait. */
static inline bool
sleep_rule_may_wait(enum thread_rest rest)
{
	return rest != THREAD_REST_NONE;
}

/** G4: whether a giver that saw \p sleeping tries to take the duty to kick. */
static inline bool
sleep_rule_must_try(uint32_t sleeping)
{
	return sleeping != 0;
}

/** G4: whether a giver that put 0 in place of \p sleeping has the duty to kick. */
static inline bool
sleep_rule_must_kick(uint32_t sleeping)
{
	return sleeping != 0;
}

#endif /* LIB_THREAD_SLEEP_RULE_H */
