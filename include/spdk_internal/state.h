/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The state file (`--state FILE`): a journal of the RPCs that change the configuration. Each is
 * durable before its answer, and all of them run again at the next start. doc/state.md has the
 * format and the rules.
 */

#ifndef SPDK_INTERNAL_STATE_H
#define SPDK_INTERNAL_STATE_H

#include "spdk/init.h"

/**
 * Lock and read the file; a torn last line is cut off. Before the reactors run: it blocks.
 * \return 0; -EBUSY when another process has it, -EINVAL for what it holds, or another negative
 * errno. The log has file, line, reason and remedy.
 */
int state_open(const char *path);

/** Whether there is a state file at all. App thread, or before it. */
bool state_is_open(void);

/** Whether the file was not there, or was empty: the configuration comes from elsewhere. */
bool state_is_fresh(void);

/**
 * Run the changes of the file that belong to the present state, STARTUP or RUNTIME, in their order.
 * App thread.
 * \param cb_fn runs once, later: 0; -ENOENT for a method that does not exist, -EINVAL for one that
 * failed, -ECANCELED, -ENOMEM. The log has file, line and reason.
 * \param stop_on_error end at the first that fails; else log it and go on. The file is then not
 * rewritten any more, so that it keeps what failed.
 */
void state_replay(spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error);

/** Let a replay end behind the change that runs now, with -ECANCELED. App thread. */
void state_replay_cancel(void);

/**
 * Record changes from now on. App thread.
 * \param with_config a fresh file begins with the present configuration, which came from elsewhere;
 * else with nothing: defaults stay defaults.
 * \param cb_fn runs once, perhaps before this returns: 0, or why the file can't be written
 * (logged).
 */
void state_begin(bool with_config, spdk_subsystem_init_fn cb_fn, void *cb_arg);

/**
 * Record no more: changes that wait are refused, one that runs goes unrecorded and is answered with
 * an error. App thread. \p cb_fn runs once, when the file is at rest.
 */
void state_end(spdk_subsystem_fini_fn cb_fn, void *cb_arg);

/** Close and unlock the file; nothing when there is none. After the reactors. */
void state_close(void);

#endif /* SPDK_INTERNAL_STATE_H */
