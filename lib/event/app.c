/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_app_start(): from options to a running program and back.
 *
 * States: IDLE -> BOOTING (environment, reactors, app thread) -> WAITING (with --wait-for-rpc,
 * until framework_start_init) -> INIT (subsystems, configuration) -> RUNNING -> STOPPING -> IDLE.
 * All fields belong to the app thread while the reactors run, and to the caller of spdk_app_start()
 * before and after. What fails on the way stops the program as a request to stop does: subsystems
 * that are up are taken down, then all threads exit, then the reactors end. */

#include "app_internal.h"

#include "spdk/cpuset.h"
#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/string.h"
#include "spdk/trace.h"
#include "spdk/util.h"
#include "spdk_internal/state.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

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

static struct {
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
} g_app SYSTEM_STATE = { .waiters = STAILQ_HEAD_INITIALIZER(g_app.waiters) };

static void
app_set_state(enum app_state state)
{
	static const uint32_t legal_from[] = {
		[APP_IDLE] = SPDK_BIT(APP_BOOTING) | SPDK_BIT(APP_STOPPING),
		[APP_BOOTING] = SPDK_BIT(APP_IDLE),
		[APP_WAITING] = SPDK_BIT(APP_BOOTING),
		[APP_INIT] = SPDK_BIT(APP_BOOTING) | SPDK_BIT(APP_WAITING),
		[APP_RUNNING] = SPDK_BIT(APP_INIT),
		[APP_STOPPING] = SPDK_BIT(APP_BOOTING) | SPDK_BIT(APP_WAITING) |
		                 SPDK_BIT(APP_INIT) | SPDK_BIT(APP_RUNNING),
	};

	assert((legal_from[state] & SPDK_BIT(g_app.state)) != 0);
	g_app.state = state;
}

/* ---- Stop ---- */

