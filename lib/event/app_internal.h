/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the files of spdk_app_start() share.
 */

#ifndef LIB_EVENT_APP_INTERNAL_H
#define LIB_EVENT_APP_INTERNAL_H

#include "reactor_internal.h"

#include "spdk/cpuset.h"
#include "spdk/init.h"

enum app_state {
	APP_IDLE = 0,
	APP_BOOTING,
	APP_WAITING,
	APP_INIT,
	APP_RUNNING,
	APP_STOPPING,
};

/* Somebody who wants to know when the subsystems are up. */
struct ready_waiter {
	STAILQ_ENTRY(ready_waiter) link;
	void (*fn)(void *arg, int rc);
	void *arg;
};

/* The program. All fields belong to the app thread while the reactors run, and to the caller of
 * spdk_app_start() before and after. */
struct app {
	struct spdk_app_opts opts;
	enum app_state state;
	int rc;
	spdk_msg_fn start_fn;
	void *start_arg;
	void *config; /* from malloc; NULL: none */
	size_t config_bytes;
	const char *config_name;               /* for messages */
	spdk_subsystem_init_fn config_applied; /* NULL: none is being applied */
	struct spdk_cpuset *core_mask;
	STAILQ_HEAD(, ready_waiter) waiters;
	uint32_t rpc_state_before;
	bool started;
	bool env_up;
	bool log_open;
	bool rpc_up;
	bool subsystems_begun;
	bool shutdown_begun;
};

extern struct app g_app; /* app.c */

/* signals.c */
int app_signals_set(void);
void app_signals_restore(void);
bool app_signal_self(int signo);

/* app.c: asserts that the step is legal. */
void app_set_state(enum app_state state);

/* app_stop.c */
/* Tell those who wait for the subsystems, with 0 or why they do not come up. App thread. */
void app_tell_waiters(int rc);
/* Subsystems and reactors end, once no change is on its way to the state file. App thread. */
void app_take_down(void);
/* Async-signal-safe: begin the shutdown, as spdk_app_start_shutdown(). */
void app_shutdown_from_signal(void);

/* app_boot.c */
/* The first message to the app thread. */
void app_boot_msg(void *arg);
/* Run fn once the subsystems are up; at once if they are. On the app thread. -ENOMEM, -EDEADLK: it
 * never will. rc of fn: 0, or why they did not come up. */
int app_when_ready(void (*fn)(void *arg, int rc), void *arg);
/* framework_start_init: begin what --wait-for-rpc held back. -EALREADY when it was begun. */
int app_begin_init(void);

/* app_trace.c: the trace file; 0 also when there can be none and nobody asked for it. */
int app_trace_start(struct spdk_app_opts *opts);

/* app_thread.c. The app thread; it stays until app_thread_put(). NULL: no program runs, and nothing
 * is put. Any thread, async-signal-safe. */
struct spdk_thread *app_thread_get(void);
void app_thread_put(void);
/* Main thread: from here on it can be had; from here on not any more. Closing waits for those who
 * have it; closing twice is harmless. */
void app_thread_open(struct spdk_thread *thread);
void app_thread_close(void);

/* app_opts.c: what lies beyond the size of src gets its default. */
void app_opts_copy(struct spdk_app_opts *dst, const struct spdk_app_opts *src);

/* app_config.c: the configuration that \p opts name, from malloc(); NULL when they name none. \p
 * name is for messages. 0 or a negative errno, logged. Blocks. */
int
app_config_load(const struct spdk_app_opts *opts, void **config, size_t *bytes, const char **name);

/* app_options.c */
struct app_option {
	const char *name;
	int value;       /* letter or OPT_* */
	const char *arg; /* what stands for it in the usage; NULL: none */
	const char *help;
	int (*apply)(struct spdk_app_opts *opts, const char *arg);
};

extern const struct app_option g_app_options[]; /* by name */
extern const size_t g_num_app_options;
void app_options_free(void);
/* What --state named; NULL: nothing. */
const char *app_options_state_file(void);

/* app_args.c */
/* Memory that options point to; at the end of the program's run. */
void app_args_free(void);

#endif /* LIB_EVENT_APP_INTERNAL_H */
