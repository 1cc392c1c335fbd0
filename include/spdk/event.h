/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The framework: a reactor a core that polls the threads, a program's options and command line,
 * start and stop. Reactors sleep when no thread can have work.
 */

#ifndef SPDK_EVENT_H
#define SPDK_EVENT_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/log.h"
#include "spdk/thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_APP_GETOPT_STRING "c:de:ghi:m:n:p:r:s:uvA:B:L:RW:"

struct spdk_app_opts;
struct spdk_cpuset;
struct spdk_event;
struct spdk_pci_addr;

/** What became of a command line; also the exit status to use. */
enum spdk_app_parse_args_rvals {
	SPDK_APP_PARSE_ARGS_HELP = 0,
	SPDK_APP_PARSE_ARGS_SUCCESS = 1,
	SPDK_APP_PARSE_ARGS_FAIL = 2,
};

/** Begins the end of a program; calls spdk_app_stop() in time. */
typedef void (*spdk_app_shutdown_cb)(void);

/** Options of a program. Strings are read until spdk_app_fini(); NULL: the default. */
struct spdk_app_opts {
	const char *name;
	const char *json_config_file;
	bool json_config_ignore_errors;
	uint8_t reserved17[7];
	const char *rpc_addr;
	const char *reactor_mask;
	const char *tpoint_group_mask;
	int shm_id;
	uint8_t reserved52[4];
	spdk_app_shutdown_cb shutdown_cb;
	bool enable_coredump;
	uint8_t reserved65[3];
	int mem_channel;
	int main_core;
	int mem_size;
	bool no_pci;
	bool hugepage_single_segments;
	bool unlink_hugepage;
	bool no_huge;
	uint8_t reserved84[4];
	const char *hugedir;
	enum spdk_log_level print_level;
	uint8_t reserved100[4];
	size_t num_pci_addr;
	struct spdk_pci_addr *pci_blocked;
	struct spdk_pci_addr *pci_allowed;
	const char *iova_mode;
	bool delay_subsystem_init;
	uint8_t reserved137[7];
	uint64_t num_entries;
	void *env_context;
	spdk_log_cb *log;
	uint64_t base_virtaddr;
	size_t opts_size;
	bool disable_signal_handlers;
	bool interrupt_mode;
	bool enforce_numa;
	uint8_t reserved187[1];
	uint32_t num_trace_threads;
	size_t msg_mempool_size;
	const char **rpc_allowlist;
	const char *vf_token;
	const char *lcore_map;
	enum spdk_log_level rpc_log_level;
	FILE *rpc_log_file;
	void *json_data;
	size_t json_data_size;
	bool disable_cpumask_locks;
} __attribute__((packed));
SPDK_STATIC_ASSERT(sizeof(struct spdk_app_opts) == 253, "the size is interface");

/** Runs on a core. */
typedef void (*spdk_event_fn)(void *arg1, void *arg2);

typedef void (*spdk_sighandler_t)(int signal);

typedef enum spdk_app_parse_args_rvals spdk_app_parse_args_rvals_t;

/** Fill \p opts with defaults. \param opts_size sizeof(*opts) of the caller, which may be smaller
 * or larger than ours. */
void spdk_app_opts_init(struct spdk_app_opts *opts, size_t opts_size);

/** Start the framework and block until it has stopped: environment, reactors on the cores asked
 * for, the app thread, the control socket, subsystems, configuration; then \p start_fn runs with \p
 * ctx on the app thread. May be called again after spdk_app_fini(). Main thread. \param opts_user
 * from spdk_app_opts_init(); what its pointers point to lives until spdk_app_fini(). \return the
 * argument of spdk_app_stop(); 1 when it could not start; a negative errno when a subsystem or the
 * configuration failed. */
int spdk_app_start(struct spdk_app_opts *opts_user, spdk_msg_fn start_fn, void *ctx);

/**
 * Make the trace file that \p opts names, and switch on what opts->tpoint_group_mask says.
 * spdk_app_start() does it. Main thread, after spdk_env_init(); spdk_trace_cleanup() closes the
 * file.
 * \return 0, also with opts->num_entries 0, -EINVAL for a group or tracepoint that is unknown, else
 * as spdk_trace_init().
 */
int spdk_app_setup_trace(struct spdk_app_opts *opts);

/** Give back all that spdk_app_start() took, whether it worked or not. Main thread, after it
 * returned. */
void spdk_app_fini(void);

/** Begin the end, as SIGINT does: the program's shutdown_cb runs on the app thread, or
 * spdk_app_stop(0) when it has none. Any thread; signal handlers too. */
void spdk_app_start_shutdown(void);

/** Stop: subsystems go down, threads exit, and spdk_app_start() returns \p rc. Any thread; the
 * first call counts. */
void spdk_app_stop(int rc);

/** The number given by -i, -1 without. Between start and fini. */
int spdk_app_get_shm_id(void);

/** Read a mask (hexadecimal, or a [list]) and leave in \p cpumask those of its cores that are this
 *  program's. After the start. \return 0, or a negative errno when it is no mask. */
int spdk_app_parse_core_mask(const char *mask, struct spdk_cpuset *cpumask);

/** The cores of this program. It belongs to the framework until spdk_app_fini(). App thread. */
const struct spdk_cpuset *spdk_app_get_core_mask(void);

/** Read the command line: the framework's options into \p opts, others through \p parse. Main
 * thread, before the start. \param getopt_str letters of the program's own options, as for
 * getopt(); NULL: none. \param app_long_opts its long options, ended by a zero row; NULL: none. One
 * that the framework has as well is an error. \param parse gets each option of its own; other than
 * 0: it was wrong. \param usage prints the program's part of the help; NULL: it has none. \return
 * SUCCESS; HELP when -h or -v was served: end with 0; FAIL: end with that number. */
spdk_app_parse_args_rvals_t
spdk_app_parse_args(int argc, char **argv, struct spdk_app_opts *opts, const char *getopt_str,
                    const struct option *app_long_opts, int (*parse)(int ch, char *arg),
                    void (*usage)(void));

/** Print the options of the framework on standard output. */
void spdk_app_usage(void);

/** Something to run once on a core: fn(arg1, arg2), outside of all threads. Any thread.
 *  \return NULL when out of memory or the core is not ours. spdk_event_call() takes it. */
struct spdk_event *spdk_event_allocate(uint32_t lcore, spdk_event_fn fn, void *arg1, void *arg2);

/** Have \p event run on its core, after those that the caller sent there before. Any POSIX thread;
 *  never blocks. The event is the framework's from now on. */
void spdk_event_call(struct spdk_event *event);

/** Log, or not, when the kernel takes a core away from its reactor (log flag "reactor"). Any
 * thread. */
void spdk_framework_enable_context_switch_monitor(bool enabled);

/** Whether that is on; it is at first. Any thread. */
bool spdk_framework_context_switch_monitor_enabled(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_EVENT_H */