static void
app_tell_waiters(int rc)
{
	struct ready_waiter *waiter;

	while ((waiter = STAILQ_FIRST(&g_app.waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&g_app.waiters, link);
		waiter->fn(waiter->arg, rc);
		free(waiter);
	}
}

static void
app_subsystems_gone(void *arg)
{
	reactors_stop();
}

/* No change is on its way to the state file any more. */
static void
app_state_at_rest(void *arg)
{
	if (g_app.subsystems_begun) {
		spdk_subsystem_fini(app_subsystems_gone, NULL);
	} else {
		app_subsystems_gone(NULL);
	}
}

static void
app_take_down(void)
{
	state_end(app_state_at_rest, NULL);
}

static void
app_stop_msg(void *arg)
{
	int rc = (int)(intptr_t)arg;

	if (g_app.state == APP_STOPPING) {
		SPDK_NOTICELOG("The program is stopping already\n");
		return;
	}
	app_set_state(APP_STOPPING);
	g_app.rc = rc;
	app_tell_waiters(rc != 0 ? rc : -ECANCELED);
	if (g_app.rpc_up) {
		spdk_rpc_finish();
		g_app.rpc_up = false;
	}
	if (g_app.config_applied != NULL) {
		/* The entry that runs now works on subsystems: they go down when it has ended. */
		subsystem_load_config_cancel();
		state_replay_cancel();
	} else {
		app_take_down();
	}
}

void
spdk_app_stop(int rc)
{
	struct spdk_thread *thread;

	if (rc != 0) {
		SPDK_WARNLOG("The program stops with status %d\n", rc);
	}
	thread = app_thread_get();
	if (thread == NULL) {
		SPDK_ERRLOG("There is no running program to stop\n");
		return;
	}
	spdk_thread_send_msg(thread, app_stop_msg, (void *)(intptr_t)rc);
	app_thread_put();
}

static void
app_shutdown_msg(void *arg)
{
	spdk_app_shutdown_cb shutdown_cb = g_app.opts.shutdown_cb;

	if (shutdown_cb != NULL && g_app.state == APP_RUNNING) {
		/* Once; a program that is asked again while it winds up is not disturbed. */
		g_app.opts.shutdown_cb = NULL;
		g_app.shutdown_begun = true;
		shutdown_cb();
	} else if (g_app.state != APP_STOPPING && !g_app.shutdown_begun) {
		spdk_app_stop(0);
	}
}

void
spdk_app_start_shutdown(void)
{
	app_shutdown_from_signal();
}

void
app_shutdown_from_signal(void)
{
	struct spdk_thread *thread = app_thread_get();

	if (thread != NULL) {
		spdk_thread_send_critical_msg(thread, app_shutdown_msg);
		app_thread_put();
	}
}

/* ---- Start, on the app thread ---- */

int
app_when_ready(void (*fn)(void *arg, int rc), void *arg)
{
	struct ready_waiter *waiter;

	if (g_app.state == APP_RUNNING) {
		fn(arg, 0);
		return 0;
	}
	if (g_app.config_applied != NULL) {
		/* The control socket is closed or paused: it is an entry of the configuration,
		 * which would wait for its own end. */
		return -EDEADLK;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL) {
		return -ENOMEM;
	}
	waiter->fn = fn;
	waiter->arg = arg;
	STAILQ_INSERT_TAIL(&g_app.waiters, waiter, link);
	return 0;
}

/* Everything is up, or why not. */
static void
app_init_done(int rc, void *arg)
{
	free(g_app.config);
	g_app.config = NULL;
	if (g_app.state != APP_INIT) {
		return; /* asked to stop meanwhile */
	}
	if (rc != 0) {
		app_tell_waiters(rc);
		spdk_app_stop(rc);
		return;
	}
	app_set_state(APP_RUNNING);
	if (g_app.rpc_up) {
		spdk_rpc_server_resume(g_app.opts.rpc_addr);
	}
	g_app.start_fn(g_app.start_arg);
	app_tell_waiters(0);
}

static void
app_config_applied(int rc, void *arg)
{
	spdk_subsystem_init_fn cb_fn = g_app.config_applied;

	g_app.config_applied = NULL;
	if (g_app.state == APP_STOPPING) {
		app_take_down();
	} else {
		cb_fn(rc, NULL);
	}
}

/* Entries of the configuration that may be applied in the present state, and only there. */
static void
app_apply_config(spdk_subsystem_init_fn cb_fn)
{
	if (state_is_open() && !state_is_fresh()) {
		g_app.config_applied = cb_fn;
		state_replay(app_config_applied, NULL, !g_app.opts.json_config_ignore_errors);
		return;
	}
	if (g_app.config == NULL) {
		cb_fn(0, NULL);
		return;
	}
	g_app.config_applied = cb_fn;
	subsystem_load_config(g_app.config_name, g_app.config, g_app.config_bytes,
	                      app_config_applied, NULL, !g_app.opts.json_config_ignore_errors);
}

/* From here on changes are recorded; with --wait-for-rpc they are since the control socket came. */
static void
app_all_applied(int rc, void *arg)
{
	if (rc == 0 && state_is_open() && !g_app.opts.delay_subsystem_init &&
	    g_app.state == APP_INIT) {
		state_begin(g_app.config != NULL, app_init_done, NULL);
	} else {
		app_init_done(rc, NULL);
	}
}

static void
app_subsystems_up(int rc, void *arg)
{
	if (rc != 0 || g_app.state != APP_INIT) {
		app_init_done(rc, NULL);
		return;
	}
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	app_apply_config(app_all_applied);
}

int
app_begin_init(void)
{
	if (g_app.state != APP_WAITING && g_app.state != APP_BOOTING) {
		return -EALREADY;
	}
	app_set_state(APP_INIT);
	g_app.subsystems_begun = true;
	spdk_subsystem_init(app_subsystems_up, NULL);
	return 0;
}

static int
app_start_rpc_server(void)
{
	struct spdk_rpc_opts opts = {
		.size = sizeof(opts),
		.log_file = g_app.opts.rpc_log_file,
		.log_level = g_app.opts.rpc_log_level,
	};
	int rc;

	if (g_app.opts.rpc_addr == NULL) {
		return 0;
	}
	rc = spdk_rpc_initialize(g_app.opts.rpc_addr, &opts);
	g_app.rpc_up = rc == 0;
	return rc;
}

/* What the configuration says for the time before the subsystems has been applied. The control
 * socket comes only now: a configuration with a syntax error or an unknown method has none. */
static void
app_ready_for_rpc(int rc, void *arg)
{
	if (g_app.state != APP_BOOTING) {
		return; /* asked to stop meanwhile */
	}
	if (rc == 0) {
		rc = app_start_rpc_server();
	}
	if (rc != 0) {
		spdk_app_stop(rc);
		return;
	}
	if (g_app.opts.delay_subsystem_init) {
		app_set_state(APP_WAITING);
		return;
	}
	if (g_app.rpc_up) {
		/* Requests wait until the configuration is applied: any answer means "ready". */
		spdk_rpc_server_pause(g_app.opts.rpc_addr);
	}
	app_begin_init();
}

static void
app_early_config_done(int rc, void *arg)
{
	if (rc == 0 && state_is_open() && g_app.opts.delay_subsystem_init) {
		state_begin(false, app_ready_for_rpc, NULL);
	} else {
		app_ready_for_rpc(rc, NULL);
	}
}

static void
app_boot_msg(void *arg)
{
	if (g_app.state != APP_BOOTING) {
		return; /* asked to stop before it began */
	}
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	spdk_rpc_set_allowlist(g_app.opts.rpc_allowlist);
	app_apply_config(app_early_config_done);
}

/* ---- Start, before the reactors run ---- */

static int
app_start_env(void)
{
	const struct spdk_app_opts *opts = &g_app.opts;
	struct spdk_env_opts env = { .opts_size = sizeof(env) };
	int rc;

	spdk_env_opts_init(&env);
	env.name = opts->name;
	env.core_mask = opts->reactor_mask;
	env.lcore_map = opts->lcore_map;
	env.shm_id = opts->shm_id;
	env.mem_channel = opts->mem_channel;
	env.main_core = opts->main_core;
	env.mem_size = opts->mem_size;
	env.no_pci = opts->no_pci;
	env.hugepage_single_segments = opts->hugepage_single_segments;
	env.unlink_hugepage = opts->unlink_hugepage;
	env.no_huge = opts->no_huge;
	env.hugedir = opts->hugedir;
	env.num_pci_addr = opts->num_pci_addr;
	env.pci_blocked = opts->pci_blocked;
	env.pci_allowed = opts->pci_allowed;
	env.iova_mode = opts->iova_mode;
	env.base_virtaddr = opts->base_virtaddr;
	env.env_context = opts->env_context;
	env.vf_token = opts->vf_token;
	env.enforce_numa = opts->enforce_numa;
	rc = spdk_env_init(&env);
	g_app.env_up = rc == 0;
	return rc;
}

/* What was recorded before comes before what a file says. */
static int
app_open_state(void)
{
	const char *path = app_options_state_file();
	int rc;

	if (path == NULL) {
		return 0;
	}
	rc = state_open(path);
	if (rc == 0 && !state_is_fresh() && g_app.config != NULL) {
		SPDK_WARNLOG("%s is not applied: the configuration is that of the state file %s. "
		             "It is for the first start, while there is no state file\n",
		             g_app.config_name, path);
		free(g_app.config);
		g_app.config = NULL;
	}
	return rc;
}

static int
app_start_cores(void)
{
	const struct spdk_app_opts *opts = &g_app.opts;
	bool named = opts->reactor_mask != NULL || opts->lcore_map != NULL;
	int rc;

	if (named && !opts->disable_cpumask_locks) {
		rc = app_claim_cores();
		if (rc != 0) {
			return rc;
		}
	}
	rc = reactors_init(opts->msg_mempool_size);
	if (rc != 0) {
		return rc;
	}
	if (opts->interrupt_mode) {
		rc = spdk_interrupt_mode_enable();
	}
	return rc == 0 ? reactors_launch() : rc;
}

static int
app_make_thread(void)
{
	struct spdk_thread *thread;
	struct spdk_cpuset mask;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, spdk_env_get_main_core(), true);
	thread = spdk_thread_create("app_thread", &mask);
	if (thread == NULL) {
		return -ENOMEM;
	}
	app_thread_open(thread);
	return spdk_thread_send_msg(thread, app_boot_msg, NULL);
}

static int
app_check_opts(const struct spdk_app_opts *opts)
{
	if (opts->name == NULL) {
		SPDK_ERRLOG("The program's options lack its name\n");
		return -EINVAL;
	}
	if (opts->reactor_mask != NULL && opts->lcore_map != NULL) {
		SPDK_ERRLOG("Cores are named either by a mask (-m) or by --lcores\n");
		return -EINVAL;
	}
	if (opts->delay_subsystem_init &&
	    (opts->json_config_file != NULL || opts->json_data != NULL)) {
		SPDK_ERRLOG("--wait-for-rpc and a configuration file exclude each other: with it, "
		            "send the configuration by RPC\n");
		return -EINVAL;
	}
	return 0;
}

static void
app_open_log(const struct spdk_app_opts *opts)
{
	spdk_log_set_print_level(opts->print_level);
	spdk_log_open(opts->log);
	g_app.log_open = true;
}

/* All that can fail before the reactors run; spdk_app_fini() undoes it. */
static int
app_prepare(void)
{
	int rc;

	rc = app_check_opts(&g_app.opts);
	if (rc != 0) {
		return rc;
	}
	app_open_log(&g_app.opts);
	if (g_app.opts.enable_coredump) {
		env_allow_core_dump();
	}
	rc = app_config_load(&g_app.opts, &g_app.config, &g_app.config_bytes, &g_app.config_name);
	if (rc != 0) {
		return rc;
	}
	rc = app_start_env();
	if (rc == 0) {
		rc = app_open_state();
	}
	if (rc != 0) {
		return rc;
	}
	rc = app_trace_start(&g_app.opts);
	if (rc != 0) {
		return rc;
	}
	rc = app_start_cores();
	if (rc != 0) {
		return rc;
	}
	rc = app_make_thread();
	if (rc == 0 && !g_app.opts.disable_signal_handlers) {
		rc = app_signals_set();
	}
	return rc;
}

int
spdk_app_start(struct spdk_app_opts *opts_user, spdk_msg_fn start_fn, void *ctx)
{
	int rc;

	if (opts_user == NULL || start_fn == NULL || opts_user->opts_size == 0) {
		SPDK_ERRLOG("spdk_app_start() needs options set up by spdk_app_opts_init(), and a "
		            "function to start\n");
		return 1;
	}
	if (g_app.state != APP_IDLE || g_app.env_up) {
		SPDK_ERRLOG("A program that was started is ended by spdk_app_fini() before it is "
		            "started again\n");
		return 1;
	}
	app_opts_copy(&g_app.opts, opts_user);
	g_app.started = true;
	g_app.rpc_state_before = spdk_rpc_get_state();
	g_app.start_fn = start_fn;
	g_app.start_arg = ctx;
	app_set_state(APP_BOOTING);
	rc = app_prepare();
	if (rc != 0) {
		app_set_state(APP_IDLE);
		free(g_app.config);
		g_app.config = NULL;
		return 1;
	}
	SPDK_NOTICELOG("%s: %u core(s), main core %u\n", g_app.opts.name, spdk_env_get_core_count(),
	               spdk_env_get_main_core());
	reactors_run();
	app_signals_restore();
	app_thread_close();
	app_set_state(APP_IDLE);
	return g_app.rc;
}

void
spdk_app_fini(void)
{
	struct spdk_cpuset *core_mask = g_app.core_mask;

	app_signals_restore();
	app_thread_close();
	reactors_fini();
	app_release_cores();
	spdk_trace_cleanup();
	spdk_rpc_set_allowlist(NULL);
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	state_close();
	if (g_app.env_up) {
		spdk_env_fini();
	}
	if (g_app.log_open) {
		spdk_log_close();
	}
	if (g_app.started) {
		spdk_rpc_set_state(g_app.rpc_state_before);
		spdk_rpc_set_allowlist(NULL);
	}
	app_args_free();
	free(g_app.config);
	free(core_mask);
	memset(&g_app, 0, sizeof(g_app));
	STAILQ_INIT(&g_app.waiters);
}

/* ---- Questions ---- */

int
spdk_app_get_shm_id(void)
{
	return g_app.opts.shm_id;
}

const struct spdk_cpuset *
spdk_app_get_core_mask(void)
{
	if (g_app.core_mask == NULL) {
		g_app.core_mask = spdk_cpuset_alloc();
		if (g_app.core_mask == NULL) {
			return NULL;
		}
	}
	spdk_env_get_cpuset(g_app.core_mask);
	return g_app.core_mask;
}

int
spdk_app_parse_core_mask(const char *mask, struct spdk_cpuset *cpumask)
{
	int rc;

	rc = spdk_cpuset_parse(cpumask, mask);
	if (rc < 0) {
		return rc;
	}
	spdk_cpuset_and(cpumask, spdk_app_get_core_mask());
	return 0;
}
